using System.Globalization;
using ZooRank.Downloads;

namespace ZooRank.Cli.Display;

/// <summary>A download's progress on standard error.</summary>
internal sealed class DownloadDisplay(string name) : IProgress<DownloadProgress>
{
    private readonly bool live = !Console.IsErrorRedirected;
    private long shown = -1;

    public void Report(DownloadProgress value)
    {
        // Each per cent on a terminal, each tenth in a log; every 10 MB where the length is unknown.
        var step = value.TotalBytes is { } total ? (long)(value.BytesSoFar * (live ? 100.0 : 10.0) / Math.Max(total, 1)) : value.BytesSoFar / 10_000_000;
        if (step == shown) return;
        shown = step;
        var line = $"{name}: {Line(value)}";
        if (live) Console.Error.Write($"\r{line} ");
        else Console.Error.WriteLine(line);
        if (live && value.BytesSoFar == value.TotalBytes) Console.Error.WriteLine();
    }

    public static string Line(DownloadProgress value) => string.Create(CultureInfo.InvariantCulture,
        $"fetching {value.BytesSoFar / 1e6:0.0}{(value.TotalBytes is { } total ? $" of {total / 1e6:0.0}" : "")} MB");
}
