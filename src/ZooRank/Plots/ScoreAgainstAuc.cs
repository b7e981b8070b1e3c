using ScottPlot;
using ScottPlot.TickGenerators;
using ZooRank.Evaluation;
using ZooRank.Metrics;

namespace ZooRank.Plots;

/// <summary>A metric's scores against the AUCs after fine-tuning, a panel for each target.</summary>
public static class ScoreAgainstAuc
{
    private const int MostColumns = 3, Left = 60, Right = 10, Bottom = 50, Top = 4;
    private const float NameSize = 12.5f;

    /// <param name="evaluation">Whose scores.</param>
    /// <param name="metric">Null: the paper's where it is there, else that of the best average rank.</param>
    /// <exception cref="InvalidInputException">It has no such metric.</exception>
    public static Figure Draw(MetricEvaluation evaluation, string? metric = null)
    {
        metric ??= evaluation.Scores.ContainsKey(FeatureCombination.Metric.Name) ? FeatureCombination.Metric.Name : evaluation.Compared.MinBy(m => evaluation.AverageRanks[m])!;
        if (!evaluation.Scores.TryGetValue(metric, out var scores)) throw Suggestions.Unknown("metric", metric, [.. evaluation.Scores.Keys]);
        var panels = evaluation.Targets.Select(target => (Target: target, Points: evaluation.Truth.Sources.Select(s => (Source: s, Score: scores[s, target], Auc: evaluation.Truth[s, target]))
            .Where(p => p is { Score: not null, Auc: not null }).Select(p => (p.Source, Score: p.Score!.Value, Auc: p.Auc!.Value * 100)).ToList())).Where(p => p.Points.Count > 2).ToList();
        var columns = Math.Min(MostColumns, panels.Count);
        var height = columns == 1 ? 480 : columns == 2 ? 320 : 236;
        return new(
            $"{metric} against AUC after fine-tuning, {evaluation.Scenario}s compared", "A point is a source's score and AUC × 100. Named: where the metric's first choice lies, and the best by AUC.",
            [.. panels.Select(p => new Panel($"{p.Target}   τ_w {(evaluation.TauW[metric][p.Target] is { } tau ? Figure.Number(tau, "0.00") : "–")}", Panel(p.Points, metric, Figure.Width / (double)columns, height), height, columns))],
            [new("best by AUC", FigureStyle.Highlight, MarkerShape.FilledCircle), new("the metric's first choice", FigureStyle.Ordered(1, 4), MarkerShape.FilledSquare), new("others", FigureStyle.Muted, MarkerShape.FilledCircle)]);
    }

    private static Plot Panel(List<(string Source, double Score, double Auc)> points, string metric, double width, int height)
    {
        static (double Low, double High) Limits(IEnumerable<double> values, double room) => (values.Min(), values.Max()) is var (low, high) && high > low ? (low - (room * (high - low)), high + (room * (high - low))) : (low - 1, low + 1);
        var ((left, right), (bottom, top)) = (Limits(points.Select(p => p.Score), 0.1), Limits(points.Select(p => p.Auc), 0.17));
        var plot = FigureStyle.Axes(left, right, bottom, top, metric, new PixelPadding(Left, Right, Bottom, Top), 12);
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom }) axis.TickGenerator = new NumericAutomatic { TickDensity = 0.45, LabelFormatter = v => Figure.Number(v, "0.####") };
        plot.Axes.Left.Label.Text = "AUC × 100";

        var (best, chosen) = (points.MaxBy(p => p.Auc), points.MaxBy(p => p.Score));
        var (areaWidth, areaHeight) = (width - Left - Right, (double)height - Bottom - Top);
        double X(double v) => (v - left) / (right - left) * areaWidth;
        double Y(double v) => (top - v) / (top - bottom) * areaHeight;
        bool Named(string source) => source == best.Source || source == chosen.Source;
        var places = PointLabels.Place([.. points.Select(p => new LabelledPoint(p.Source, X(p.Score), Y(p.Auc), Named(p.Source) ? FigureStyle.WidthOf(p.Source, NameSize, bold: true) : 0))], areaWidth, areaHeight, NameSize * 1.1, 5);
        foreach (var point in points.OrderBy(p => Named(p.Source)))
        {
            var (shape, colour) = point.Source == best.Source ? (point.Source == chosen.Source ? MarkerShape.FilledSquare : MarkerShape.FilledCircle, FigureStyle.Highlight)
                : point.Source == chosen.Source ? (MarkerShape.FilledSquare, FigureStyle.Ordered(1, 4)) : (MarkerShape.FilledCircle, FigureStyle.Muted.WithAlpha(0.75));
            plot.Add.Marker(point.Score, point.Auc, shape, Named(point.Source) ? 11 : 8, colour);
        }
        foreach (var (i, point) in points.Index())
        {
            if (!Named(point.Source)) continue;
            plot.Label(point.Source, left + (places[i].X / areaWidth * (right - left)), top - (places[i].Y / areaHeight * (top - bottom)), NameSize, Alignment.MiddleCenter, FigureStyle.Ink, bold: point.Source == best.Source);
        }
        return plot;
    }
}
