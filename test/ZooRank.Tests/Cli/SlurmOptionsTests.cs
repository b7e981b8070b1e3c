using System.CommandLine;
using ZooRank.Cli;
using ZooRank.Cli.Display;
using ZooRank.Cluster;

namespace ZooRank.Tests.Cli;

public sealed class SlurmOptionsTests
{
    [Fact]
    public void A_task_runs_the_same_command_without_the_options_for_Slurm()
    {
        var job = Read("--data", "a b", "--slurm", "--zoo", "x.pth", "y.pth", "--gres", "gpu:1", "--time=12:00:00", "--name=--gres", "--sbatch-option=--mail-type=END", "--mem", "16G", "--sbatch-option", "--exclusive", "--rate", "-1", "--no-augmentation", "--partition", "gpu", "--out", "t/")!;
        Assert.Equal(["finetune", "--data", "a b", "--zoo", "x.pth", "y.pth", "--name=--gres", "--rate=-1", "--no-augmentation", "--out", "t/"], job.Command.SkipWhile(w => w != "finetune"));
        Assert.Equal(("gpu", "gpu:1", "12:00:00", "16G"), (job.Partition, job.Gres, job.TimeLimit, job.Memory));
        Assert.Equal(["--mail-type=END", "--exclusive"], job.Further);
        Assert.Equal("--threads", job.ThreadsOption);
        Assert.True(Path.IsPathFullyQualified(job.Command[0]) && File.Exists(job.Command[0]), job.Command[0]);
        Assert.Null(Read("--slurm", "--threads", "3")!.ThreadsOption);
        Assert.Null(Read("--data", "x"));
    }

    [Theory]
    [InlineData("--partition says how to run on a Slurm cluster. Add --slurm to submit there, or leave --partition out.", "--partition", "gpu")]
    [InlineData("--tasks must be at least 1; got 0.", "--slurm", "--tasks", "0")]
    [InlineData("--sbatch-option mail: an option of sbatch begins with a dash. Give it with its value as one word: --sbatch-option=--mail-type=END.", "--slurm", "--sbatch-option", "mail")]
    public void What_makes_no_sense_is_refused(string message, params string[] arguments) => Assert.Equal(message, Assert.Throws<InvalidInputException>(() => Read(arguments)).Message);

    [Fact]
    public void The_state_of_an_array_is_a_sentence_and_what_is_at_work_comes_first()
    {
        var submission = new SlurmSubmission { Job = "7", Submitted = DateTimeOffset.UnixEpoch, Tasks = 6, Script = "", Logs = "", Options = [], Command = [] };
        Assert.Equal(
            "6 tasks, 2 running, 1 pending (Resources), 1 completed, 1 out of memory, 1 over and no longer known to Slurm.",
            SlurmText.State(submission, [new(0, "COMPLETED", null, "n"), new(1, "RUNNING", null, "n"), new(2, "RUNNING", null, "m"), new(3, "PENDING", "Resources", null), new(4, "OUT_OF_MEMORY", "OutOfMemory", "n")]));
        Assert.Equal("over, and no longer known to Slurm.", SlurmText.State(submission, []));
    }

    [Fact]
    public void Where_there_is_no_Slurm_a_line_says_so_before_anything_is_opened()
    {
        using var program = new CommandLine();
        program.Environment["PATH"] = program.Folder.Path;
        Assert.StartsWith("zoorank: sbatch: Slurm's commands were not found on this machine.", program.Refusal("finetune", "--data", "absent", "--zoo", "absent", "--out", "truth", "--slurm"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(program.Folder["truth"]));
    }

    private static SlurmJob? Read(params string[] arguments)
    {
        var slurm = new SlurmOptions();
        var command = new Command("finetune") { new Option<string>("--data"), new Option<string[]>("--zoo") { AllowMultipleArgumentsPerToken = true }, new Option<string>("--name"), new Option<double>("--rate"), new Option<bool>("--no-augmentation"), new Option<string>("--out"), new Option<int>("--threads") };
        slurm.AddTo(command);
        var parsed = new RootCommand { command }.Parse(["finetune", .. arguments], new ParserConfiguration { EnablePosixBundling = false });
        Assert.Empty(parsed.Errors);
        return slurm.Read(parsed);
    }
}
