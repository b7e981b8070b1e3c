using ScottPlot;
using ScottPlot.TickGenerators;
using ZooRank.Evaluation;
using ZooRank.Statistics;

namespace ZooRank.Plots;

/// <summary>What the two terms of the paper's metric do alone and together: weighted τ of each on every target, and on average.</summary>
public static class Ablation
{
    private const double Row = 40, Apart = 0.25;

    private static readonly (string Name, Func<ScaledTerms, double> Value, MarkerShape Shape, Color Colour)[] Kinds =
    [
        ("feature quality (LP)", t => t.Lp, MarkerShape.FilledSquare, Color.FromHex("#2a788e")),
        ("feature update (FU)", t => t.Fu, MarkerShape.FilledTriangleUp, Color.FromHex("#440154")),
        ("their product", t => t.Score, MarkerShape.FilledCircle, FigureStyle.Highlight),
    ];

    /// <exception cref="InvalidInputException">No target has both terms and the score that is their product.</exception>
    public static Figure Draw(MetricEvaluation evaluation)
    {
        var targets = evaluation.Targets.Select(t => (Name: t, Terms: ScaledTerms.Of(evaluation, t))).Where(t => t.Terms.Count > 2).ToList();
        if (targets.Count == 0) throw new InvalidInputException("no ablation: it needs the scores lp and fu, and lp_fu as their product.");
        var tau = Kinds.Select(k => targets.Select(t => WeightedTau.Of([.. t.Terms.Select(k.Value)], [.. t.Terms.Select(s => s.Auc)])).ToList()).ToList();
        var means = tau.Select(values => values.OfType<double>().ToList()).Select(known => (Mean: known.Count > 0 ? known.Average() : (double?)null, Interval: Bootstrap.OfMean(known))).ToList();

        var lowest = tau.SelectMany(v => v).OfType<double>().Append(0).Min();
        var names = targets.Select(t => t.Name).ToList();
        var size = FigureStyle.Fitting(names, 15, 220);
        var left = Figure.Margin + names.Append("mean, 95 %").Max(n => FigureStyle.WidthOf(n, size, bold: true)) + 14;
        var height = (int)((Row * (targets.Count + 1.2)) + 60);
        // Rows are counted downwards from 0; the mean stands below the last, a little apart.
        double Y(int row) => -(row + (row == targets.Count ? 0.2 : 0));
        var plot = FigureStyle.Axes(Math.Floor((lowest * 10) - 0.5) / 10, 1, Y(targets.Count) - 0.5, 0.5, "weighted τ with AUC", new PixelPadding((float)left, 24, 58, 2));
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { TickDensity = 0.6, LabelFormatter = v => Figure.Number(v, "0.0") };
        plot.Grid.XAxisStyle.IsVisible = true;
        plot.Grid.YAxisStyle.IsVisible = false;
        var (from, to) = (plot.Axes.GetLimits().Left, plot.Axes.GetLimits().Right);
        for (var row = 0; row <= targets.Count; row++)
        {
            if (row % 2 == 0 && row < targets.Count) Band(plot, from, to, Y(row) - 0.5, Y(row) + 0.5);
            if (row == targets.Count) plot.Stroke(from, Y(row) + 0.6, to, Y(row) + 0.6, FigureStyle.Muted);
        }
        plot.Stroke(0, Y(targets.Count) - 0.5, 0, 0.5, FigureStyle.Muted, 1.5f);
        foreach (var (row, (name, _)) in targets.Index())
        {
            if (evaluation.Random.TryGetValue(name, out var chance)) plot.Stroke(chance.Percentile95, Y(row) - 0.53, chance.Percentile95, Y(row) + 0.53, FigureStyle.Muted, 1.5f);
            foreach (var (k, kind) in Kinds.Index())
                if (tau[k][row] is { } value) Point(plot, value, Y(row) + (Apart * (1 - k)), kind);
        }
        foreach (var (k, kind) in Kinds.Index())
        {
            var y = Y(targets.Count) + (Apart * (1 - k));
            if (means[k].Interval is { } i) plot.Stroke(i.Low, y, i.High, y, kind.Colour.WithAlpha(0.45), 6);
            if (means[k].Mean is not { } mean) continue;
            plot.Add.Marker(mean, y, kind.Shape, 12, kind.Colour);
        }
        plot.Axes.Left.TickGenerator = new NumericManual([.. Enumerable.Range(0, targets.Count + 1).Select(Y)], [.. names, "mean, 95 %"]);
        plot.Axes.Left.TickLabelStyle.FontSize = size;
        plot.Axes.Left.TickLabelStyle.ForeColor = FigureStyle.Ink;
        var reversed = evaluation.Scenario == "architecture" ? "Both terms reversed, as they enter the product. " : "";
        return new(
            $"Feature quality, feature update and their product, {evaluation.Scenario}s compared",
            $"Weighted τ with AUC. Upright grey lines: what one random ranking in twenty exceeds.\n{reversed}Means: {string.Join(", ", Kinds.Index().Select(k => $"{Short(k.Index)} {(means[k.Index].Mean is { } m ? Figure.Number(m, "0.000") : "–")}"))}.",
            [new("", plot, height)],
            [.. Kinds.Select(k => new KeyEntry(k.Name, k.Colour, k.Shape))]);
    }

    private static string Short(int kind) => kind switch { 0 => "LP", 1 => "FU", _ => "LP × FU" };

    private static void Point(Plot plot, double value, double y, (string Name, Func<ScaledTerms, double> Value, MarkerShape Shape, Color Colour) kind)
    {
        plot.Stroke(0, y, value, y, kind.Colour.WithAlpha(0.55), 2.2f);
        plot.Add.Marker(value, y, kind.Shape, 10, kind.Colour);
    }

    private static void Band(Plot plot, double left, double right, double bottom, double top)
    {
        var band = plot.Add.Rectangle(left, right, bottom, top);
        (band.FillColor, band.LineWidth) = (FigureStyle.Faint.WithAlpha(0.4), 0);
    }
}
