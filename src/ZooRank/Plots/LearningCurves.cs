using ScottPlot;
using ScottPlot.TickGenerators;
using ZooRank.Runs;

namespace ZooRank.Plots;

/// <summary>The learning curves of a grid of runs: validation AUC, validation loss and training loss of every epoch, with the run that counts in front of all others.</summary>
public static class LearningCurves
{
    private const int MostColours = 8;

    /// <param name="runs">Runs of one source and target, in any order; those without a curve (imported ones) are left out.</param>
    /// <param name="best">The run to put in front; null where none finished.</param>
    /// <exception cref="InvalidInputException">No run has a curve.</exception>
    public static Figure Draw(IReadOnlyList<RunRecord> runs, RunRecord? best)
    {
        var drawn = runs.Where(r => r.Curve.Count > 0).ToList();
        if (drawn.Count == 0) throw new InvalidInputException("None of these runs has a learning curve: curves come with runs that ZooRank computed, not with imported ones.");
        var rates = drawn.Select(r => r.Configuration.LearningRate).Distinct().Order().ToList();
        var coloured = rates.Count is > 1 and <= MostColours;
        Color Colour(RunRecord run) => coloured ? FigureStyle.Ordered(rates.IndexOf(run.Configuration.LearningRate), rates.Count) : FigureStyle.Muted;

        var others = drawn.Where(r => r.Id != best?.Id).OrderBy(r => r.Configuration.LearningRate).ToList();
        var front = drawn.FirstOrDefault(r => r.Id == best?.Id);
        var lastEpoch = drawn.Max(r => r.Curve[^1].Epoch) + 1;

        Plot Panel(Func<EpochRecord, double?> value, (double Bottom, double Top) limits, bool last)
        {
            var plot = FigureStyle.Axes(0, Math.Max(lastEpoch, 2) * 1.01, limits.Bottom, limits.Top, last ? "epoch" : null);
            plot.Axes.Bottom.TickGenerator = new NumericAutomatic { TickDensity = 0.6, IntegerTicksOnly = true };
            foreach (var run in others) Line(plot, run, value, Colour(run).WithAlpha(Opacity(others.Count)), 1.4f);
            if (front is null) return plot;
            Line(plot, front, value, Colors.White.WithAlpha(0.85), 6);
            Line(plot, front, value, FigureStyle.Highlight, 3);
            if (front.BestEpoch is { } kept && front.Curve.FirstOrDefault(e => e.Epoch == kept) is { } epoch && value(epoch) is { } y)
                plot.Add.Marker(kept + 1, y, MarkerShape.FilledCircle, 11, FigureStyle.Highlight);
            return plot;
        }

        var auc = AucLimits(drawn);
        var (validation, validationCut) = LossLimits(drawn, front, e => e.ValidationLoss);
        var (train, trainCut) = LossLimits(drawn, front, e => e.TrainLoss);
        List<KeyEntry> key = [];
        if (front is not null && others.Count > 0) key.Add(new("best run", FigureStyle.Highlight));
        if (coloured) key.AddRange([new("learning rate"), .. rates.Select((rate, i) => new KeyEntry(Rate(rate), FigureStyle.Ordered(i, rates.Count)))]);
        return new Figure(
            Title(drawn[0].Configuration), Subtitle(runs, drawn.Count, front),
            [
                new("Validation AUC", Panel(e => e.ValidationAuc, auc, last: false), 330),
                new("Validation loss" + Cut(validationCut), Panel(e => e.ValidationLoss, validation, last: false), 230),
                new("Training loss" + Cut(trainCut), Panel(e => e.TrainLoss, train, last: true), 260),
            ],
            key);
    }

    private static string Title(RunConfiguration run) => $"{run.Source.Id}, fine-tuned on {run.Target.Name}";

    private static string Subtitle(IReadOnlyList<RunRecord> runs, int drawn, RunRecord? front)
    {
        var diverged = runs.Count(r => r.Status == RunStatus.Diverged);
        var count = $"{drawn} run{(drawn == 1 ? "" : "s")}{(diverged > 0 ? $", {diverged} of them diverged" : "")}.";
        if (front is null) return count;
        var c = front.Configuration;
        var chosen = $"{(runs.Count == 1 ? "L" : "Best by validation loss: l")}earning rate {Rate(c.LearningRate)}, momentum {Figure.Number(c.Momentum, "0.##")}, weight decay {Rate(c.WeightDecay)}, batch {c.BatchSize}.";
        var test = front.TestAuc is { } testAuc ? $", test AUC {Figure.Number(testAuc, "0.000")}" : "";
        var kept = front.BestEpoch is { } epoch && front.ValidationAuc is { } auc ? $"Kept (the dot): epoch {epoch + 1}, validation AUC {Figure.Number(auc, "0.000")}{test}." : "";
        return $"{count}\n{chosen}\n{kept}";
    }

    /// <summary>As people write rates: 0.01, 0.0001, 1e−5.</summary>
    private static string Rate(double rate) => rate is 0 or >= 1e-4 ? Figure.Number(rate, "0.######") : Figure.Number(rate, "0.##e0");

    private static string Cut(bool cut) => cut ? " (higher values are cut off)" : "";

    // Many lines shine through each other; a few need not.
    private static double Opacity(int lines) => Math.Clamp(12.0 / Math.Max(lines, 1), 0.5, 0.9);

    private static void Line(Plot plot, RunRecord run, Func<EpochRecord, double?> value, Color colour, float width)
    {
        var points = run.Curve.Where(e => value(e) is not null).Select(e => new Coordinates(e.Epoch + 1, value(e)!.Value)).ToArray();
        if (points.Length == 0) return;
        var line = plot.Add.Scatter(points, colour);
        (line.LineWidth, line.MarkerSize) = (width, points.Length == 1 ? 2 * width : 0);
    }

    private static (double Bottom, double Top) AucLimits(List<RunRecord> runs)
    {
        var values = runs.SelectMany(r => r.Curve).Select(e => e.ValidationAuc).OfType<double>().Order().ToList();
        if (values.Count == 0) return (0, 1);
        var (low, high) = (Quantile(values, 0.01), values[^1]);
        var room = Math.Max(0.01, 0.06 * (high - low));
        return (Math.Max(0, low - room), Math.Min(1.005, high + room));
    }

    // A diverging run would press all others flat: the panel ends above what nearly all values reach, and always above the best run.
    private static ((double Bottom, double Top) Limits, bool Cut) LossLimits(List<RunRecord> runs, RunRecord? front, Func<EpochRecord, double?> value)
    {
        var values = runs.SelectMany(r => r.Curve).Select(value).OfType<double>().Order().ToList();
        if (values.Count == 0) return ((0, 1), false);
        var top = 1.08 * Math.Max(Math.Min(values[^1], 1.5 * Quantile(values, 0.9)), front?.Curve.Select(value).OfType<double>().DefaultIfEmpty(0).Max() ?? 0);
        return ((0, Math.Max(top, 1e-6)), values[^1] > top);
    }

    private static double Quantile(List<double> ordered, double share) => ordered[(int)Math.Round(share * (ordered.Count - 1))];
}
