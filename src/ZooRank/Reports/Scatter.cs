using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <param name="X">Across.</param>
/// <param name="Y">Up.</param>
/// <param name="Name">Its label, and the first line of what hovering shows.</param>
/// <param name="Detail">The second.</param>
/// <param name="Series">Which colour and shape.</param>
/// <param name="Index">The same in two drawings: the same thing. Hovering over one shows the other.</param>
/// <param name="Picture">Shown beside the name on hovering, a data URI.</param>
internal sealed record Point(double X, double Y, string Name, string Detail, int Series = 0, int? Index = null, string? Picture = null);

/// <summary>Points on a plane, as SVG. The script lets the arrow keys go from point to point; what a point is is its title without.</summary>
internal sealed record Scatter
{
    public required string Title { get; init; }

    /// <summary>What is to be seen, in words, for those who do not see it.</summary>
    public required string Description { get; init; }

    public required IReadOnlyList<Point> Points { get; init; }

    public required Scale X { get; init; }
    public required Scale Y { get; init; }

    public string XLabel { get; init; } = "";
    public string YLabel { get; init; } = "";
    public double Width { get; init; } = 460;
    public double Height { get; init; } = 400;

    /// <summary>How many points have their name beside them, the first ones.</summary>
    public int Named { get; init; }

    /// <summary>Products x·y whose lines are drawn.</summary>
    public IReadOnlyList<double> Products { get; init; } = [];

    /// <summary>No ticks: the axes have no meaning of their own.</summary>
    public bool Bare { get; init; }

    private const double Small = 3.4, Large = 5, LetterWidth = 6.6, LineHeight = 12;

    private double Left => Bare ? 8 : YLabel.Length > 0 ? 52 : 40;

    private double Bottom => Height - (Bare ? 8 : XLabel.Length > 0 ? 42 : 24);

    private double Right => Width - 14;

    private double Top => Products.Count > 0 ? 26 : 10;

    private double PlaceX(double x) => Left + (X.Place(x) * (Right - Left));

    private double PlaceY(double y) => Bottom - (Y.Place(y) * (Bottom - Top));

    public Markup Draw() => Html($"""
        <svg class="plot" role="img" viewBox="0 0 {Width} {Height}" style="max-width:{Width * 1.3}px" aria-label="{Title}. {Description}">
        {(Bare ? Html($"""<rect class="frame" x="1" y="1" width="{Width - 2}" height="{Height - 2}" rx="6"/>""") : Axes())}{Products.Select(Line)}{Names()}<g class="points">{Points.Select(Drawn)}</g></svg>

        """);

    private Markup Axes() => Html($"""
        <g class="axes">{X.Ticks.Select(t => Html($"""<path d="M{PlaceX(t)} {Top}V{Bottom}"/><text x="{PlaceX(t)}" y="{Bottom + 15}" text-anchor="middle">{X.Label(t)}</text>"""))}{Y.Ticks.Select(t => Html($"""<path d="M{Left} {PlaceY(t)}H{Right}"/><text x="{Left - 6}" y="{PlaceY(t) + 4}" text-anchor="end">{Y.Label(t)}</text>"""))}</g>
        <g class="labels">{(XLabel.Length > 0 ? Html($"""<text x="{(Left + Right) / 2}" y="{Height - 6}" text-anchor="middle">{XLabel}</text>""") : default)}{(YLabel.Length > 0 ? Html($"""<text transform="translate(13 {(Top + Bottom) / 2})rotate(-90)" text-anchor="middle">{YLabel}</text>""") : default)}</g>

        """);

    // x·y = s from where it enters the square at the top to where it leaves it at the right.
    private Markup Line(double s)
    {
        var path = Join(Html($"L"), Enumerable.Range(0, 33).Select(i => s + ((1 - s) * i / 32)).Select(x => Html($"{PlaceX(x)} {PlaceY(s / x)}")));
        return Html($"""<path class="iso" d="M{path}"/><text class="isolabel" x="{PlaceX(s)}" y="{PlaceY(1) - 5}" text-anchor="middle">{Words.Short(s)}</text>""");
    }

    private Markup Drawn(Point p)
    {
        var (x, y) = (PlaceX(p.X), PlaceY(p.Y));
        var index = p.Index is { } i ? Html($" data-i=\"{i}\"") : default;
        var picture = p.Picture is { } uri ? Html($" data-picture=\"{uri}\"") : default;
        return Html($"""
            <path class="s{p.Series}"{index}{picture} d="{Shape(x, y, Points.Count > 60 ? Small : Points.Count > 20 || Width < 300 ? 4 : Large, p.Series)}"><title>{p.Name}
            {p.Detail}</title></path>

            """);
    }

    /// <summary>Circle, square, triangle, diamond, cross, triangle downwards; of the same area, roughly.</summary>
    private static Markup Shape(double x, double y, double r, int series) => (series % 6) switch
    {
        0 => Html($"M{x - r} {y}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"),
        1 => Html($"M{x - (0.9 * r)} {y - (0.9 * r)}h{1.8 * r}v{1.8 * r}h{-1.8 * r}z"),
        2 => Html($"M{x} {y - (1.25 * r)}l{1.2 * r} {2.1 * r}h{-2.4 * r}z"),
        3 => Html($"M{x} {y - (1.3 * r)}l{1.3 * r} {1.3 * r}l{-1.3 * r} {1.3 * r}l{-1.3 * r} {-1.3 * r}z"),
        4 => Html($"M{x - (0.4 * r)} {y - (1.2 * r)}h{0.8 * r}v{0.8 * r}h{0.8 * r}v{0.8 * r}h{-0.8 * r}v{0.8 * r}h{-0.8 * r}v{-0.8 * r}h{-0.8 * r}v{-0.8 * r}h{0.8 * r}z"),
        _ => Html($"M{x} {y + (1.25 * r)}l{1.2 * r} {-2.1 * r}h{-2.4 * r}z"),
    };

    // Each name right of its point, left, above or below: the first place that is free; where none is, hovering shows it.
    private Markup Names()
    {
        var taken = Points.Select(p => (Left: PlaceX(p.X) - 5, Top: PlaceY(p.Y) - 5, Right: PlaceX(p.X) + 5, Bottom: PlaceY(p.Y) + 5)).ToList();
        taken.AddRange(Products.Select(s => (PlaceX(s) - 14, 0.0, PlaceX(s) + 14, Top)));
        var names = new List<Markup>();
        foreach (var (p, own) in Points.Take(Named).Select((p, i) => (p, i)))
        {
            var text = Words.Cut(p.Name, 22);
            var (x, y, width) = (PlaceX(p.X), PlaceY(p.Y), LetterWidth * text.Length);
            foreach (var (left, middle, anchor) in ((double, double, string)[])[(x + 8, y, "start"), (x - 8 - width, y, "end"), (x - (width / 2), y - 12, "middle"), (x - (width / 2), y + 12, "middle")])
            {
                var box = (Left: left, Top: middle - (LineHeight / 2), Right: left + width, Bottom: middle + (LineHeight / 2));
                if (box.Left < Left || box.Right > Width || box.Top < Top - 8 || box.Bottom > Bottom + 8 || taken.Where((_, i) => i != own).Any(t => t.Left < box.Right && box.Left < t.Right && t.Top < box.Bottom && box.Top < t.Bottom)) continue;
                taken.Add(box);
                names.Add(Html($"""<text x="{anchor switch { "start" => left, "end" => left + width, _ => x }}" y="{middle + 4}" text-anchor="{anchor}">{text}</text>"""));
                break;
            }
        }
        return names.Count > 0 ? Html($"""<g class="names" aria-hidden="true">{names}</g>""") : default;
    }
}
