using System.Diagnostics;
using System.Globalization;

namespace ZooRank.Cli.Display;

/// <summary>
/// One line on standard error that says where long work stands: rewritten in place on a terminal; in a log or a cluster's job a new line
/// for what is important and every half minute.
/// </summary>
internal sealed class StatusLine : IDisposable
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(100), LogEvery = TimeSpan.FromSeconds(30);

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly bool live = !Console.IsErrorRedirected;
    private TimeSpan? shown;
    private int length;

    /// <summary>", about 12 s left" from how much of the whole is done; empty while that says little.</summary>
    public string TimeLeft(double done)
    {
        var elapsed = clock.Elapsed;
        if (done < 0.02 || elapsed.TotalSeconds < 2) return "";
        return $", about {Words(elapsed / done - elapsed)} left";
    }

    /// <summary>"12 s", "3 min", "2.5 h", "4.1 days".</summary>
    public static string Words(TimeSpan time) =>
        time.TotalMinutes < 1 ? $"{Math.Max(1, Math.Ceiling(time.TotalSeconds))} s" : time.TotalHours < 1 ? $"{Math.Ceiling(time.TotalMinutes)} min"
        : time.TotalDays < 2 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.0} h") : string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0.0} days");

    /// <summary>Shows the line, unless another was shown a moment ago and this one is not important.</summary>
    public void Show(string text, bool important = false)
    {
        var now = clock.Elapsed;
        if (!important && shown is { } last && now - last < (live ? Redraw : LogEvery)) return;
        shown = now;
        if (!live)
        {
            Console.Error.WriteLine(text);
            return;
        }
        var width = Math.Max(20, Console.WindowWidth - 1);
        if (text.Length > width) text = text[..(width - 1)] + "…";
        Console.Error.Write($"\r{text}{new string(' ', Math.Max(0, length - text.Length))}");
        length = text.Length;
    }

    /// <summary>Clears the line.</summary>
    public void Dispose()
    {
        if (live && length > 0) Console.Error.Write($"\r{new string(' ', length)}\r");
        length = 0;
    }
}
