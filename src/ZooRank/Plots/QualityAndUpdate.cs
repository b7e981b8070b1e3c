using ScottPlot;
using ScottPlot.TickGenerators;
using ZooRank.Evaluation;
using ZooRank.Statistics;

namespace ZooRank.Plots;

/// <summary>The plane of feature quality and feature update, a panel for each target: the sources' places in it, and curves on which the score, their product, is the same.</summary>
public static class QualityAndUpdate
{
    private const int MostColumns = 3, Left = 56, Right = 8, Bottom = 46, Top = 4, ShortestName = 4;
    private const double Low = -0.05, High = 1.06;
    private const float NameSize = 12.5f;

    private static readonly double[] Scores = [0.02, 0.1, 0.25, 0.5, 0.75];

    // Of an axis from 0 to 1: as it is, or stretched at the end where most sources lie.
    private static readonly (Func<double, double> Place, double[] Ticks) Even = (v => v, [0, 0.25, 0.5, 0.75, 1]), LowEnd = (Math.Sqrt, [0, 0.1, 0.25, 0.5, 1]), HighEnd = (v => 1 - Math.Sqrt(Math.Max(0, 1 - v)), [0, 0.5, 0.75, 0.9, 1]);

    /// <exception cref="InvalidInputException">No target has both terms and the score that is their product.</exception>
    public static Figure Draw(MetricEvaluation evaluation)
    {
        var targets = evaluation.Targets.Select(t => (Name: t, Terms: ScaledTerms.Of(evaluation, t))).Where(t => t.Terms.Count > 1).ToList();
        if (targets.Count == 0) throw new InvalidInputException("no plane of quality and update: it needs the scores lp and fu, and lp_fu as their product.");
        var columns = Math.Min(MostColumns, targets.Count);
        var height = columns == 1 ? 560 : columns == 2 ? 380 : 240;
        var all = targets.SelectMany(t => t.Terms).ToList();
        var (x, y) = (Axis(all.Select(t => t.Lp)), Axis(all.Select(t => t.Fu)));
        var shortened = Shortened([.. all.Select(t => t.Source).Distinct()]);
        var example = shortened.Where(n => n.Key != n.Value).Select(n => $" Names are shortened: {n.Value} for {n.Key}.").FirstOrDefault();
        return new(
            $"Feature quality and feature update, {evaluation.Scenario}s compared",
            $"Scaled to 0–1 over a target's {evaluation.Scenario}s{(evaluation.Scenario == "architecture" ? ", both reversed" : "")}. Curves: their product is {string.Join(", ", Scores.Select(v => Figure.Number(v, "0.##")))}.\n"
            + (x == Even && y == Even ? "" : "Axes are stretched where most lie.") + example,
            [.. targets.Select(t => new Panel(t.Name, Plane(t.Terms, shortened, x, y, Figure.Width / (double)columns, height), height, columns))],
            [new("best AUC", FigureStyle.Highlight, MarkerShape.FilledCircle), new("higher AUC", FigureStyle.Ordered(0, 3), MarkerShape.FilledCircle), new("middle", FigureStyle.Ordered(1, 3), MarkerShape.FilledCircle), new("lower", FigureStyle.Ordered(2, 3), MarkerShape.FilledCircle)]);
    }

    private static Plot Plane(IReadOnlyList<ScaledTerms> terms, Dictionary<string, string> names, (Func<double, double> Place, double[] Ticks) horizontal, (Func<double, double> Place, double[] Ticks) vertical, double width, int height)
    {
        var plot = FigureStyle.Axes(Low, High, Low, High, "feature quality", new PixelPadding(Left, Right, Bottom, Top), 12);
        plot.Axes.Left.Label.Text = "feature update";
        foreach (var (axis, scale) in new (IAxis, (Func<double, double> Place, double[] Ticks))[] { (plot.Axes.Bottom, horizontal), (plot.Axes.Left, vertical) })
            axis.TickGenerator = new NumericManual([.. scale.Ticks.Select(scale.Place)], [.. scale.Ticks.Select(t => Figure.Number(t, "0.##"))]);
        plot.HideGrid();
        foreach (var score in Scores)
        {
            // Evenly in the logarithm, so that both arms are smooth.
            var curve = plot.Add.ScatterLine(Enumerable.Range(0, 121).Select(i => Math.Pow(score, 1 - (i / 120.0))).Select(x => new Coordinates(horizontal.Place(x), vertical.Place(score / x))).ToArray());
            (curve.LineColor, curve.LineWidth) = (FigureStyle.Muted.WithAlpha(0.35), 1.2f);
        }
        var (areaWidth, areaHeight) = (width - Left - Right, (double)height - Bottom - Top);
        Coordinates At(double x, double y) => new(Low + (x / areaWidth * (High - Low)), High - (y / areaHeight * (High - Low)));
        var spots = terms.Select(t => new Coordinates(horizontal.Place(t.Lp), vertical.Place(t.Fu))).ToList();
        var points = terms.Zip(spots, (t, spot) => new LabelledPoint(names[t.Source], (spot.X - Low) / (High - Low) * areaWidth, (High - spot.Y) / (High - Low) * areaHeight, FigureStyle.WidthOf(names[t.Source], NameSize, bold: true))).ToList();
        var places = PointLabels.Place(points, areaWidth, areaHeight, NameSize * 1.05, 4.5);
        var ranks = RankCorrelation.DescendingRanks([.. terms.Select(t => t.Auc)]);
        foreach (var (point, place) in points.Zip(places).Where(p => p.Second.Far > PointLabels.Led))
        {
            // From the point to the nearest place on the name's edge.
            var (from, to) = (At(point.X, point.Y), At(Math.Clamp(point.X, place.X - (point.Width / 2), place.X + (point.Width / 2)), Math.Clamp(point.Y, place.Y - (NameSize / 2), place.Y + (NameSize / 2))));
            plot.Stroke(from.X, from.Y, to.X, to.Y, FigureStyle.Muted.WithAlpha(0.7), 0.8f);
        }
        // The best lies on top.
        foreach (var i in Enumerable.Range(0, terms.Count).OrderByDescending(i => ranks[i]))
        {
            var best = ranks[i] < 1.5;
            plot.Add.Marker(spots[i].X, spots[i].Y, MarkerShape.FilledCircle, best ? 11 : 8.5f, best ? FigureStyle.Highlight : FigureStyle.Ordered((int)Math.Round(ranks[i]) - 1, terms.Count));
            var at = At(places[i].X, places[i].Y);
            plot.Label(points[i].Text, at.X, at.Y, NameSize, Alignment.MiddleCenter, FigureStyle.Ink, bold: best);
        }
        return plot;
    }

    private static (Func<double, double> Place, double[] Ticks) Axis(IEnumerable<double> values) => values.Order().ToList() is var ordered && ordered[ordered.Count / 2] is var median && median < 0.35 ? LowEnd : median > 0.65 ? HighEnd : Even;

    // Panels are small. What most names end in goes, and what follows an underscore, as long as names stay different and long enough to be known.
    private static Dictionary<string, string> Shortened(IReadOnlyList<string> names)
    {
        var endings = names.SelectMany(n => Enumerable.Range(3, Math.Max(0, n.Length - 5)).Select(length => n[^length..])).GroupBy(e => e).Where(g => g.Count() >= Math.Max(3, names.Count / 2)).ToList();
        var ending = endings.Count == 0 ? null : endings.MaxBy(g => g.Key.Length * g.Count())!.Key;
        string Cut(string name) => name.IndexOf('_') is var underscore && underscore >= ShortestName ? name[..underscore] : ending is not null && name.EndsWith(ending, StringComparison.Ordinal) && name.Length - ending.Length >= ShortestName ? name[..^ending.Length] : name;
        var shorter = names.ToDictionary(n => n, Cut);
        return shorter.Values.Distinct().Count() == names.Count ? shorter : names.ToDictionary(n => n, n => n);
    }
}
