using System.Globalization;
using Spectre.Console;
using ZooRank.Files;
using ZooRank.Plots;
using ZooRank.Runs;
using ZooRank.Truth;

namespace ZooRank.Cli.Display;

/// <summary>What a finished grid says, for people: of each source the best run, and how much the hyperparameters mattered.</summary>
internal static class GridSummary
{
    public static void Print(IReadOnlyList<RunRecord> records) => Print(records, Terminal.Output);

    public static void Print(IReadOnlyList<RunRecord> records, IAnsiConsole console)
    {
        foreach (var runs in Pairs(records))
        {
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]{runs[0].Configuration.Source.Id} on {runs[0].Configuration.Target.Name}[/]: {Count(runs.Count, "run")}{Unfinished(runs)}.");
            if (GroundTruth.Select(runs) is not { } best)
            {
                console.WriteLine("None has a validation loss to choose by. Lower learning rates may not diverge.");
                continue;
            }
            console.WriteLine($"Best by validation loss ({Number(best.ValidationLoss, "0.0000")}): {Hyperparameters(best.Configuration)}.");
            console.WriteLine($"{(best.BestEpoch is { } epoch ? $"Kept: epoch {epoch + 1} of {best.StoppedAt + 1}, v" : "V")}alidation AUC {Number(best.ValidationAuc, "0.000")}, test AUC {Number(best.TestAuc, "0.000")}. {Spread(runs)}");
            if (GroundTruth.Of(runs).Targets is [{ Sources: [{ StandardError: { } error } source] }])
                console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Over {source.Selected.Count} seeds, of each the run with its lowest validation loss: test AUC {source.P:0.000} ± {error:0.000} (standard error)."));
            Table(runs, best, console);
        }
    }

    /// <summary>Draws the learning curves of each source into a folder: curves.svg and curves.png, or, of several, curves-TARGET-SOURCE.</summary>
    /// <returns>The files; none where no run has a curve.</returns>
    public static IReadOnlyList<string> WriteCurves(string folder, IReadOnlyList<RunRecord> records)
    {
        var (files, pairs) = (new List<string>(), Pairs(records));
        foreach (var runs in pairs.Where(runs => runs.Any(r => r.Curve.Count > 0)))
        {
            var name = pairs.Count == 1 ? "curves" : $"curves-{SafeName.Of(runs[0].Configuration.Target.Name)}-{SafeName.Of(runs[0].Configuration.Source.Id)}";
            var figure = LearningCurves.Draw(runs, GroundTruth.Select(runs));
            foreach (var ending in new[] { ".svg", ".png" })
            {
                figure.Save(Path.Combine(folder, name + ending));
                files.Add(Path.Combine(folder, name + ending));
            }
        }
        return files;
    }

    private static List<List<RunRecord>> Pairs(IReadOnlyList<RunRecord> records) => [.. records.GroupBy(r => (Target: r.Configuration.Target.Name, Source: r.Configuration.Source.Id)).Select(g => g.ToList())];

    private static string Unfinished(List<RunRecord> runs)
    {
        var parts = new[] { (RunStatus.Diverged, "diverged"), (RunStatus.Failed, "failed") }.Select(s => (Of: runs.Count(r => r.Status == s.Item1), Word: s.Item2)).Where(s => s.Of > 0).Select(s => $"{s.Of} {s.Word}").ToList();
        return parts.Count == 0 ? "" : ", of which " + string.Join(" and ", parts);
    }

    private static string Spread(List<RunRecord> runs)
    {
        var aucs = TestAucs(runs);
        return aucs.Count < 2 ? "" : $"Over the grid the test AUC runs from {Number(aucs[0], "0.000")} to {Number(aucs[^1], "0.000")}, its median is {Number(Median(aucs), "0.000")}.";
    }

    private static void Table(List<RunRecord> runs, RunRecord best, IAnsiConsole console)
    {
        var rates = runs.Select(r => r.Configuration.LearningRate).Distinct().OrderDescending().ToList();
        var momenta = runs.Select(r => r.Configuration.Momentum).Distinct().Order().ToList();
        if (rates.Count * momenta.Count < 2) return;
        console.WriteLine("Test AUC, the median and in brackets the highest of each cell:");
        WideTable.Print(
            new("learning rate", [.. rates.Select(r => Number(r, "0.############"))]),
            [.. momenta.Select(m => new TableColumnOf($"momentum {Number(m, "0.###")}", [.. rates.Select(rate => Cell(runs.Where(r => r.Configuration.LearningRate == rate && r.Configuration.Momentum == m).ToList()))],
                Emphasis: row => rates[row] == best.Configuration.LearningRate && m == best.Configuration.Momentum))],
            console);
    }

    private static string Cell(List<RunRecord> runs)
    {
        var (aucs, diverged) = (TestAucs(runs), runs.Count(r => r.Status == RunStatus.Diverged));
        if (aucs.Count == 0) return diverged > 0 ? $"{diverged} of {runs.Count} diverged" : "–";
        return $"{Number(Median(aucs), "0.000")} ({Number(aucs[^1], "0.000")}){(diverged > 0 ? $", {diverged} of {runs.Count} diverged" : "")}";
    }

    private static List<double> TestAucs(IEnumerable<RunRecord> runs) => [.. runs.Select(r => r.TestAuc).OfType<double>().Order()];

    private static double Median(List<double> ordered) => (ordered[(ordered.Count - 1) / 2] + ordered[ordered.Count / 2]) / 2;

    private static string Hyperparameters(RunConfiguration c) =>
        string.Create(CultureInfo.InvariantCulture, $"learning rate {c.LearningRate:0.############}, momentum {c.Momentum:0.###}, weight decay {c.WeightDecay:0.############}, batch {c.BatchSize}");

    private static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
