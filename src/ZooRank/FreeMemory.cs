using System.Diagnostics;

namespace ZooRank;

/// <summary>How much memory may still be taken.</summary>
public static class FreeMemory
{
    /// <summary>In bytes: what the container's limit leaves, or what the kernel says it can give where that is less.</summary>
    public static long Bytes()
    {
        // The runtime knows the container's limit; on Linux the kernel's own estimate also counts what it can take back.
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Used();
        var line = OperatingSystem.IsLinux() && File.Exists("/proc/meminfo") ? File.ReadLines("/proc/meminfo").FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal)) : null;
        return line is not null && long.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], out var kilobytes) ? Math.Min(limit, kilobytes << 10) : limit;
    }

    /// <summary>What this process holds, in bytes.</summary>
    public static long Used()
    {
        using var me = Process.GetCurrentProcess();
        return me.WorkingSet64;
    }
}
