using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using ZooRank.Data;
using ZooRank.Downloads;
using ZooRank.Features;
using ZooRank.Metrics;
using ZooRank.Metrics.Numerics;
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

    /// <summary>When NCA stops.</summary>
    public LbfgsOptions Nca { get; init; } = NeighborhoodComponents.Settled;

    /// <summary>Bytes that kept activations may take; null: half of what is free.</summary>
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
        var probe = ProbeSet.Draw(dataset, options.Probe);   // first: it refuses what cannot be ranked, before every image is looked at
        var fingerprint = DatasetFingerprint.Of(dataset, new FingerprintOptions { Probe = options.Probe });
        var device = options.Device ?? CPU;

        var measured = new List<Measured>();
        var skipped = new List<SkippedModel>();
        foreach (var (model, index) in zoo.Models.Select((m, i) => (m, i)))
        {
            cancellation.ThrowIfCancellationRequested();
            void Report(string stage, double fraction) => progress?.Report(new(model.Id, index, zoo.Models.Count, stage, fraction));
            Report("opening", 0);
            try
            {
                measured.Add(Measure(model, probe, options, device, Report, cancellation));
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
        var combined = Combination.Combine([.. measured.Select(m => (m.Lp, m.Fu))], scenario);
        var probabilities = Probabilities(measured, probe.Labels, scenario, options.Probe.Seed);
        var ranked = measured.Select((m, i) => m.Ranked(combined.Scores[i], RankOf(combined.Scores, i), probabilities[i]))
            .OrderBy(m => m.Rank ?? int.MaxValue).ThenBy(m => m.Id, StringComparer.Ordinal).ToList();
        List<Caveat> caveats =
        [
            .. doubts,
            .. combined.Caveats,
            .. Closeness(measured),
            .. measured.SelectMany(m => m.Caveats),
            .. probe.Caveats.Concat(fingerprint.Caveats).DistinctBy(c => c.About is null ? (c.Code, c.Message) : (c.Code, c.About)),
        ];
        return new Ranking
        {
            Target = new TargetSummary(dataset.Name, dataset.Path, dataset.Description, dataset.ClassNames, probe.Count,
                [.. Enumerable.Range(0, probe.ClassCount).Select(c => probe.Labels.Count(y => y == c))], probe.ContentHash),
            Scenario = scenario == Scenario.Source ? "source" : "architecture",
            ScenarioReason = reason,
            Models = ranked,
            Skipped = skipped,
            Advice = Advice.InWords(ranked, probe.Count, moreImages: probe.Count < dataset.Count(Split.Train), doubts.Count == 0 ? scenario : null),
            Caveats = caveats,
            Provenance = new Provenance
            {
                Zoorank = typeof(TransferabilityRanker).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
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
                Nca = FormattableString.Invariant($"at most {options.Nca.MaxIterations} iterations, tolerance {options.Nca.FunctionTolerance}"),
                Started = started,
                Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3),
                Command = options.Command,
            },
        };
    }

    private static Measured Measure(SourceModel source, ProbeSet probe, RankingOptions options, Device device, Action<string, double> report, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var model = LoadedModel.Open(source, options.Overrides, options.Downloads with { Cancellation = cancellation });
        var (features, cached, caveats) = ModelFeatures.Of(model, probe, device, options.Cache, options.MemoryBudget, new Synchronous<ExtractionProgress>(p => report("images", 0.9 * p.Done / p.Total)), cancellation);
        cancellation.ThrowIfCancellationRequested();
        report("learning neighbours", 0.9);
        var quality = FeatureQuality.Measure(features, options.Nca, device);
        var (fu, undefined) = FeatureUpdate.Measure(features);
        return new Measured(model, features, quality, fu, cached, clock.Elapsed.TotalSeconds,
            [.. model.Caveats, .. caveats, .. undefined is null ? [] : new[] { new Caveat("undefined-fu", $"its feature update is undefined: {undefined}.", source.Id) }]);
    }

    // S_LP moves by this much with the chances of NCA's path (docs/method.md), yet min–max scaling stretches any spread to the whole of [0, 1].
    private static IEnumerable<Caveat> Closeness(List<Measured> models)
    {
        const double Chance = 0.02;
        var spread = models.Max(m => m.Quality.Score) - models.Min(m => m.Quality.Score);
        if (models.Count > 1 && spread is > 0 and < Chance)
            yield return new Caveat("feature-quality-close", FormattableString.Invariant($"the models' feature qualities (S_LP) lie within {spread:0.000}, less than chance moves them (about {Chance}), yet they decide as much as ever: take the order lightly."));
    }

    private static IReadOnlyList<double?> Probabilities(List<Measured> models, IReadOnlyList<int> labels, Scenario scenario, uint seed)
    {
        var complete = models.Where(m => m.Fu is not null).ToList();
        if (complete.Count < 2) return [.. models.Select(_ => (double?)null)];
        var shares = ResampledChoice.ProbabilityBest([.. complete.Select(m => new ResampledTerms(m.Quality.Probabilities, m.Features.Conv1GradientNorms, m.Features.Conv2GradientNorms))], labels, scenario, unchecked((int)seed));
        return [.. models.Select(m => shares is not null && complete.IndexOf(m) is >= 0 and var at ? shares[at] : (double?)null)];
    }

    private static int? RankOf(IReadOnlyList<double?> scores, int i) => scores[i] is { } mine ? 1 + scores.Count(other => other > mine) : null;

    private sealed record Measured(LoadedModel Model, FeatureSet Features, FeatureQuality Quality, double? Fu, bool Cached, double Seconds, IReadOnlyList<Caveat> Caveats)
    {
        public double? Lp => Quality.Score;

        public RankedModel Ranked(double? score, int? rank, double? probability) => new()
        {
            Id = Model.Source.Id,
            Rank = rank,
            Score = score,
            Measures = new Dictionary<string, double?> { ["lp"] = Lp, ["fu"] = Fu, ["nca_objective"] = Quality.NcaObjective / Features.Count },
            ProbabilityBest = probability,
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
