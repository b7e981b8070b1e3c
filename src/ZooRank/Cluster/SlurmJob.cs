using System.Globalization;
using System.Text;

namespace ZooRank.Cluster;

/// <summary>
/// A Slurm job array whose tasks all run one command. Which task does what is not decided here: the command itself claims work in a folder that all tasks see, ends with
/// code 0 when none is left, and with 130 or 143 when SIGTERM made it save its work and end before.
/// </summary>
/// <remarks>
/// A null option is left to Slurm: the user's <c>SBATCH_…</c> variables, then the cluster's defaults. Values are Slurm's own (<see href="https://slurm.schedmd.com/sbatch.html"/>).
/// </remarks>
public sealed record SlurmJob
{
    /// <summary>The program and its arguments, word by word.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Where the command is started.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Variables set for the command, whatever the cluster does with the environment of the submission.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The command's option for the number of threads, where it is to use as many as the task has processors.</summary>
    public string? ThreadsOption { get; init; }

    /// <summary>Tasks in the array.</summary>
    public int Tasks { get; init; } = 1;

    /// <summary>At most so many tasks at once.</summary>
    public int? Concurrent { get; init; }

    public string? Partition { get; init; }

    public string? Account { get; init; }

    /// <summary>Generic resources of a task, as "gpu:1".</summary>
    public string? Gres { get; init; }

    /// <summary>Of a task, as "12:00:00". A task that reaches it queues again.</summary>
    public string? TimeLimit { get; init; }

    /// <summary>Memory of a task, as "16G".</summary>
    public string? Memory { get; init; }

    /// <summary>Processors of a task.</summary>
    public int? Cpus { get; init; }

    public string? Qos { get; init; }

    public string? Constraint { get; init; }

    /// <summary>Further options of sbatch, one each, as "--mail-type=END". They overrule those above.</summary>
    public IReadOnlyList<string> Further { get; init; } = [];

    /// <summary>How long before the time limit a task is told to save its work and end. Slurm may tell it up to a minute earlier.</summary>
    public TimeSpan Notice { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>
    /// The options for sbatch, one a word. They are given on its command line and not in the script, because there an <c>SBATCH_…</c> variable would overrule them.
    /// </summary>
    /// <param name="logs">An existing folder that the compute nodes see, for <c>JOB_TASK.log</c>.</param>
    /// <exception cref="InvalidInputException">Slurm cannot write into a folder of that name.</exception>
    public IReadOnlyList<string> Options(string logs)
    {
        // A backslash turns off what % means, wherever it stands.
        if (logs.Contains('\\')) throw new InvalidInputException($"{logs}: Slurm cannot write its logs into a folder with a backslash in its name. Choose another folder.");
        return
        [
            "--job-name=zoorank",
            string.Create(CultureInfo.InvariantCulture, $"--array=0-{Tasks - 1}{(Concurrent is { } n ? $"%{n}" : "")}"),
            $"--output={logs.Replace("%", "%%", StringComparison.Ordinal)}/%A_%a.log",
            "--open-mode=append",
            "--requeue",
            string.Create(CultureInfo.InvariantCulture, $"--signal=B:USR1@{(int)Notice.TotalSeconds}"),
            "--export=ALL",
            .. new[]
            {
                ("partition", Partition), ("account", Account), ("gres", Gres), ("time", TimeLimit), ("mem", Memory),
                ("cpus-per-task", Cpus?.ToString(CultureInfo.InvariantCulture)), ("qos", Qos), ("constraint", Constraint),
            }.Where(o => o.Item2 is not null).Select(o => $"--{o.Item1}={o.Item2}"),
            .. Further,
        ];
    }

    /// <summary>The batch script, which every task of the array runs.</summary>
    public string Script()
    {
        var script = new StringBuilder("#!/bin/bash\n# One task of a job array. All tasks run the same command, which shares the work out through the folder that it writes into.\n\n");
        foreach (var (name, value) in Environment.OrderBy(v => v.Key, StringComparer.Ordinal)) script.Append(CultureInfo.InvariantCulture, $"export {name}={Quoted(value)}\n");
        script.Append(CultureInfo.InvariantCulture, $$"""
            cd -- {{Quoted(WorkingDirectory)}} || exit 2

            # USR1: the time limit is near. TERM: the task was preempted, requeued or cancelled. Either way the command saves its work and ends.
            task= signalled= time_is_up=
            trap 'signalled=1 time_is_up=1; kill -TERM $task 2>/dev/null' USR1
            trap 'signalled=1; kill -TERM $task 2>/dev/null' TERM

            {{string.Join(' ', Command.Select(Quoted))}}{{(ThreadsOption is null ? "" : $" {ThreadsOption} \"$SLURM_CPUS_ON_NODE\"")}} &
            task=$!
            [ -z "$signalled" ] || kill -TERM $task 2>/dev/null
            # Where a signal broke 'wait' off, its code is not the command's.
            while signalled=; wait $task; code=$?; [ -n "$signalled" ]; do :; done

            # Stopped by the time limit with work left: queue again. Not so where the limit leaves hardly any time to work in, since that would go on for ever.
            if [ -n "$time_is_up" ] && { [ $code = 130 ] || [ $code = 143 ]; }; then
                if [ $SECONDS -ge {{(int)Notice.TotalSeconds}} ]; then
                    trap '' TERM
                    echo "zoorank: the time limit is near; the task queues again." >&2
                    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
                else
                    echo "zoorank: stopped after $SECONDS seconds by the time limit, which is too short to be worth another start: submit again with a longer one (--time)." >&2
                fi
            fi
            exit $code

            """);
        return script.ToString();
    }

    /// <summary>One word for the shell, whatever is in it.</summary>
    internal static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
