using System.Globalization;
using MathNet.Numerics.Statistics;
using ZooRank.Runs;
using ZooRank.Statistics;

namespace ZooRank.Truth;

/// <summary>Which run stands for a seed.</summary>
public enum RunSelection
{
    /// <summary>The paper's: of all runs of that seed the one with the lowest validation loss. With few validation images seeds choose different hyperparameters, and differ by that too.</summary>
    Seed,

    /// <summary>
    /// The one with the hyperparameters whose validation loss, in the mean over the seeds, is the lowest: the same for all seeds, so that they differ by chance alone. Only hyperparameters that the most seeds have finished count.
    /// </summary>
    Mean,
}

/// <summary>The run that stands for a seed (<see cref="RunSelection"/>); of equal losses the first by id.</summary>
public sealed record SelectedRun(int Seed, string Id, double ValidationLoss, double TestAuc);

/// <summary>How well a source model does on a target.</summary>
/// <param name="Source">Its name; where a table has several models of one name, with what tells them apart.</param>
/// <param name="Model">As the runs have it.</param>
/// <param name="P">P(φ, T): mean over the seeds of the selected runs' test AUC.</param>
/// <param name="StandardDeviation">Over the seeds; null of one.</param>
/// <param name="Selected">One a seed, in their order.</param>
/// <param name="Finished">Runs with a result.</param>
/// <param name="Diverged">Runs whose loss became NaN.</param>
/// <param name="Failed">Runs that an imported log calls failed.</param>
/// <param name="Worst">Test AUC of the worst finished run: how much the choice of hyperparameters matters.</param>
/// <param name="Median">Of all finished runs.</param>
/// <param name="Best">Of all finished runs. Above P, since it was chosen by looking at the test images.</param>
/// <param name="Hours">Of computing, all runs together.</param>
/// <param name="ToldFromBest">Whether its difference from the best source is significant (Holm-adjusted p below 0.05); null of the best itself, and where it cannot be tested.</param>
public sealed record SourcePerformance(
    string Source, RunSource Model, double P, double? StandardDeviation, IReadOnlyList<SelectedRun> Selected, int Finished, int Diverged, int Failed,
    double Worst, double Median, double Best, double Hours, bool? ToldFromBest)
{
    /// <summary>Of P.</summary>
    public double? StandardError => StandardDeviation / Math.Sqrt(Selected.Count);
}

/// <param name="First">The source with the higher P.</param>
/// <param name="Second">The other.</param>
/// <param name="Difference">Of their P.</param>
/// <param name="Test">Welch's, over the seeds.</param>
/// <param name="AdjustedP">By Holm, over all pairs of the table.</param>
public sealed record SourceComparison(string First, string Second, double Difference, WelchTest Test, double AdjustedP);

/// <summary>The sources of one target, under one protocol and on the same images: what may be compared.</summary>
/// <param name="Target">Its name; where there are several tables of one target, with what tells them apart.</param>
/// <param name="Task">As the runs have it.</param>
/// <param name="Sources">From the highest P to the lowest.</param>
/// <param name="Comparisons">All pairs of sources with at least two seeds each.</param>
public sealed record TargetTruth(string Target, RunTarget Task, IReadOnlyList<SourcePerformance> Sources, IReadOnlyList<SourceComparison> Comparisons);

/// <summary>
/// The ground truth of transferability, P(φ, T), of the runs of a store: each source fine-tuned on each target over a grid of hyperparameters, one run selected by validation loss (arXiv 2412.20172, section 4).
/// Runs on other images, or under another protocol, are never mixed.
/// </summary>
/// <param name="Targets">By name.</param>
/// <param name="Caveats">What to know before believing it.</param>
public sealed record GroundTruth(IReadOnlyList<TargetTruth> Targets, IReadOnlyList<Caveat> Caveats)
{
    /// <summary>A difference is called real when its adjusted p-value is below this.</summary>
    public const double Significance = 0.05;

    // Where one of these differs the runs are still of one grid, or of several sources on one target.
    private static readonly RunSource AnySource = new() { Id = "" };
    private static readonly RunTarget AnyTarget = new() { Name = "" };

    public static GroundTruth Of(IReadOnlyList<RunRecord> records, RunSelection selection = RunSelection.Seed)
    {
        var caveats = new List<Caveat>();
        if (selection == RunSelection.Mean) caveats.Add(new("selected-over-seeds", "hyperparameters are those with the lowest validation loss in the mean over the seeds, not, as published, each seed's own."));
        var targets = new List<TargetTruth>();
        foreach (var target in records.GroupBy(r => r.Configuration.Target.Name).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var protocols = target.GroupBy(r => ProtocolOf(r.Configuration).Id).ToList();
            var labels = Labels(target.Key, [.. protocols.Select(p => ProtocolOf(p.First().Configuration))]);
            if (protocols.Count > 1)
                caveats.Add(new("several-protocols", $"runs on {protocols.Count} different sets of images or under different protocols are kept apart: {string.Join("; ", labels)}.", target.Key));
            targets.AddRange(protocols.Zip(labels, (runs, label) => Table(label, [.. runs], selection, caveats)).OrderBy(t => t.Target, StringComparer.Ordinal));
        }
        // A leave-target-out source has another checkpoint for every target, and is one source all the same.
        var changing = records.GroupBy(r => r.Configuration.Source.Id).Where(name => name.Select(r => r.Configuration.Target.Name).Distinct().Count() > 1 && name.Select(r => ModelOf(r.Configuration).Id).Distinct().Count() > 1).Select(name => name.Key).Order(StringComparer.Ordinal).ToList();
        if (changing.Count > 0) caveats.Add(new("source-differs-between-targets", $"{string.Join(", ", changing)}: another model on one target than on another (checkpoint, preprocessing or dropout). Tables over several targets take what has one name for one source."));
        var imported = records.Count(r => r.Imported is not null);
        if (imported > 0)
            caveats.Add(new("imported", string.Create(CultureInfo.InvariantCulture, $"{imported} runs are from imported logs, which say nothing of the images, and of the protocol only what they have columns for: that the runs of one target are comparable is taken on trust.")));
        return new(targets, caveats);
    }

    private static TargetTruth Table(string target, List<RunRecord> runs, RunSelection selection, List<Caveat> caveats)
    {
        var models = runs.GroupBy(r => ModelOf(r.Configuration).Id).Select(g => g.ToList()).ToList();
        var labels = new string[models.Count];
        foreach (var name in models.Index().GroupBy(m => m.Item[0].Configuration.Source.Id))
        {
            var variants = name.ToList();
            foreach (var (variant, label) in variants.Zip(Labels(name.Key, [.. variants.Select(v => ModelOf(v.Item[0].Configuration))]))) labels[variant.Index] = label;
            if (variants.Count > 1) caveats.Add(new("several-sources", $"{variants.Count} different models are called {name.Key} and are kept apart.", target));
        }

        // Each seed of each source should have tried the whole grid: the lowest of many validation losses is lower than that of few.
        var grid = runs.Select(GridPoint).Distinct().Count();
        var incomplete = models.Zip(labels, (m, label) => (Label: label, Done: m.Where(IsDone).GroupBy(r => r.Configuration.Seed).Select(s => s.Select(GridPoint).Distinct().Count()).DefaultIfEmpty(0).Min())).Where(m => m.Done < grid).ToList();
        if (incomplete.Count > 0)
            caveats.Add(new("incomplete-grid", string.Create(CultureInfo.InvariantCulture, $"of the {grid} points of the grid, {string.Join(", ", incomplete.Select(m => $"{m.Label} has {m.Done}"))}{(models.Any(m => m.Select(r => r.Configuration.Seed).Distinct().Count() > 1) ? " (in the seed with the fewest)" : "")}: the selection may change."), target));
        var unusable = runs.Count(r => r.Status == RunStatus.Finished && !IsUsable(r));
        if (unusable > 0) caveats.Add(new("undefined-result", string.Create(CultureInfo.InvariantCulture, $"{unusable} finished runs have no validation loss or no test AUC; they are not selected from."), target));

        var sources = models.Zip(labels, (m, label) => Performance(label, m, selection)).OfType<SourcePerformance>().OrderByDescending(s => s.P).ThenBy(s => s.Source, StringComparer.Ordinal).ToList();
        var without = labels.Except(sources.Select(s => s.Source)).ToList();
        if (without.Count > 0) caveats.Add(new("no-result", $"no run of {string.Join(", ", without)} has a result.", target));
        if (sources.Count > 1 && sources.Any(s => s.Selected.Count < 2))
            caveats.Add(new("one-seed", $"{(sources.All(s => s.Selected.Count < 2) ? "there is one seed" : $"{string.Join(", ", sources.Where(s => s.Selected.Count < 2).Select(s => s.Source))}: one seed")}: whether a difference is more than chance cannot be said. Run further seeds.", target));

        var comparisons = Compare(sources);
        return new(target, runs[0].Configuration.Target, [.. sources.Select((s, rank) => rank == 0 ? s : s with
        {
            ToldFromBest = comparisons.FirstOrDefault(c => c.First == sources[0].Source && c.Second == s.Source) is { } c ? c.AdjustedP < Significance : null,
        })], comparisons);
    }

    /// <summary>The run that the paper's protocol chooses among those of one seed, without a look at the test images: the lowest validation loss, of equals the first by id; null where none can be.</summary>
    public static RunRecord? Select(IEnumerable<RunRecord> runs) => runs.Where(IsUsable).OrderBy(r => r.ValidationLoss).ThenBy(r => r.Id, StringComparer.Ordinal).FirstOrDefault();

    // The runs of the hyperparameters that most seeds have tried, and of these of those with the lowest mean loss.
    private static List<RunRecord> OfBestMean(List<RunRecord> usable) => usable.GroupBy(GridPoint).Select(g => g.ToList())
        .OrderByDescending(g => g.Select(r => r.Configuration.Seed).Distinct().Count()).ThenBy(g => g.Average(r => r.ValidationLoss)).ThenBy(g => g[0].Id, StringComparer.Ordinal).FirstOrDefault() ?? [];

    private static SourcePerformance? Performance(string label, List<RunRecord> runs, RunSelection selection)
    {
        var usable = runs.Where(IsUsable).ToList();
        var selected = (selection == RunSelection.Seed ? usable : OfBestMean(usable)).GroupBy(r => r.Configuration.Seed).OrderBy(s => s.Key)
            .Select(seed => Select(seed)!)
            .Select(r => new SelectedRun(r.Configuration.Seed, r.Id, r.ValidationLoss!.Value, r.TestAuc!.Value)).ToList();
        if (selected.Count == 0) return null;
        var aucs = runs.Where(r => r.Status == RunStatus.Finished).Select(r => r.TestAuc).OfType<double>().ToList();
        return new(
            label, runs[0].Configuration.Source, selected.Average(s => s.TestAuc), selected.Count > 1 ? selected.Select(s => s.TestAuc).StandardDeviation() : null, selected,
            runs.Count(r => r.Status == RunStatus.Finished), runs.Count(r => r.Status == RunStatus.Diverged), runs.Count(r => r.Status == RunStatus.Failed),
            aucs.Min(), aucs.Median(), aucs.Max(), runs.Sum(r => r.Seconds ?? 0) / 3600, ToldFromBest: null);
    }

    // Welch's test and not the paired one, though runs of one seed share the order of the images: selection picks runs of other hyperparameters for each source, which leaves little to share, and pairing
    // halves the degrees of freedom where there are few. What correlation remains makes Welch's test cautious.
    private static IReadOnlyList<SourceComparison> Compare(List<SourcePerformance> sources)
    {
        var pairs = sources.SelectMany((first, i) => sources.Skip(i + 1).Select(second => (first, second, Test: WelchTest.Of([.. first.Selected.Select(s => s.TestAuc)], [.. second.Selected.Select(s => s.TestAuc)]))))
            .Where(p => p.Test is not null).ToList();
        var adjusted = Holm.Adjust([.. pairs.Select(p => p.Test!.P)]);
        return [.. pairs.Select((p, i) => new SourceComparison(p.first.Source, p.second.Source, p.first.P - p.second.P, p.Test!, adjusted[i]))];
    }

    private static bool IsDone(RunRecord run) => run.Status is RunStatus.Finished or RunStatus.Diverged;

    private static bool IsUsable(RunRecord run) => run is { Status: RunStatus.Finished, ValidationLoss: not null, TestAuc: not null };

    private static (double, double, double, int) GridPoint(RunRecord run) => (run.Configuration.LearningRate, run.Configuration.WeightDecay, run.Configuration.Momentum, run.Configuration.BatchSize);

    // What must be the same for two runs to be compared. Dropout before the head is the source's: the paper has it in one architecture and not in the others.
    private static RunConfiguration ProtocolOf(RunConfiguration run) => run with { Source = AnySource, LearningRate = 0, WeightDecay = 0, Momentum = 0, BatchSize = 0, Seed = 0, HeadDropout = 0 };

    private static RunConfiguration ModelOf(RunConfiguration run) => new() { Source = run.Source, Target = AnyTarget, LearningRate = 0, WeightDecay = 0, Momentum = 0, BatchSize = 0, HeadDropout = run.HeadDropout };

    // The name, and after it in brackets what is not the same in all.
    private static IReadOnlyList<string> Labels(string name, IReadOnlyList<RunConfiguration> variants)
    {
        if (variants.Count == 1) return [name];
        var properties = variants.Select(v => v.Properties()).ToList();
        var differing = properties.SelectMany(p => p.Keys).Distinct().Where(key => properties.Select(p => p.GetValueOrDefault(key)).Distinct().Count() > 1).ToList();
        return [.. properties.Select(p => $"{name} ({string.Join(", ", differing.Select(key => $"{key} {Short(p.GetValueOrDefault(key) ?? "unknown")}"))})")];

        static string Short(string value) => value.Length > 12 ? value[..12] + "…" : value;
    }
}
