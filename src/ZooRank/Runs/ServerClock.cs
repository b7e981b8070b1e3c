using System.Diagnostics;

namespace ZooRank.Runs;

/// <summary>
/// The time by the clock that stamps the files of a folder. On a network file system that is the server's, and those of the machines that share it may differ by minutes: ages are taken from two
/// stamps of the one clock.
/// </summary>
internal sealed class ServerClock(string folder)
{
    private static readonly TimeSpan Trusted = TimeSpan.FromMinutes(1);

    private (DateTime Stamp, long At)? last;

    /// <summary>How long ago a file was written.</summary>
    public TimeSpan AgeOf(FileSystemInfo file) => AgeOf(file.LastWriteTimeUtc);

    public TimeSpan AgeOf(DateTime stamp)
    {
        if (last is null || Stopwatch.GetElapsedTime(last.Value.At) > Trusted) last = (Stamp(), Stopwatch.GetTimestamp());
        return last.Value.Stamp + Stopwatch.GetElapsedTime(last.Value.At) - stamp;
    }

    private DateTime Stamp()
    {
        var probe = Path.Combine(folder, $".clock.{Guid.NewGuid():N}.tmp");
        try
        {
            // Content, since touching a file sets this machine's time.
            File.WriteAllText(probe, "?");
            using var file = File.OpenHandle(probe);
            return File.GetLastWriteTimeUtc(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return DateTime.UtcNow;   // a store that may only be read: nothing is taken over there
        }
        finally
        {
            try { File.Delete(probe); } catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
        }
    }
}
