using System.Diagnostics;
using ZooRank.Cluster;

namespace ZooRank.Tests.Cluster;

/// <summary>The batch script, run by a real bash.</summary>
public sealed class SlurmJobTests : IDisposable
{
    private const string Bash = "/bin/bash";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Options_are_the_array_what_makes_it_safe_to_requeue_and_what_was_asked_for()
    {
        var job = Job("true") with { Tasks = 8, Concurrent = 4, Partition = "gpu", Account = "lab", Gres = "gpu:1", TimeLimit = "12:00:00", Memory = "16G", Cpus = 6, Qos = "low", Constraint = "a100|h100", Further = ["--mail-type=END"] };
        Assert.Equal(
            ["--job-name=zoorank", "--array=0-7%4", "--output=/shared/50%%/%A_%a.log", "--open-mode=append", "--requeue", "--signal=B:USR1@180", "--export=ALL",
                "--partition=gpu", "--account=lab", "--gres=gpu:1", "--time=12:00:00", "--mem=16G", "--cpus-per-task=6", "--qos=low", "--constraint=a100|h100", "--mail-type=END"],
            job.Options("/shared/50%"));
        Assert.Equal(7, Job("true").Options("/shared").Count);
        Assert.Throws<InvalidInputException>(() => job.Options(@"/shared/a\b"));
    }

    [Fact]
    public void Words_variables_and_folders_reach_the_command_as_they_are_whatever_is_in_them()
    {
        // Drawn from what a shell makes something of, with a fixed seed.
        const string special = " \t\n'\"\\$`!*?[]{}()<>|&;#~%=^-a0é€😀";
        var runes = special.EnumerateRunes().ToArray();
        var random = new Random(1);
        string Word() => string.Concat(Enumerable.Range(0, random.Next(0, 12)).Select(_ => runes[random.Next(runes.Length)].ToString()));
        var words = Enumerable.Range(0, 400).Select(_ => Word()).ToArray();
        var here = folder["w'o r$k\n\"d"];
        Directory.CreateDirectory(here);
        var job = Job("printf '%s\\0' \"$PWD\" \"$A\" \"$B\" \"$@\"", words) with { WorkingDirectory = here, Environment = new Dictionary<string, string> { ["A"] = words[0] + "'", ["B"] = words[1] + "\\" } };
        var (code, output) = Run(job);
        Assert.Equal(0, code);
        Assert.Equal((string[])[here, words[0] + "'", words[1] + "\\", .. words, ""], output.Split('\0'));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(137)]
    public void Its_exit_code_is_the_commands(int code) => Assert.Equal((code, ""), Run(Job($"exit {code}")));

    [Fact]
    public void A_folder_that_the_node_does_not_see_is_an_error_and_not_another_folder() => Assert.Equal(2, Run(Job("exit 0") with { WorkingDirectory = folder["absent"] }).Code);

    [Theory]
    // signal to the script, how the command ends when told to, whether the task queues again
    [InlineData("USR1", 143, true)]
    [InlineData("USR1", 130, true)]
    [InlineData("USR1", 0, false)]    // it was just finished
    [InlineData("USR1", 1, false)]    // it failed
    [InlineData("TERM", 143, false)]  // what then happens is Slurm's affair
    public void A_signal_ends_the_command_in_good_order_and_the_time_limit_alone_requeues(string signal, int code, bool requeues)
    {
        var job = Job($"""
            trap 'sleep 0.3; echo saved; exit {code}' TERM
            kill -{signal} $PPID
            while :; do sleep 0.05; done
            """) with { Notice = TimeSpan.Zero };
        var expected = requeues ? "saved\nzoorank: the time limit is near; the task queues again.\nscontrol requeue 7_3\n" : "saved\n";
        Assert.Equal((code, expected), Run(job));
    }

    private static SlurmJob Job(string command, params string[] words) => new() { Command = [Bash, "-c", command, "worker", .. words], WorkingDirectory = "/" };

    // As Slurm does: the script of standard input, with the variables of an array's task. 'scontrol' says how it was called.
    private (int Code, string Output) Run(SlurmJob job)
    {
        Assert.SkipUnless(File.Exists(Bash), $"{Bash} is not on this machine");
        File.WriteAllText(folder["bin/scontrol"], "#!/bin/sh\necho scontrol \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder["bin/scontrol"], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        File.WriteAllText(folder["job.sh"], job.Script());
        var start = new ProcessStartInfo(Bash, ["-c", "exec bash \"$1\" 2>&1", Bash, folder["job.sh"]]) { RedirectStandardOutput = true };
        start.Environment["PATH"] = $"{folder["bin"]}:{start.Environment["PATH"]}";
        (start.Environment["SLURM_ARRAY_JOB_ID"], start.Environment["SLURM_ARRAY_TASK_ID"]) = ("7", "3");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
