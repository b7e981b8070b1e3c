using System.Diagnostics;
using System.Globalization;

namespace ZooRank.Cli;

/// <summary>
/// The same command at work several times on this machine: its processes share one run store, each takes the next run that is free. What they print goes into files.
/// Ended with this object, which waits for them; asked to stop, they stop in good order.
/// </summary>
internal sealed class SideJobs : IDisposable
{
    private readonly List<Process> processes = [];

    /// <param name="count">How many beside this one.</param>
    /// <param name="arguments">The command line of each.</param>
    /// <param name="folder">Where their output goes.</param>
    public SideJobs(int count, IReadOnlyList<string> arguments, string folder)
    {
        if (count == 0) return;
        if (OperatingSystem.IsWindows()) throw new InvalidInputException("--jobs works on Linux and macOS. Start the same command in several windows instead: they share the runs out through the folder --out.");
        Directory.CreateDirectory(folder);
        for (var i = 1; i <= count; i++)
        {
            var file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}-{i}.txt"));
            // By way of the shell their output is a file's from the start, whatever becomes of this process.
            processes.Add(Process.Start("/bin/sh", ["-c", """exec "$@" > "$0" 2>&1""", file, .. SameProgram.Path, .. arguments]));
        }
    }

    /// <summary>Asks them to stop.</summary>
    public void Stop()
    {
        foreach (var process in processes.Where(p => !p.HasExited)) Process.Start("/bin/sh", ["-c", """kill "$0" """, process.Id.ToString(CultureInfo.InvariantCulture)]).Dispose();
    }

    /// <summary>Waits until all have ended.</summary>
    /// <returns>How many ended with another code than done.</returns>
    public int Wait()
    {
        foreach (var process in processes) process.WaitForExit();
        return processes.Count(p => p.ExitCode is not (ExitCode.Done or ExitCode.SomeSkipped));
    }

    public void Dispose()
    {
        Wait();
        foreach (var process in processes) process.Dispose();
    }
}
