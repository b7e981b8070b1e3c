using ScottPlot;
using ZooRank.Evaluation;

namespace ZooRank.Plots;

/// <summary>The metrics' average ranks on a line, with bars below those that Nemenyi's test cannot tell apart (Demšar, JMLR 2006, figure 1).</summary>
public static class CriticalDifference
{
    private const double Row = 28, Bar = 11, Axis = 74;
    private const float Size = 16;

    /// <exception cref="InvalidInputException">Fewer than two metrics or targets were compared.</exception>
    public static Figure Draw(MetricEvaluation evaluation)
    {
        if (evaluation is not { Friedman: { } friedman, CriticalDifference: { } difference }) throw new InvalidInputException("no critical difference: it needs two metrics on two targets that do not all tie.");
        var order = evaluation.AverageRanks.OrderBy(a => a.Value).ToList();
        var names = order.Select(a => $"{a.Key}  {Figure.Number(a.Value, "0.00")}").ToList();
        var size = FigureStyle.Fitting(names, Size, 210);
        var side = Figure.Margin + names.Max(n => FigureStyle.WidthOf(n, size)) + 30;
        var (first, last) = (side, Figure.Width - side);
        double X(double rank) => first + ((rank - 1) / (order.Count - 1) * (last - first));

        var half = (order.Count + 1) / 2;
        var rows = Axis + 20 + (Bar * evaluation.NotTold.Count);
        var height = (int)(rows + (Row * half));
        var plot = FigureStyle.Sheet(Figure.Width, height);
        plot.Stroke(first, Axis, last, Axis, FigureStyle.Ink, 1.6f);
        for (var rank = 1; rank <= order.Count; rank++)
        {
            plot.Stroke(X(rank), Axis - 8, X(rank), Axis, FigureStyle.Ink, 1.6f);
            if (order.Count <= 20 || rank % 5 == 0 || rank == 1) plot.Label($"{rank}", X(rank), Axis - 12, 15, Alignment.LowerCenter, FigureStyle.Muted);
        }
        // The critical difference as a length on the same scale.
        var end = Math.Min(X(1 + difference), Figure.Width - Figure.Margin);
        plot.Stroke(first, 28, end, 28, FigureStyle.Highlight, 2.5f);
        foreach (var x in (double[])[first, end]) plot.Stroke(x, 23, x, 33, FigureStyle.Highlight, 2.5f);
        plot.Label($"critical difference {Figure.Number(difference, "0.000")}", (first + end) / 2, 20, 15, Alignment.LowerCenter, FigureStyle.Highlight);

        foreach (var (i, (name, rank)) in order.Index())
        {
            var better = i < half;
            var (y, at) = (rows + (Row * (better ? i : order.Count - 1 - i)) + 8, better ? first - 14 : last + 14);
            plot.Stroke(X(rank), Axis, X(rank), y, FigureStyle.Muted);
            plot.Stroke(X(rank), y, at, y, FigureStyle.Muted);
            plot.Label(names[i], at + (better ? -6 : 6), y, size, better ? Alignment.MiddleRight : Alignment.MiddleLeft, FigureStyle.Ink, bold: i == 0);
        }
        foreach (var (g, group) in evaluation.NotTold.Index())
        {
            var y = Axis + 14 + (Bar * g);
            plot.Stroke(X(evaluation.AverageRanks[group[0]]) - 5, y, X(evaluation.AverageRanks[group[^1]]) + 5, y, FigureStyle.Ink, 5);
        }
        return new(
            $"Average ranks of the metrics over {evaluation.Targets.Count} targets, {evaluation.Scenario}s compared",
            $"By weighted τ with AUC; 1 is the best. Metrics on one thick bar cannot be told apart (Nemenyi, α = 0.05).\nFriedman: χ² = {Figure.Number(friedman.Statistic, "0.00")}, p {EvaluationWords.P(friedman.P)}.",
            [new("", plot, height)]);
    }
}
