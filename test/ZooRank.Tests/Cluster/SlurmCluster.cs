using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ZooRank.Tests.Cluster;

/// <summary>
/// A real Slurm of one node, this machine: controller, node daemon and their authentication, in a folder of their own and on ports of their own. Tests that need it
/// skip visibly where Slurm is not installed or the user is not root. It has no accounting, no cgroups, and arrays of at most six tasks.
/// </summary>
[CollectionDefinition(Name)]
public sealed class SlurmCluster : IDisposable, ICollectionFixture<SlurmCluster>
{
    /// <summary>Of the collection of all tests that share one cluster: the variable that leads to it is the whole process's.</summary>
    public const string Name = "Slurm";

    public const int MaxArraySize = 6;

    private static readonly string[] Programs = ["/usr/sbin/munged", "/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/bin/sbatch"];

    // Longer than a machine that does other things at once can need: where this passes, something hangs.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(4);

    private readonly List<Process> daemons = [];
    private readonly string? missing;

    public SlurmCluster()
    {
        missing = Programs.FirstOrDefault(p => !File.Exists(p)) is { } program ? $"{program} is not on this machine (packages slurm-wlm and munge)"
            : Environment.UserName != "root" ? "a Slurm of one's own has to be started as root" : null;
        if (missing is not null || OperatingSystem.IsWindows()) return;
        File.WriteAllText(Configuration, Text());
        File.WriteAllBytes(Folder["munge.key"], System.Security.Cryptography.RandomNumberGenerator.GetBytes(128));
        File.SetUnixFileMode(Folder["munge.key"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.CreateDirectory(Folder["state"]);
        Directory.CreateDirectory(Folder["spool"]);
        // What the library starts, and what the programs that the tests start do, finds the cluster by this.
        Environment.SetEnvironmentVariable("SLURM_CONF", Configuration);
        Start("munged", $"munged --foreground --force --socket='{Folder["munge.socket"]}' --key-file='{Folder["munge.key"]}' --pid-file='{Folder["munge.pid"]}' --seed-file='{Folder["munge.seed"]}'");
        Until(() => File.Exists(Folder["munge.socket"]), "munged listens");
        Start("slurmctld", "slurmctld -D");
        Start("slurmd", "slurmd -D");
        Until(() => Run("sinfo", "--noheader", "--format=%T").Output.Trim() == "idle", "the node is idle");
    }

    internal TemporaryFolder Folder { get; } = new();

    private string Configuration => Folder["slurm.conf"];

    /// <summary>Skips the test, visibly, where there can be no Slurm.</summary>
    public void Require() => Assert.SkipWhen(missing is not null, missing ?? "");

    /// <summary>Waits for something that has to come, however slow the machine is.</summary>
    public void Until(Func<bool> condition, string what)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); Thread.Sleep(100))
            if (clock.Elapsed > Deadline) Assert.Fail($"never came: {what}\n{Run("squeue", "--states=all", "--array").Output}\n{string.Join("\n", Directory.EnumerateFiles(Folder.Path, "*.out").Select(f => $"{f}:\n{string.Join("\n", File.ReadLines(f).TakeLast(30))}"))}");
    }

    /// <summary>Starts a program and waits for its end.</summary>
    public static (int Code, string Output) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    public void Dispose()
    {
        if (missing is null)
        {
            if (daemons.Count == 3)
            {
                Run("scancel", "--signal=KILL", "--full", "--user=root");
                Run("scancel", "--user=root");
                for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(20) && Run("squeue", "--noheader").Output.Trim() != ""; Thread.Sleep(100)) { }
            }
            daemons.Reverse();
            foreach (var daemon in daemons)
            {
                daemon.StandardInput.Close();
                daemon.WaitForExit();
                daemon.Dispose();
            }
            Environment.SetEnvironmentVariable("SLURM_CONF", null);
        }
        Folder.Dispose();
    }

    // It ends when its standard input does: however these tests end, it does not outlive them.
    private void Start(string name, string command) => daemons.Add(Process.Start(
        new ProcessStartInfo("/bin/sh", ["-c", $"PATH=/usr/sbin:$PATH; {command} >'{Folder[name + ".out"]}' 2>&1 & read -r _; kill $!; wait"]) { RedirectStandardInput = true })!);

    // Settings beside those that every slurm.conf has: timers are short, a job that was requeued starts after cred_expire seconds (otherwise 120), and the node counts
    // for sixteen processors whatever it has, so that no task waits for another.
    private string Text() => $"""
        ClusterName=zoorank
        SlurmctldHost={Environment.MachineName}(127.0.0.1)
        SlurmctldPort={FreePort()}
        SlurmdPort={FreePort()}
        SlurmUser=root
        SlurmdUser=root
        AuthType=auth/munge
        AuthInfo=socket={Folder["munge.socket"]},cred_expire=6
        StateSaveLocation={Folder["state"]}
        SlurmdSpoolDir={Folder["spool"]}
        SlurmctldPidFile={Folder["slurmctld.pid"]}
        SlurmdPidFile={Folder["slurmd.pid"]}
        ProctrackType=proctrack/linuxproc
        TaskPlugin=task/none
        JobAcctGatherType=jobacct_gather/none
        AccountingStorageType=accounting_storage/none
        MpiDefault=none
        SelectType=select/cons_tres
        SelectTypeParameters=CR_CPU
        SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
        SlurmdParameters=config_overrides
        MaxArraySize={MaxArraySize}
        ReturnToService=2
        NodeName={Environment.MachineName} NodeAddr=127.0.0.1 CPUs=16 RealMemory=1000 State=UNKNOWN
        PartitionName=test Nodes={Environment.MachineName} Default=YES MaxTime=INFINITE State=UP

        """;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
