using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ZooRank.Files;

namespace ZooRank.Cluster;

/// <summary>Slurm, by its own commands: a job array is submitted, followed and cancelled. Needs no accounting database.</summary>
public static partial class Slurm
{
    // What commands and jobs need to reach the cluster. All other SLURM_… are those of a job that the submission is made from, and none of the new job's affair.
    private static readonly HashSet<string> Connection = ["SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT"];

    /// <summary>Finds out, before long preparations, whether there is a Slurm to submit to.</summary>
    /// <exception cref="InvalidInputException">There is none on this machine.</exception>
    public static void Require() => Ask("sbatch", ["--version"]);

    /// <summary>Submits a job array, of no more tasks than the cluster allows, and keeps a note of it and its script in the folder, below <c>slurm/</c>.</summary>
    /// <param name="job">What to run.</param>
    /// <param name="folder">What the tasks share; the compute nodes have to see it under the same name.</param>
    /// <exception cref="InvalidInputException">Slurm is not here, or refuses the job: in its words.</exception>
    public static SlurmSubmission Submit(SlurmJob job, string folder)
    {
        var notes = Notes(Path.GetFullPath(folder));
        job = job with { Tasks = Math.Min(job.Tasks, MaxArraySize()) };
        var (options, script) = (job.Options(notes), job.Script());
        Directory.CreateDirectory(notes);
        // "--parsable: Outputs only the job id number and the cluster name if present. The values are separated by a semicolon."
        var answer = Ask("sbatch", ["--parsable", .. options], script).TrimEnd().Split('\n')[^1].Split(';');
        if (!answer[0].All(char.IsAsciiDigit) || answer[0] is "") throw new InvalidInputException($"sbatch answered \"{answer[0]}\", which is no job number. Look with squeue whether a job called zoorank was submitted.");
        var submission = new SlurmSubmission
        {
            Job = answer[0],
            Cluster = answer.Length > 1 ? answer[1] : null,
            Submitted = DateTimeOffset.UtcNow,
            Tasks = job.Tasks,
            Script = answer[0] + ".sh",
            Logs = answer[0] + "_*.log",
            Options = options,
            Command = job.Command,
        };
        AtomicFile.WriteText(Path.Combine(notes, submission.Script), script);
        AtomicFile.WriteText(Path.Combine(notes, submission.Job + ".json"), JsonSerializer.Serialize(submission, ClusterJson.Default.SlurmSubmission) + "\n");
        return submission;
    }

    /// <summary>All that was submitted for this folder, the oldest first.</summary>
    public static IReadOnlyList<SlurmSubmission> Submissions(string folder) =>
        Directory.Exists(Notes(folder)) ? [.. Directory.EnumerateFiles(Notes(folder), "*.json").Select(ReadNote).OrderBy(s => s.Submitted)] : [];

    /// <summary>The tasks of an array, as far as Slurm still knows of them: without an accounting database it forgets a task some minutes after its end.</summary>
    /// <exception cref="InvalidInputException">Slurm is not here, or does not answer.</exception>
    public static IReadOnlyList<SlurmTask> Tasks(SlurmSubmission submission)
    {
        var (code, output, error) = Run("squeue", [.. Cluster(submission), $"--jobs={submission.Job}", "--states=all", "--array", "--noheader", "--format=%K|%T|%r|%N"]);
        if (code != 0 && !error.Contains("Invalid job id", StringComparison.Ordinal)) throw Refused("squeue", output, error);
        var tasks = TasksOfQueue(output).ToDictionary(t => t.Task);
        if (tasks.Count < submission.Tasks)
        {
            // A failure here means that there is no accounting, and that is no error.
            (_, output, _) = Run("sacct", [.. Cluster(submission), $"--jobs={submission.Job}", "--allocations", "--noheader", "--parsable2", "--format=JobID,State,NodeList"]);
            foreach (var task in TasksOfAccounting(output)) tasks.TryAdd(task.Task, task);
        }
        return [.. tasks.Values.OrderBy(t => t.Task)];
    }

    /// <summary>Ends all tasks of an array that have not ended. Those at work save what they have and give it back.</summary>
    /// <exception cref="InvalidInputException">Slurm is not here, or refuses.</exception>
    public static void Cancel(SlurmSubmission submission) => Ask("scancel", [.. Cluster(submission), submission.Job]);

    // Lines of squeue's %K|%T|%r|%N: 3|PENDING|Resources| and 1|RUNNING|None|node7. On several clusters it heads each with its name.
    internal static IEnumerable<SlurmTask> TasksOfQueue(string output) =>
        from line in output.Split('\n')
        let fields = line.Split('|')
        where fields.Length == 4 && int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out _)
        select new SlurmTask(int.Parse(fields[0], CultureInfo.InvariantCulture), fields[1], fields[2] is "None" or "" ? null : fields[2], fields[3] is "" ? null : fields[3]);

    // Lines of sacct's JobID|State|NodeList: 41_0|COMPLETED|node7, 41_1|CANCELLED by 1000|node7, and of tasks that never started together 41_[2-5,8%4]|CANCELLED by 1000|None assigned.
    internal static IEnumerable<SlurmTask> TasksOfAccounting(string output) =>
        from line in output.Split('\n')
        let row = AccountingRow().Match(line)
        where row.Success
        from range in row.Groups["tasks"].Value.Split(',')
        let ends = range.Split('-')
        let first = int.Parse(ends[0], CultureInfo.InvariantCulture)
        from task in Enumerable.Range(first, int.Parse(ends[^1], CultureInfo.InvariantCulture) - first + 1)
        select new SlurmTask(task, row.Groups["state"].Value, null, row.Groups["node"].Value is "" or "None assigned" ? null : row.Groups["node"].Value);

    // The highest index of a task is one less.
    private static int MaxArraySize()
    {
        var size = MaxArraySizeLine().Match(Ask("scontrol", ["show", "config"]));
        if (!size.Success) throw new InvalidInputException("scontrol show config: no MaxArraySize in what it prints. Is this a Slurm of 2014 or newer?");
        return int.Parse(size.Groups[1].Value, CultureInfo.InvariantCulture) is > 0 and var n ? n : throw new InvalidInputException("This cluster allows no job arrays (MaxArraySize is 0). Ask its administrators, or run without --slurm in a job of your own.");
    }

    private static string Notes(string folder) => Path.Combine(folder, "slurm");

    private static SlurmSubmission ReadNote(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), ClusterJson.Default.SlurmSubmission)!;
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{path}: not the note of a submission to Slurm ({e.Message.Split('\n')[0].TrimEnd('.')}). Delete it: only the state of that job is shown by it.", e);
        }
    }

    private static string[] Cluster(SlurmSubmission submission) => submission.Cluster is { } name ? [$"--clusters={name}"] : [];

    private static string Ask(string program, string[] arguments, string input = "")
    {
        var (code, output, error) = Run(program, arguments, input);
        return code == 0 ? output : throw Refused(program, output, error);
    }

    // "sbatch: error: invalid partition specified: x" and "sbatch: error: Batch job submission failed: …" become one line.
    private static InvalidInputException Refused(string program, string output, string error) =>
        new($"{program}: {string.Join("; ", (error.Trim() is "" ? output : error).Trim().Split('\n').Select(l => Prefix().Replace(l, "").Trim().TrimEnd('.')).Where(l => l != ""))}.");

    private static (int Code, string Output, string Error) Run(string program, string[] arguments, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("SLURM_", StringComparison.Ordinal) && !Connection.Contains(n)).ToList()) start.Environment.Remove(name);
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            try
            {
                process.StandardInput.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading all: its own message says why.
            }
            process.WaitForExit();
            return (process.ExitCode, output.Result, error.Result);
        }
        catch (Win32Exception e)
        {
            throw new InvalidInputException($"{program}: Slurm's commands were not found on this machine. Start this on a login node of the cluster, or load its Slurm module so that PATH names their folder.", e);
        }
    }

    [GeneratedRegex(@"^MaxArraySize\s*=\s*(\d{1,9})\s*$", RegexOptions.Multiline)]
    private static partial Regex MaxArraySizeLine();

    [GeneratedRegex(@"^\d+_\[?(?<tasks>\d{1,9}(?:-\d{1,9})?(?:,\d{1,9}(?:-\d{1,9})?)*)(?:%\d+)?\]?\|(?<state>\w+)[^|]*\|(?<node>[^|]*)$")]
    private static partial Regex AccountingRow();

    [GeneratedRegex(@"^\w+: (?:error: |fatal: )?")]
    private static partial Regex Prefix();
}
