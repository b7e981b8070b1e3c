using System.Text.Json.Nodes;
using ZooRank.Cluster;
using ZooRank.Demo;
using ZooRank.Tests.Cli;
using ZooRank.Tests.Features;

namespace ZooRank.Tests.Cluster;

/// <summary><c>zoorank finetune --slurm</c> as a user starts it, on a real Slurm.</summary>
[Collection(SlurmCluster.Name)]
public sealed class FineTuneOnSlurmTests : IDisposable
{
    private readonly SlurmCluster cluster;
    private readonly CommandLine program = new();

    public FineTuneOnSlurmTests(SlurmCluster cluster)
    {
        cluster.Require();
        this.cluster = cluster;
    }

    public void Dispose() => program.Dispose();

    [Fact]
    public void Two_tasks_one_killed_and_one_preempted_leave_the_same_records_as_one_undisturbed_process()
    {
        using (Pictures.Drawn(program.Folder, Motif.CellsByNucleus, perClass: 30)) { }
        Pictures.Checkpoint(program.Folder["model.safetensors"], "shufflenet_v2_x0_5");
        File.WriteAllText(program.Folder["grid.json"], """{"lr": [0.01, 0.001], "weight_decay": [0.0001], "momentum": [0.9, 0], "batch_size": [16]}""");
        string[] command = ["finetune", "--data", "target.npz", "--zoo", "model.safetensors", "--grid", "grid.json", "--probe", "20", "--input-size", "32", "--epochs", "15", "--device", "cpu", "--threads", "1"];

        // Relative paths, and one in which a shell would find something.
        var (code, output, error) = program.Run([.. command, "--out", "it's shared", "--slurm", "--tasks", "2"]);
        Assert.True(code == 0, error);
        var store = program.Folder["it's shared"];
        var submission = Assert.Single(Slurm.Submissions(store));
        Assert.StartsWith($"Slurm job {submission.Job}: 2 tasks for 4 runs.", output, StringComparison.Ordinal);

        cluster.Until(() => Claims(store) >= 2, "both tasks have claimed a run");
        Assert.Equal(0, SlurmCluster.Run("scontrol", "requeue", submission.Job + "_0").Code);
        Kill(submission.Job + "_1");
        cluster.Until(() => Slurm.Tasks(submission).Any(t => t is { Task: 1, State: "FAILED" }), "the killed task has failed");
        Assert.Equal(0, SlurmCluster.Run("scontrol", "requeue", submission.Job + "_1").Code);

        Assert.Equal(0, program.Run([.. command, "--out", "alone"]).Code);
        cluster.Until(() => Slurm.Tasks(submission).All(t => t.State == "COMPLETED"), "both tasks are done");
        Assert.Contains("interrupted", File.ReadAllText(Path.Combine(store, "slurm", submission.Job + "_0.log")), StringComparison.Ordinal);
        var expected = Records(program.Folder["alone"]);
        Assert.Equal(4, expected.Count);
        Assert.Equal(expected, Records(store));

        var again = program.Run([.. command, "--out", "it's shared", "--slurm", "--tasks", "2"]);
        Assert.Equal((0, "All runs are in it's shared already: nothing was submitted.\n"), (again.Code, again.Output));
        Assert.Single(Slurm.Submissions(store));
    }

    // All processes of a task at once, as when its node loses power.
    private static void Kill(string task)
    {
        var job = SlurmCluster.Run("squeue", "--noheader", $"--jobs={task}", "--format=%A").Output.Trim();
        // "PID JOBID STEPID LOCALID GLOBALID"
        var processes = SlurmCluster.Run("scontrol", "listpids").Output.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(l => l.Length == 5 && l[1] == job).Select(l => l[0]).ToArray();
        Assert.NotEmpty(processes);
        SlurmCluster.Run("kill", ["-KILL", .. processes]);
    }

    private static int Claims(string store) =>
        Directory.Exists(Path.Combine(store, "work")) ? Directory.EnumerateFiles(Path.Combine(store, "work"), "*claim", SearchOption.AllDirectories).Count() : 0;

    // What a run is and what came out, without when, where and how long.
    private static SortedDictionary<string, string> Records(string store) => new(Directory.EnumerateFiles(Path.Combine(store, "runs"), "*.json", SearchOption.AllDirectories).ToDictionary(f => Path.GetFileName(f), f =>
    {
        var record = JsonNode.Parse(File.ReadAllText(f))!.AsObject();
        foreach (var name in new[] { "started", "seconds", "provenance" }) record.Remove(name);
        foreach (var epoch in record["curve"]!.AsArray()) epoch!.AsObject().Remove("seconds");
        return record.ToJsonString();
    }));
}
