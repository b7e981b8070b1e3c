using System.CommandLine;
using ZooRank.Cli.Display;
using ZooRank.Cluster;

namespace ZooRank.Cli;

/// <summary>The options of a command that can be computed by the tasks of a Slurm job array instead of here.</summary>
internal sealed class SlurmOptions
{
    // What a task needs of the environment even where the cluster does not pass it on. No secret may be among these: they are written into the script.
    private static readonly string[] Passed = ["ZOORANK_TORCH", "ZOORANK_CACHE", "DOTNET_ROOT", "TORCH_HOME", "XDG_CACHE_HOME"];

    private readonly Option<bool> slurm = new("--slurm") { Description = "Submit a Slurm job array that computes the runs, instead of computing them here. The folder --out has to be one that its nodes see.", Arity = ArgumentArity.Zero };
    private readonly Option<string?> partition = new("--partition") { Description = "Slurm: the partition.", HelpName = "NAME" };
    private readonly Option<string?> account = new("--account") { Description = "Slurm: the account to charge.", HelpName = "NAME" };
    private readonly Option<string?> gres = new("--gres") { Description = "Slurm: generic resources of a task, as gpu:1.", HelpName = "LIST" };
    private readonly Option<string?> time = new("--time") { Description = "Slurm: time limit of a task, as 12:00:00; a task that reaches it queues again. Default: the partition's.", HelpName = "TIME" };
    private readonly Option<string?> memory = new("--mem") { Description = "Slurm: memory of a task, as 16G.", HelpName = "SIZE" };
    private readonly Option<int?> cpus = new("--cpus") { Description = "Slurm: processors of a task; it computes with as many threads.", HelpName = "N" };
    private readonly Option<int?> tasks = new("--tasks") { Description = "Slurm: tasks that share the runs out among themselves. Default: one a run, as far as the cluster allows.", HelpName = "N" };
    private readonly Option<int?> concurrent = new("--concurrent") { Description = "Slurm: at most so many tasks at once.", HelpName = "N" };
    private readonly Option<string?> qos = new("--qos") { Description = "Slurm: quality of service.", HelpName = "NAME" };
    private readonly Option<string?> constraint = new("--constraint") { Description = "Slurm: features that a node must have.", HelpName = "LIST" };
    private readonly Option<string[]> further = new("--sbatch-option") { Description = "Slurm: any other option of sbatch, as --sbatch-option=--mail-type=END; may be repeated.", HelpName = "OPTION", Arity = ArgumentArity.OneOrMore };

    private Option[] Details => [partition, account, gres, time, memory, cpus, tasks, concurrent, qos, constraint, further];

    public void AddTo(Command command)
    {
        command.Add(slurm);
        foreach (var option in Details) command.Add(option);
    }

    /// <summary>The job array that the command line asks for, each task of which runs the same command without <c>--slurm</c>; null where it asks for none.</summary>
    public SlurmJob? Read(ParseResult parsed)
    {
        if (!parsed.GetValue(slurm))
        {
            if (Details.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } stray) throw new InvalidInputException($"{stray.Name} says how to run on a Slurm cluster. Add --slurm to submit there, or leave {stray.Name} out.");
            return null;
        }
        foreach (var option in new[] { cpus, tasks, concurrent })
            if (parsed.GetValue(option) is < 1 and var n) throw new InvalidInputException($"{option.Name} must be at least 1; got {n}.");
        var options = parsed.GetValue(further) ?? [];
        if (options.FirstOrDefault(o => !o.StartsWith('-')) is { } word) throw new InvalidInputException($"--sbatch-option {word}: an option of sbatch begins with a dash. Give it with its value as one word: --sbatch-option=--mail-type=END.");
        var arguments = TaskArguments(parsed);
        return new SlurmJob
        {
            Command = [.. SameProgram.Path, .. arguments],
            WorkingDirectory = Environment.CurrentDirectory,
            Environment = Passed.Select(name => (name, Environment.GetEnvironmentVariable(name))).Where(v => v.Item2 is { Length: > 0 }).ToDictionary(v => v.name, v => v.Item2!),
            ThreadsOption = arguments.Contains("--threads") ? null : "--threads",
            Tasks = parsed.GetValue(tasks) ?? int.MaxValue,   // as many as there are runs: see Submit
            Concurrent = parsed.GetValue(concurrent),
            Partition = parsed.GetValue(partition),
            Account = parsed.GetValue(account),
            Gres = parsed.GetValue(gres),
            TimeLimit = parsed.GetValue(time),
            Memory = parsed.GetValue(memory),
            Cpus = parsed.GetValue(cpus),
            Qos = parsed.GetValue(qos),
            Constraint = parsed.GetValue(constraint),
            Further = options,
        };
    }

    /// <summary>Submits the job for the runs that are left, and says so. None left, none submitted.</summary>
    /// <param name="job">As read from the command line.</param>
    /// <param name="folder">The run store.</param>
    /// <param name="left">Runs that the store does not hold yet.</param>
    public static void Submit(SlurmJob job, string folder, int left)
    {
        if (left == 0)
        {
            Console.Out.WriteLine($"All runs are in {folder} already: nothing was submitted.");
            return;
        }
        foreach (var earlier in Slurm.Submissions(folder))
            if (Slurm.Tasks(earlier).Count(t => !t.HasEnded) is > 0 and var n) Console.Error.WriteLine($"Slurm job {earlier.Job} for this folder is not over ({n} of its tasks run or wait). The new one takes part in what is left.");
        var submission = Slurm.Submit(job with { Tasks = Math.Min(job.Tasks, left) }, folder);
        Console.Out.WriteLine(SlurmText.Submitted(submission, folder, left));
    }

    /// <summary>What a task of the array is started with.</summary>
    internal IReadOnlyList<string> TaskArguments(ParseResult parsed) => SameProgram.ArgumentsWithout(parsed, [.. Details, slurm]);
}
