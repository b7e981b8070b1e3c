using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ZooRank.Files;
using ZooRank.Runs;

namespace ZooRank.Tests.Runs;

/// <summary>
/// A process that computes the runs of a store together with others of its kind, and is killed in the middle. It is this test program, started with a variable that makes it this before anything else.
/// What must not happen it writes down in the folder "wrong".
/// </summary>
internal static class Contender
{
    public const int Runs = 40, Epochs = 6;

    private const string Variable = "ZOORANK_TEST_CONTENDER";

    public static RunConfiguration Run(int number) => PlainRuns.Configuration(seed: number);

    public static Process Start(string folder)
    {
        var host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        var start = new ProcessStartInfo(host, [typeof(Contender).Assembly.Location]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = folder;
        return Process.Start(start)!;
    }

    /// <summary>Waits for it to find nothing more to do; returns what it complains of.</summary>
    public static string Finish(Process contender)
    {
        using var ended = contender;
        var output = contender.StandardOutput.ReadToEndAsync();
        var error = contender.StandardError.ReadToEnd();
        contender.WaitForExit();
        return contender.ExitCode == 0 ? error : $"exit code {contender.ExitCode}: {error}{output.Result}";
    }

    [ModuleInitializer]
    internal static void BecomeOneWhereAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } folder) return;
        Contend(folder);
        Environment.Exit(0);
    }

    private static void Contend(string folder)
    {
        var random = new Random();
        while (true)
        {
            // One killed between making its claim and writing its name there is waited for until the claim is stale: here not for five minutes.
            var store = RunStore.Open(Path.Combine(folder, "store"), ClaimTimes.Default with { Stale = TimeSpan.FromSeconds(5) });
            var open = Enumerable.Range(0, Runs).Where(n => !store.Has(Run(n).Id)).ToArray();
            if (open.Length == 0) return;
            random.Shuffle(open);
            foreach (var number in open)
            {
                using var claim = store.TryClaim(Run(number));
                if (claim is not null) Compute(folder, store, claim, number);
            }
        }
    }

    private static void Compute(string folder, RunStore store, RunClaim claim, int number)
    {
        // Beside the claim, and without it: a file that says who computes. If it is there, that process must be dead.
        var (active, witness) = (Path.Combine(folder, $"active-{number}"), Path.Combine(folder, $"witness-{number}"));
        if (File.Exists(active) && int.Parse(File.ReadAllText(active), CultureInfo.InvariantCulture) is var pid && Alive(pid)) Wrong(folder, $"run {number} is computed by {Environment.ProcessId} and {pid}");
        AtomicFile.WriteText(active, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

        var epoch = File.Exists(claim.CheckpointPath) ? int.Parse(File.ReadAllText(claim.CheckpointPath), CultureInfo.InvariantCulture) : 0;
        if (File.Exists(witness) && int.Parse(File.ReadAllText(witness), CultureInfo.InvariantCulture) is var seen && seen > epoch) Wrong(folder, $"run {number} was at epoch {seen} and goes on from {epoch}");
        while (epoch < Epochs)
        {
            Thread.Sleep(3);
            claim.ThrowIfLost();
            AtomicFile.WriteText(claim.CheckpointPath, (++epoch).ToString(CultureInfo.InvariantCulture));
            AtomicFile.WriteText(witness, epoch.ToString(CultureInfo.InvariantCulture));
        }
        if (!store.Add(PlainRuns.Record(Run(number)))) Wrong(folder, $"run {number} was finished before");
        File.Delete(active);
        claim.Complete();
    }

    private static void Wrong(string folder, string what) => File.WriteAllText(Path.Combine(folder, $"wrong-{Guid.NewGuid():N}"), what);

    // Without the store's own notion of it. A process just killed may still be there as a zombie.
    private static bool Alive(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
