using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <param name="Value">Where the dot is; null for none.</param>
/// <param name="Low">Of the interval about it.</param>
/// <param name="High">The same.</param>
/// <param name="Series">Which colour and shape.</param>
internal sealed record Dot(double? Value, double? Low = null, double? High = null, int Series = 0);

/// <param name="Name">Left of it.</param>
/// <param name="Dots">On it.</param>
/// <param name="Text">Right of it: the numbers that the dots show.</param>
/// <param name="Strong">Stands out.</param>
internal sealed record DotRow(Markup Name, IReadOnlyList<Dot> Dots, Markup Text, bool Strong = false);

/// <summary>Dots with intervals, a row each, drawn with text and boxes and not as an image: names of any length wrap, and a screen reader reads a list of names and numbers.</summary>
internal static class DotRows
{
    /// <param name="caption">Below it.</param>
    /// <param name="rows">From above.</param>
    /// <param name="scale">Of all rows.</param>
    /// <param name="axis">What the numbers are.</param>
    /// <param name="series">Names of the series, where there are several.</param>
    /// <param name="mark">A line through all rows.</param>
    public static Markup Of(Markup caption, IReadOnlyList<DotRow> rows, Scale scale, string axis, IReadOnlyList<string>? series = null, double? mark = null) => Html($"""
        <figure class="dots">{(series is null ? default : Legend(series))}
        <ul style="--step:{(100 * scale.Step / (scale.High - scale.Low)).ToString("0.####", System.Globalization.CultureInfo.InvariantCulture)}%">
        {rows.Select(r => Html($"""
        <li{(r.Strong ? Html($" class=\"strong\"") : default)}><span class="who">{r.Name}</span><span class="track">{(mark is { } m ? Html($"""<i class="mark" style="left:{100 * scale.Place(m)}%"></i>""") : default)}{r.Dots.Select(d => Drawn(d, scale))}</span><span class="what">{r.Text}</span></li>

        """))}</ul>
        <div class="axis" aria-hidden="true"><span></span><span class="ticks">{scale.Ticks.Select(t => Html($"""<i style="left:{100 * scale.Place(t)}%">{scale.Label(t)}</i>"""))}</span><span>{axis}</span></div>
        <figcaption>{caption}</figcaption></figure>

        """);

    public static Markup Legend(IReadOnlyList<string> series) =>
        Html($"""<p class="legend">{series.Select((name, i) => Html($"""<span><i class="dot s{i}"></i> <bdi>{name}</bdi></span> """))}</p>""");

    private static Markup Drawn(Dot dot, Scale scale)
    {
        double Place(double v) => 100 * Math.Clamp(scale.Place(v), 0, 1);
        var range = dot is { Low: { } low, High: { } high } ? Html($"""<i class="range s{dot.Series}" style="left:{Place(low)}%;width:{Place(high) - Place(low)}%"></i>""") : default;
        return dot.Value is { } v ? Html($"""{range}<i class="dot s{dot.Series}" style="left:{Place(v)}%"></i>""") : range;
    }
}
