using ScottPlot;
using ScottPlot.TickGenerators;
using ZooRank.Evaluation;
using ZooRank.Statistics;

namespace ZooRank.Plots;

/// <summary>The plane of feature quality and feature update, a panel for each target: the sources' places in it, and lines on which the score, their product, is the same.</summary>
public static class QualityAndUpdate
{
    private const int MostColumns = 3, Left = 44, Right = 8, Bottom = 50, Top = 4;
    private const float NameSize = 12;

    /// <exception cref="InvalidInputException">No target has both terms and the score that is their product.</exception>
    public static Figure Draw(MetricEvaluation evaluation)
    {
        var targets = evaluation.Targets.Select(t => (Name: t, Terms: ScaledTerms.Of(evaluation, t))).Where(t => t.Terms.Count > 1).ToList();
        if (targets.Count == 0) throw new InvalidInputException("no plane of quality and update: it needs the scores lp and fu, and lp_fu as their product.");
        var columns = Math.Min(MostColumns, targets.Count);
        var height = columns == 1 ? 560 : columns == 2 ? 380 : 290;
        var reversed = evaluation.Scenario == "architecture" ? " (both reversed)" : "";
        var most = targets.Max(t => t.Terms.Count);
        return new(
            $"Feature quality and feature update, {evaluation.Scenario}s compared",
            $"Both terms scaled to 0–1 over a target's {evaluation.Scenario}s{reversed}. Curves: the same score, their product (0.05, 0.2, 0.4, 0.6, 0.8).",
            [.. targets.Select(t => new Panel(t.Name, Plane(t.Terms, Figure.Width / (double)columns, height), height, columns))],
            [new("best AUC", FigureStyle.Highlight, MarkerShape.FilledCircle), new("higher AUC", FigureStyle.Ordered(0, 3), MarkerShape.FilledCircle), new("middle", FigureStyle.Ordered(1, 3), MarkerShape.FilledCircle), new("lower", FigureStyle.Ordered(2, 3), MarkerShape.FilledCircle)]);
    }

    private static Plot Plane(IReadOnlyList<ScaledTerms> terms, double width, int height)
    {
        const double Low = -0.06, High = 1.06;
        var plot = FigureStyle.Axes(Low, High, Low, High, "feature quality", new PixelPadding(Left, Right, Bottom, Top), 12);
        plot.Axes.Left.Label.Text = "feature update";
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom }) axis.TickGenerator = new NumericManual([0, 0.5, 1], ["0", "0.5", "1"]);
        plot.HideGrid();
        foreach (var score in (double[])[0.05, 0.2, 0.4, 0.6, 0.8])
        {
            var line = plot.Add.ScatterLine(Enumerable.Range(0, 61).Select(i => score + ((High - score) * i / 60)).Select(x => new Coordinates(x, score / x)).Where(c => c.Y <= High).ToArray());
            (line.LineColor, line.LineWidth) = (FigureStyle.Muted.WithAlpha(0.35), 1.2f);
        }
        var (areaWidth, areaHeight) = (width - Left - Right, (double)height - Bottom - Top);
        double X(double value) => (value - Low) / (High - Low) * areaWidth;
        double Y(double value) => (High - value) / (High - Low) * areaHeight;
        var size = NameSize;
        var points = terms.Select(t => new LabelledPoint(t.Source, X(t.Lp), Y(t.Fu), FigureStyle.WidthOf(t.Source, size, bold: true))).ToList();
        var places = PointLabels.Place(points, areaWidth, areaHeight, size * 1.05, 4.5);
        var ranks = RankCorrelation.DescendingRanks([.. terms.Select(t => t.Auc)]);
        Coordinates At((double X, double Y) p) => new(Low + (p.X / areaWidth * (High - Low)), High - (p.Y / areaHeight * (High - Low)));
        foreach (var (i, place) in places.Index())
        {
            var (dx, dy) = (Math.Max(0, Math.Abs(place.X - points[i].X) - (points[i].Width / 2)), Math.Max(0, Math.Abs(place.Y - points[i].Y) - (size / 2)));
            if (Math.Sqrt((dx * dx) + (dy * dy)) < 11) continue;
            var near = (X: Math.Clamp(points[i].X, place.X - (points[i].Width / 2), place.X + (points[i].Width / 2)), Y: Math.Clamp(points[i].Y, place.Y - (size / 2), place.Y + (size / 2)));
            var (from, to) = (At((points[i].X, points[i].Y)), At(near));
            plot.Stroke(from.X, from.Y, to.X, to.Y, FigureStyle.Muted.WithAlpha(0.7), 0.8f);
        }
        foreach (var (i, term) in terms.Index())
        {
            var best = ranks[i] < 1.5;
            plot.Add.Marker(term.Lp, term.Fu, MarkerShape.FilledCircle, best ? 11 : 8.5f, best ? FigureStyle.Highlight : FigureStyle.Ordered((int)Math.Round(ranks[i]) - 1, terms.Count));
            var at = At(places[i]);
            plot.Label(term.Source, at.X, at.Y, size, Alignment.MiddleCenter, FigureStyle.Ink, bold: best);
        }
        return plot;
    }
}
