using ZooRank.Cluster;

namespace ZooRank.Tests.Cluster;

/// <summary>Job arrays on a real Slurm. What every task runs is a shell script that shares work out as <c>zoorank finetune</c> does.</summary>
[Collection(SlurmCluster.Name)]
public sealed class SlurmTests
{
    // Takes each piece of work that is not done and not another's, and finishes it when it may: when there is a file 'go'. Told to end, it gives its piece back.
    private const string Worker = """
        pieces=$1; shift
        echo "begins as $$ with $* and $MARK in $(pwd)"
        trap 'rmdir "$claim"; echo "ends early"; exit 143' TERM
        mkdir -p claims done
        for ((i = 0; i < pieces; i++)); do
            claim=claims/$i
            [ ! -e "done/$i" ] && mkdir "$claim" 2>/dev/null || continue
            touch "started-$SLURM_ARRAY_TASK_ID-${SLURM_RESTART_COUNT:-0}"
            until [ -e go ]; do sleep 0.1; done
            echo "$SLURM_ARRAY_TASK_ID" >>"done/$i"
        done
        echo "ends"
        """;

    private static readonly Lock Gate = new();
    private static Work? limited;

    private readonly SlurmCluster cluster;

    public SlurmTests(SlurmCluster cluster)
    {
        cluster.Require();
        this.cluster = cluster;
        // Slurm counts time limits in minutes, so this one runs beside the other tests.
        lock (Gate) limited ??= Submit("limited", job => job with { TimeLimit = "1", Notice = TimeSpan.FromSeconds(15) });
    }

    [Fact]
    public void Tasks_share_the_work_from_a_folder_of_any_name_and_the_array_is_as_large_as_the_cluster_allows()
    {
        var work = Submit("""a b'c"d%j$(e);f&g é""", job => job with { Tasks = 10, Cpus = 2, Environment = new Dictionary<string, string> { ["MARK"] = "it's $HOME" } }, pieces: 20, go: true);
        Assert.Equal(SlurmCluster.MaxArraySize, work.Submission.Tasks);
        Until(work, tasks => tasks.Count == 6 && tasks.All(t => t.State == "COMPLETED"));

        Assert.Equal(20, Directory.GetFiles(work["done"]).Length);
        Assert.All(Directory.GetFiles(work["done"]), file => Assert.Single(File.ReadAllLines(file)));
        for (var task = 0; task < 6; task++)
            Assert.Matches($@"^begins as \d+ with --threads 2 and it's \$HOME in {System.Text.RegularExpressions.Regex.Escape(work.Folder)}\nends\n$", work.Log(task));

        var note = Assert.Single(Slurm.Submissions(work.Folder));
        Assert.Equal((work.Submission.Job, 6, work.Submission.Submitted), (note.Job, note.Tasks, note.Submitted));
        Assert.Equal(work.Submission.Command, note.Command);
        Assert.Equal(6, Directory.GetFiles(work["slurm"], note.Logs).Length);
        Assert.StartsWith("#!/bin/bash\n", File.ReadAllText(work[$"slurm/{note.Script}"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_array_gives_its_work_back_and_does_not_start_again()
    {
        var work = Submit("cancelled", job => job with { Tasks = 3, Concurrent = 1 });
        Until(work, tasks => tasks.Count(t => t.State == "RUNNING") == 1 && tasks.Count(t => t.Reason == "JobArrayTaskLimit") == 2);
        cluster.Until(() => Directory.Exists(work["claims/0"]), "the first task has claimed");
        Assert.Equal(Environment.MachineName, Slurm.Tasks(work.Submission).Single(t => t.State == "RUNNING").Node);
        Assert.DoesNotContain(Slurm.Tasks(work.Submission), t => t.HasEnded);

        Slurm.Cancel(work.Submission);
        Until(work, tasks => tasks.Count == 3 && tasks.All(t => t is { State: "CANCELLED", HasEnded: true }));
        cluster.Until(() => !Directory.Exists(work["claims/0"]), "the claim is given back");
        cluster.Until(() => work.Log(0).Contains("ends early", StringComparison.Ordinal), "the first task ends in good order");
    }

    [Fact]
    public void A_task_whose_program_was_killed_has_failed_and_completes_when_it_is_requeued()
    {
        var work = Submit("killed");
        cluster.Until(() => File.Exists(work["started-0-0"]), "the task works");
        Assert.Equal(0, SlurmCluster.Run("kill", "-KILL", work.Log(0).Split(' ')[2]).Code);
        Until(work, tasks => tasks is [{ State: "FAILED", HasEnded: true }]);

        Directory.Delete(work["claims/0"]);   // a claim of the dead, which a run store finds out by itself
        File.WriteAllText(work["go"], "");
        Assert.Equal(0, SlurmCluster.Run("scontrol", "requeue", work.Submission.Job + "_0").Code);
        Until(work, tasks => tasks is [{ State: "COMPLETED" }]);
        Assert.True(File.Exists(work["started-0-1"]));
    }

    [Fact]
    public void A_task_that_Slurm_requeues_while_it_works_saves_its_work_and_goes_on_in_the_same_log()
    {
        var work = Submit("requeued");
        cluster.Until(() => File.Exists(work["started-0-0"]), "the task works");
        Assert.Equal(0, SlurmCluster.Run("scontrol", "requeue", work.Submission.Job + "_0").Code);
        cluster.Until(() => File.Exists(work["started-0-1"]), "the task works again");
        File.WriteAllText(work["go"], "");
        Until(work, tasks => tasks is [{ State: "COMPLETED" }]);
        Assert.Matches(@"(?s)^begins.*ends early.*begins.*ends\n$", work.Log(0));
    }

    [Fact(Explicit = true)]
    public void A_task_near_its_time_limit_ends_in_good_order_and_queues_again()
    {
        var work = limited!;
        cluster.Until(() => File.Exists(work["started-0-1"]), "the task works again");
        Assert.Matches(@"(?s)^begins.*ends early\nzoorank: the time limit is near; the task queues again\..*begins", work.Log(0));
        File.WriteAllText(work["go"], "");
        Until(work, tasks => tasks is [{ State: "COMPLETED" }]);
        Assert.EndsWith("ends\n", work.Log(0), StringComparison.Ordinal);
    }

    [Fact]
    public void A_time_limit_that_leaves_no_time_to_work_in_does_not_requeue_for_ever()
    {
        var work = Submit("too-short");
        cluster.Until(() => File.Exists(work["started-0-0"]), "the task works");
        // What Slurm sends before the time limit, at once.
        Assert.Equal(0, SlurmCluster.Run("scancel", "--batch", "--signal=USR1", work.Submission.Job + "_0").Code);
        Until(work, tasks => tasks is [{ State: "FAILED" }]);
        Assert.Contains("too short to be worth another start", work.Log(0), StringComparison.Ordinal);
        Assert.False(Directory.Exists(work["claims/0"]));
    }

    [Fact]
    public void What_Slurm_refuses_is_one_line_in_its_words()
    {
        var refusal = Assert.Throws<InvalidInputException>(() => Submit("refused", job => job with { Partition = "no-such" }));
        Assert.Equal("sbatch: invalid partition specified: no-such; Batch job submission failed: Invalid partition name specified.", refusal.Message);
        Assert.Contains("Invalid", Assert.Throws<InvalidInputException>(() => Submit("refused", job => job with { Further = ["--time=soon"] })).Message, StringComparison.Ordinal);
        Assert.Empty(Slurm.Submissions(cluster.Folder["refused"]));
    }

    [Fact]
    public void Of_a_job_that_Slurm_has_forgotten_nothing_is_known()
    {
        var forgotten = new SlurmSubmission { Job = "999999", Submitted = DateTimeOffset.UnixEpoch, Tasks = 2, Script = "", Logs = "", Options = [], Command = [] };
        Assert.Empty(Slurm.Tasks(forgotten));
    }

    private void Until(Work work, Func<IReadOnlyList<SlurmTask>, bool> condition)
    {
        IReadOnlyList<SlurmTask> tasks = [];
        cluster.Until(() => condition(tasks = Slurm.Tasks(work.Submission)), $"the tasks are as expected in {work.Folder}");
    }

    private Work Submit(string name, Func<SlurmJob, SlurmJob>? change = null, int pieces = 1, bool go = false)
    {
        var folder = cluster.Folder[name];
        Directory.CreateDirectory(folder);
        var script = Path.Combine(folder, "it's a worker.sh");
        File.WriteAllText(script, Worker);
        if (go) File.WriteAllText(Path.Combine(folder, "go"), "");
        var job = new SlurmJob { Command = ["bash", script, $"{pieces}"], WorkingDirectory = folder, ThreadsOption = "--threads" };
        return new Work(folder, Slurm.Submit(change?.Invoke(job) ?? job, folder));
    }

    private sealed record Work(string Folder, SlurmSubmission Submission)
    {
        public string this[string name] => Path.Combine(Folder, name);

        public string Log(int task) => File.Exists(this[$"slurm/{Submission.Job}_{task}.log"]) ? File.ReadAllText(this[$"slurm/{Submission.Job}_{task}.log"]) : "";
    }
}
