using System.Diagnostics;
using System.Runtime.InteropServices;
using ZooRank.Features;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>How metrics are computed.</summary>
public sealed record MetricOptions
{
    /// <summary>Null: the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>Of the metrics that draw random numbers, and of the halves.</summary>
    public int Seed { get; init; }

    /// <summary>Bytes that may be held at once; null: no limit. A metric that needs more is undefined and says so, before it begins.</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>Random halves of the images on which the metrics of <see cref="HalvesOf"/> are computed again; even. 0: none, and then nothing is known of their doubt.</summary>
    public int Halves { get; init; }

    /// <summary>Names of the metrics whose doubt is wanted; null: of all.</summary>
    public IReadOnlyCollection<string>? HalvesOf { get; init; }

    /// <summary>Whether the features are to be shown in two dimensions too.</summary>
    public bool Plane { get; init; }
}

/// <summary>What a list of metrics says of one model.</summary>
/// <param name="Outcomes">By metric.</param>
/// <param name="Halves">By metric: its outcome on each random half of the images; empty where none were asked for.</param>
/// <param name="Seconds">By metric. What several share is counted to the first that asked for it.</param>
public sealed record MetricScores(
    IReadOnlyDictionary<string, MetricOutcome> Outcomes, IReadOnlyDictionary<string, IReadOnlyList<MetricOutcome>> Halves, IReadOnlyDictionary<string, double> Seconds)
{
    /// <summary>The features in two dimensions; null where it was not asked for, lp is not among the metrics or undefined, or it cannot be computed.</summary>
    public FeaturePlane? Plane { get; init; }

    /// <summary>Computes metrics on one model's features.</summary>
    /// <param name="features">Not changed.</param>
    /// <param name="metrics">Which.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told what is being computed and how much of the whole is done.</param>
    /// <param name="cancellation">Ends the work after the metric at hand.</param>
    public static MetricScores Of(FeatureSet features, IReadOnlyList<Metric> metrics, MetricOptions? options = null, Action<string, double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var seconds = new Dictionary<string, double>();
        var again = metrics.Where(m => (options.HalvesOf is null || options.HalvesOf.Contains(m.Name)) && !(m.SaturatesWithFewImages && features.Count < 4L * features.Width)).ToList();
        var halves = options.Halves > 0 && again.Count > 0 ? RandomHalves.Of(features, options.Halves, options.Seed) : [];
        // A half costs about a third of the whole.
        double all = metrics.Count + (again.Count * halves.Count / 3.0), done = 0;
        FeaturePlane? plane = null;

        var outcomes = Compute(features, metrics, 1, seconds);
        var perHalf = halves.Select(half => Compute(features.Subset(half.Rows, half.Batches), again, 1 / 3.0, null)).ToList();
        return new(outcomes, again.ToDictionary(m => m.Name, m => (IReadOnlyList<MetricOutcome>)[.. perHalf.Select(h => h[m.Name])]), seconds) { Plane = plane };

        Dictionary<string, MetricOutcome> Compute(FeatureSet set, IReadOnlyList<Metric> which, double weight, Dictionary<string, double>? clocks)
        {
            using var scope = NewDisposeScope();
            using var space = new FeatureSpace(set, options.Device, options.Seed);
            var found = new Dictionary<string, MetricOutcome>();
            foreach (var metric in which)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Invoke(metric.Name, done / all);
                var clock = Stopwatch.StartNew();
                found[metric.Name] = Value(metric, space, options.MemoryBudget);
                if (clocks is not null) clocks[metric.Name] = clock.Elapsed.TotalSeconds;
                done += weight;
            }
            if (options.Plane && ReferenceEquals(set, features) && found.TryGetValue(FeatureQuality.Metric.Name, out var quality) && quality.Undefined is null) plane = PlaneOf(space);
            return found;
        }
    }

    // A picture beside the numbers: where it cannot be computed there is none.
    private static FeaturePlane? PlaneOf(FeatureSpace space)
    {
        try
        {
            return FeaturePlane.Of(space);
        }
        catch (ExternalException)
        {
            return null;
        }
    }

    private static MetricOutcome Value(Metric metric, FeatureSpace space, long? budget)
    {
        if (Missing(metric, space) is { } missing) return MetricOutcome.Not(missing);
        if (budget is { } bytes && PeakBytes(metric, space.Count, space.Width, space.ClassCount, space.Set.LogitWidth) is var needed && needed > bytes)
            return MetricOutcome.Not(FormattableString.Invariant($"it would need about {needed / 1e9:0.0##} GB, and {bytes / 1e9:0.0##} GB may be used. Measure fewer images, or allow more memory"));
        try
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            return metric.Measure(space);
        }
        catch (ExternalException e)
        {
            // libtorch's own words on a matrix that it cannot decompose: long, and the first line says it.
            return MetricOutcome.Not($"the computation failed: {e.Message.Split('\n')[0]}");
        }
    }

    private static string? Missing(Metric metric, FeatureSpace space) =>
        space.Set.IsMultiLabel && !metric.MultiLabel ? "it is defined for one label per image, and these images have several"
        : metric.Needs.HasFlag(MetricNeeds.Logits) && space.Set.LogitWidth == 0 ? "these features came without logits"
        : metric.Needs.HasFlag(MetricNeeds.Gradients) && space.Set.Conv1GradientNorms.Count == 0 ? "these features came without gradient norms"
        : null;

    /// <summary>An estimate of the most memory that a metric holds at once, in bytes, what it shares with others included.</summary>
    public static long PeakBytes(Metric metric, long n, long d, long classes, long logits) =>
        // The features as they came, in float64, centred; a Gram matrix, its eigenvectors, and the decomposition's own copies.
        4 * n * d + 8 * (2 * n * d + 4 * Math.Min(n, d) * Math.Min(n, d) + n * (logits + 2 * classes) + metric.Workspace(n, d, classes));
}
