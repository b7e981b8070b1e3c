using System.Diagnostics;
using System.Runtime.InteropServices;
using ZooRank.Data;
using ZooRank.Downloads;
using ZooRank.Evaluation;
using ZooRank.Features;
using ZooRank.Imaging;
using ZooRank.Metrics;
using ZooRank.Models;
using ZooRank.Native;
using static TorchSharp.torch;

namespace ZooRank.Ranking;

/// <summary>How to rank.</summary>
public sealed record RankingOptions
{
    public ProbeOptions Probe { get; init; } = new();

    /// <summary>Null: chosen by the zoo (see <see cref="TransferabilityRanker.Rank"/>), and the result says why.</summary>
    public Scenario? Scenario { get; init; }

    public ModelOverrides Overrides { get; init; } = new();

    /// <summary>Where the networks run; null: the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>Where features are kept from one run to the next; null: nowhere.</summary>
    public FeatureCache? Cache { get; init; }

    public DownloadOptions Downloads { get; init; } = new();

    /// <summary>The metric that ranks; null: the paper's, or LogME where images have several labels, for which the paper's is not defined.</summary>
    public Metric? By { get; init; }

    /// <summary>Further metrics to be shown beside it.</summary>
    public IReadOnlyList<Metric> Metrics { get; init; } = [];

    /// <summary>Random halves of the probe on which the ranking metric is measured again, for its doubt; 0: none.</summary>
    public int Halves { get; init; } = 20;

    /// <summary>Results on other targets that are to have a say in the order; empty: none.</summary>
    public IReadOnlyList<HistorySource> History { get; init; } = [];

    /// <summary>Whether the class structure is to hold the images themselves, small: whoever has the ranking sees them then.</summary>
    public bool Thumbnails { get; init; }

    /// <summary>Bytes that kept activations may take; null: half of what is free. (A metric may take what is free.)</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>The command to be noted in the result.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];
}

/// <param name="Model">The model at work.</param>
/// <param name="Index">Its place in the zoo, from 0.</param>
/// <param name="Count">Models in the zoo.</param>
/// <param name="Stage">What is being done with it.</param>
/// <param name="Fraction">How much of the model is done, 0 to 1.</param>
public readonly record struct RankingProgress(string Model, int Index, int Count, string Stage, double Fraction);

/// <summary>Ranks a zoo of source models for a target data set: one network in memory at a time, one pass each, a failure never stops the others.</summary>
public static class TransferabilityRanker
{
    /// <summary>Measures every model on a probe of the data set's train split and combines the terms as the paper does.</summary>
    /// <remarks>The scenario, where it is not given, is chosen by <see cref="ScenarioChoice"/>.</remarks>
    /// <exception cref="InvalidInputException">The data cannot be measured, or no model can.</exception>
    public static Ranking Rank(ImageDataset dataset, ModelZoo zoo, RankingOptions? options = null, IProgress<RankingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var (started, clock) = (DateTimeOffset.UtcNow, Stopwatch.StartNew());
        var severalLabels = dataset.Kind == TaskKind.MultiLabel;
        var by = options.By ?? (severalLabels ? LogMe.Metric : FeatureCombination.Metric);
        if (severalLabels && !by.MultiLabel)
            throw new InvalidInputException($"{dataset.Path}: its images have several labels, for which {by.Name} is not defined. Rank by one of {string.Join(", ", MetricList.All.Where(m => m.MultiLabel).Select(m => m.Name))}.");
        var probe = ProbeSet.Draw(dataset, options.Probe);   // first: it refuses what cannot be ranked, before every image is looked at
        var fingerprint = DatasetFingerprint.Of(dataset, new FingerprintOptions { Probe = options.Probe });
        var device = options.Device ?? CPU;

        HashSet<Metric> wanted = [by, .. severalLabels ? [] : Always, .. options.Metrics];
        var metrics = MetricList.All.Where(wanted.Contains).ToList();

        var measured = new List<Measured>();
        var skipped = new List<SkippedModel>();
        foreach (var (model, index) in zoo.Models.Select((m, i) => (m, i)))
        {
            cancellation.ThrowIfCancellationRequested();
            void Report(string stage, double fraction) => progress?.Report(new(model.Id, index, zoo.Models.Count, stage, fraction));
            Report("opening", 0);
            try
            {
                measured.Add(Measure(model, probe, metrics, by, options, device, Report, cancellation));
            }
            catch (InvalidInputException e)
            {
                skipped.Add(new SkippedModel(model.Id, e.Message));
            }
            catch (Exception e) when (e is ExternalException or IOException or UnauthorizedAccessException)
            {
                var memoryIsShort = e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase);
                skipped.Add(new SkippedModel(model.Id, $"{model.Checkpoint}: {e.Message.Split('\n')[0]} {(memoryIsShort ? "Lower --memory or --input-size, or use --device cpu." : "Check the file with 'zoorank inspect'.")}"));
            }
            Report("done", 1);
        }
        if (measured.Count == 0) throw new InvalidInputException(skipped.Count == 1 ? skipped[0].Reason : $"none of the {skipped.Count} models could be measured. {skipped[0].Id}: {skipped[0].Reason}");

        var (scenario, reason, doubts) = ScenarioChoice.Of(options.Scenario, [.. measured.Select(m => m.Model)], skipped.Count);
        var combined = metrics.ToDictionary(m => m.Name, m => m.Scores([.. measured.Select(x => x.Scores.Outcomes[m.Name])], scenario));
        var history = options.History.Count == 0 ? null : HistoryTerm.Of(options.History, by, [.. measured.Select(m => m.Model)], scenario, dataset.Name, probe.ContentHash);
        var judge = history?.Metric ?? by;
        MetricOutcome Judged(MetricOutcome outcome, int model) => history?.Join(outcome, model, by) ?? outcome;
        var decisive = measured.Select((m, i) => (Whole: Judged(m.Scores.Outcomes[by.Name], i), Halves: (IReadOnlyList<MetricOutcome>)[.. (m.Scores.Halves.GetValueOrDefault(by.Name) ?? []).Select(h => Judged(h, i))])).ToList();
        var scores = judge.Scores([.. decisive.Select(d => d.Whole)], scenario);
        var doubt = Doubt.Of(judge, decisive, scenario, unchecked((int)options.Probe.Seed));
        var published = PublishedHistory.For(dataset.Name, scenario);
        var ranked = measured.Select((m, i) => m.Ranked(scores.Scores[i], scores.RankOf(i), doubt[i], Measures(metrics, combined, m, i, history), published))
            .OrderBy(m => m.Rank ?? int.MaxValue).ThenBy(m => m.Id, StringComparer.Ordinal).ToList();
        List<Caveat> caveats =
        [
            .. doubts,
            .. scores.Caveats,
            .. measured.Select(m => TrainedOnTarget.Of(m.Model.Source, dataset.Name)).OfType<Caveat>(),
            .. measured.All(m => ShippedZoo.Holds(m.Model.Source)) ? [OnlyShipped] : Array.Empty<Caveat>(),
            .. WithoutHistory(options.History, history, measured),
            .. Closeness(measured, by),
            .. measured.SelectMany(m => m.Caveats),
            .. probe.Caveats.Concat(fingerprint.Caveats).DistinctBy(c => c.About is null ? (c.Code, c.Message) : (c.Code, c.About)),
        ];
        return new Ranking
        {
            Target = new TargetSummary(dataset.Name, dataset.Path, dataset.Description, dataset.ClassNames, probe.Count, probe.ClassSizes, probe.ContentHash),
            Scenario = scenario == Scenario.Source ? "source" : "architecture",
            ScenarioReason = reason,
            Models = ranked,
            Skipped = skipped,
            Metric = judge.Name,
            Data = Summary(fingerprint),
            Structure = ranked[0].Score is null ? null : Structure(measured.First(m => m.Model.Source.Id == ranked[0].Id), probe, options.Thumbnails),
            History = history?.Share,
            Advice = Advice.InWords(ranked, by, probe.Count, moreImages: probe.Count < dataset.Count(Split.Train), doubts.Count == 0 ? scenario : null, history?.Share),
            Caveats = caveats,
            Provenance = new Provenance
            {
                Zoorank = Product.Version,
                Libtorch = TorchRuntime.Load().Description,
                Runtime = RuntimeInformation.FrameworkDescription,
                Platform = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}",
                Device = device.ToString(),
                Threads = get_num_threads(),
                Zoo = zoo.Path,
                Seed = options.Probe.Seed,
                Fold = options.Probe.Fold,
                ProbePerClass = options.Probe.PerClass,
                Sampling = options.Probe.Sampling.ToString().ToLowerInvariant(),
                Layer = options.Overrides.Layer,
                Metrics = [.. metrics.Select(m => m.Name)],
                Halves = options.Halves,
                Started = started,
                Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3),
                Command = options.Command,
            },
        };
    }

    // What every ranking shows: the paper's two terms, and what needs no theory.
    private static readonly IReadOnlyList<Metric> Always = [FeatureQuality.Metric, FeatureQuality.Objective, FeatureUpdate.Metric, Knn.Metric];

    private static Measured Measure(
        SourceModel source, ProbeSet probe, IReadOnlyList<Metric> metrics, Metric by, RankingOptions options, Device device, Action<string, double> report, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var model = LoadedModel.Open(source, options.Overrides, options.Downloads with { Cancellation = cancellation });
        var (features, cached, caveats) = ModelFeatures.Of(model, probe, device, options.Cache, options.MemoryBudget, new Synchronous<ExtractionProgress>(p => report("images", 0.8 * p.Done / p.Total)), cancellation);
        cancellation.ThrowIfCancellationRequested();
        var scores = MetricScores.Of(features, metrics,
            new() { Device = device, Seed = unchecked((int)options.Probe.Seed), MemoryBudget = FreeMemory.Bytes(), Halves = options.Halves, HalvesOf = [by.Name], Plane = true },
            (metric, done) => report(metric, 0.8 + 0.2 * done), cancellation);
        // Only of what was asked for by name or ranks: a table of everything has its own column of reasons.
        var undefined = scores.Outcomes.Where(o => o.Value.Undefined is not null && (o.Key == by.Name || Always.Any(m => m.Name == o.Key)))
            .DistinctBy(o => o.Value.Undefined).Select(o => new Caveat($"undefined-{o.Key}", $"{o.Key} is undefined: {o.Value.Undefined}.", source.Id));
        return new Measured(model, scores, cached, clock.Elapsed.TotalSeconds, [.. model.Caveats, .. caveats, .. undefined]);
    }

    // S_LP moves by this much with the chances of NCA's path (docs/method.md), yet min–max scaling stretches any spread to the whole of [0, 1].
    private static IEnumerable<Caveat> Closeness(List<Measured> models, Metric by)
    {
        const double Chance = 0.02;
        if (by.Family != FeatureCombination.Metric.Name) yield break;
        var quality = models.Select(m => m.Scores.Outcomes[by.Name]).Where(o => o.Undefined is null).Select(o => o.Parts[FeatureCombination.Lp]).ToList();
        if (quality.Count > 1 && quality.Max() - quality.Min() is > 0 and < Chance and var spread)
            yield return new Caveat("feature-quality-close", FormattableString.Invariant($"the models' feature qualities (S_LP) lie within {spread:0.000}, less than chance moves them (about {Chance}), yet they decide as much as ever: take the order lightly."));
    }

    private static Caveat OnlyShipped { get; } = new("shipped-zoo",
        "these are the small models that come with ZooRank (64 pixels, 600 to 21,000 pictures each): larger networks that saw more do better. 'zoorank zoo fetch all --to imagenet-zoo' gets ImageNet's, and '--zoo shipped imagenet-zoo' ranks both. "
        + "With these and such models, fine-tuned on ten images a class of eleven real targets (docs/study), the paper's metric agreed at a mean weighted τ of only 0.07, S_LP alone at 0.25, LEEP (--by leep) at 0.23, with what the models gave on other targets (--history shipped) at 0.25, where fine-tuning agrees with itself at 0.72.");

    private static IEnumerable<Caveat> WithoutHistory(IReadOnlyList<HistorySource> asked, HistoryTerm? history, List<Measured> models)
    {
        if (asked.Count == 0) yield break;
        var names = string.Join(", ", asked.Select(s => s.Name));
        if (history?.Share.LeftOut is { Count: > 0 } leftOut) yield return new("history-left-out", $"results on {string.Join(", ", leftOut)} do not count as history: that is the data asked about.");
        if (history is null) yield return new("no-history", $"none of the models has a result on another target in {names}: they are ranked by the metric alone.");
        else if (history.Share.Without.Count > 0) yield return new("models-without-history", $"{string.Join(", ", history.Share.Without)}: no result on another target in {names}, so judged by the metrics alone, beside {models.Count - history.Share.Without.Count} models with a history.");
    }

    private static DataSummary Summary(DatasetFingerprint f) => new(
        f.Counts.ToDictionary(c => c.Key.ToString().ToLowerInvariant(), c => c.Value), f.ClassCounts[Split.Train], f.Width.ToString(), f.Height.ToString(), f.Channels, f.BitDepths, f.Intensity.Mean,
        f.ComparedCount, f.DuplicatesInTrain, f.DuplicatesAcrossSplits, f.ConflictingLabels);

    // Of many images an even choice: a page that holds them all would be slow and large.
    private static ClassStructure? Structure(Measured model, ProbeSet probe, bool thumbnails)
    {
        const int MostPoints = 500;
        if (model.Scores.Plane is not { } plane) return null;
        var shown = Enumerable.Range(0, Math.Min(probe.Count, MostPoints)).Select(i => (int)((long)i * probe.Count / Math.Min(probe.Count, MostPoints))).ToList();
        string? Small(int i) => thumbnails ? Thumbnail.DataUri(probe.Load(i, 1, wantedSide: 48)[0]) : null;
        double[] At(double[] points, int i) => [Math.Round(points[2 * i], 4), Math.Round(points[(2 * i) + 1], 4)];
        return new(model.Model.Source.Id, plane.VarianceBefore, plane.VarianceAfter, [.. shown.Select(i => new StructurePoint(probe.Labels[i], At(plane.Before, i), At(plane.After, i), plane.OwnShares[i], Small(i)))]);
    }

    // Scores over the zoo, and beside them the parts that each model brought.
    private static Dictionary<string, double?> Measures(List<Metric> metrics, Dictionary<string, CombinedScores> combined, Measured model, int index, HistoryTerm? history)
    {
        var measures = new Dictionary<string, double?>();
        if (history is not null) measures[HistoryBlend.History] = history.Standing[index];
        foreach (var metric in metrics)
        {
            measures[metric.Name] = combined[metric.Name].Scores[index];
            foreach (var (part, value) in model.Scores.Outcomes[metric.Name].Parts)
                if (!MetricList.All.Any(m => m.Name == part)) measures[$"{metric.Family}.{part}"] = value;
        }
        return measures;
    }

    private sealed record Measured(LoadedModel Model, MetricScores Scores, bool Cached, double Seconds, IReadOnlyList<Caveat> Caveats)
    {
        public RankedModel Ranked(double? score, int? rank, ModelDoubt doubt, IReadOnlyDictionary<string, double?> measures, PublishedHistory? history) => new()
        {
            Id = Model.Source.Id,
            Rank = rank,
            Score = score,
            Interval = doubt.Interval is { } i ? [i.Low, i.High] : null,
            ProbabilityBest = doubt.ProbabilityBest,
            Group = doubt.Group,
            Measures = measures,
            Undefined = Scores.Outcomes.Where(o => o.Value.Undefined is not null).ToDictionary(o => o.Key, o => o.Value.Undefined!),
            ImagenetTop1 = Model.ImageNetTop1,
            Prior = history?.Of(Model.ArchitectureName, Model.Source.Source),
            Seconds = Math.Round(Seconds, 3),
            Cached = Cached,
            Architecture = Model.ArchitectureName,
            Source = Model.Source.Source,
            Parameters = Model.ParameterCount,
            Checkpoint = Model.Source.Checkpoint,
            CheckpointSha256 = Model.Sha256,
            Preprocessing = new(Model.Preprocessing.InputSize, Model.Preprocessing.Resize.ToString().ToLowerInvariant(), Model.Preprocessing.Mean, Model.Preprocessing.Std),
        };
    }

    // Progress<T> posts to the thread pool and may report out of order; a bar wants to be told at once.
    private sealed class Synchronous<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
