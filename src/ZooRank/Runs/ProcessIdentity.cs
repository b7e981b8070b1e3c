using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;

namespace ZooRank.Runs;

/// <summary>A process among all that ever ran, on any machine: process ids are used again, and after a restart from the beginning.</summary>
/// <param name="Host">The machine's name.</param>
/// <param name="Boot">
/// On Linux the kernel's boot id and the process's id namespace: two containers may have the same host name, and a process id means nothing in another namespace.
/// Empty elsewhere, where machines that share a store must have different names.
/// </param>
/// <param name="Pid">Its id there.</param>
/// <param name="Started">When it started, in the system's own ticks.</param>
internal sealed record ProcessIdentity(string Host, string Boot, int Pid, long Started)
{
    public static ProcessIdentity Own { get; } = new(Environment.MachineName, BootOfThisMachine(), Environment.ProcessId, StartOf(Environment.ProcessId) ?? 0);

    /// <summary>Whether the process lives; null where that cannot be seen from here.</summary>
    [JsonIgnore]
    public bool? Lives => Host == Own.Host && Boot == Own.Boot ? StartOf(Pid) == Started : null;

    private static string BootOfThisMachine()
    {
        if (!OperatingSystem.IsLinux()) return "";
        try
        {
            return $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()} {new FileInfo("/proc/self/ns/pid").LinkTarget}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Guid.NewGuid().ToString();   // like no other: whether its processes live is then judged by their heartbeat alone
        }
    }

    // Null where there is no such process. Linux's own field and not Process.StartTime, which is computed from the time of day and differs by which process asks.
    private static long? StartOf(int pid)
    {
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                using var process = Process.GetProcessById(pid);
                return process.HasExited ? null : process.StartTime.ToUniversalTime().Ticks;
            }
            // "pid (name) state …": the name may hold spaces and brackets. proc(5): state is field 3, starttime field 22.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[22 - 3], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException or Win32Exception or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
