using System.Globalization;
using ZooRank.Cluster;

namespace ZooRank.Cli.Display;

/// <summary>Job arrays in words.</summary>
internal static class SlurmText
{
    /// <summary>What was submitted, and how to follow and to end it.</summary>
    public static string Submitted(SlurmSubmission submission, string folder, int runs)
    {
        var logs = Path.Combine(folder, "slurm", submission.Logs);
        return string.Create(CultureInfo.InvariantCulture, $"Slurm job {submission.Job}: {Count(submission.Tasks, "task")} for {Count(runs, "run")}. squeue --job {submission.Job} follows it, scancel {submission.Job} ends it; logs: {logs}");
    }

    /// <summary>The state of each job array submitted for a folder, the newest first, one a line; none where nothing was submitted. Those that ended are left out but for the newest.</summary>
    public static IEnumerable<string> States(string folder)
    {
        foreach (var (submission, age) in Slurm.Submissions(folder).Reverse().Select((s, i) => (s, i)))
        {
            string state;
            try
            {
                var tasks = Slurm.Tasks(submission);
                if (age > 0 && tasks.All(t => t.HasEnded)) continue;
                state = State(submission, tasks);
            }
            catch (InvalidInputException e)
            {
                state = $"its state is not known here ({e.Message})";
            }
            yield return string.Create(CultureInfo.InvariantCulture, $"Slurm job {submission.Job} of {submission.Submitted:yyyy-MM-dd HH:mm} UTC: {state}");
            if (age == 0) yield return $"  logs: {Path.Combine(folder, "slurm", submission.Logs)}";
        }
    }

    /// <summary>How many tasks are in which state.</summary>
    internal static string State(SlurmSubmission submission, IReadOnlyList<SlurmTask> tasks)
    {
        if (tasks.Count == 0) return "over, and no longer known to Slurm.";
        var states = tasks.GroupBy(t => (t.HasEnded, t.State, Reason: t.HasEnded ? null : t.Reason)).OrderBy(g => g.Key.HasEnded).ThenByDescending(g => g.Count()).ThenBy(g => g.Key.State, StringComparer.Ordinal)
            .Select(g => $"{g.Count()} {g.Key.State.ToLowerInvariant().Replace('_', ' ')}{(g.Key.Reason is { } why ? $" ({why})" : "")}").ToList();
        if (submission.Tasks > tasks.Count) states.Add($"{submission.Tasks - tasks.Count} over and no longer known to Slurm");
        return $"{Count(submission.Tasks, "task")}, {string.Join(", ", states)}.";
    }

    private static string Count(int n, string what) => string.Create(CultureInfo.InvariantCulture, $"{n} {what}{(n == 1 ? "" : "s")}");
}
