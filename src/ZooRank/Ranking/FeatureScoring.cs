using ZooRank.Features;
using ZooRank.Metrics;

namespace ZooRank.Ranking;

/// <param name="Id">The file's name without its ending.</param>
/// <param name="File">Where it was read.</param>
/// <param name="Images">n.</param>
/// <param name="Width">D.</param>
/// <param name="Classes">C: classes that have an image (or findings).</param>
/// <param name="LogitWidth">C_s; 0 without logits.</param>
/// <param name="Scores">What the metrics say.</param>
public sealed record ScoredFeatures(string Id, string File, int Images, int Width, int Classes, int LogitWidth, MetricScores Scores);

/// <param name="Score">Of the metric over the zoo; null where it is undefined.</param>
/// <param name="Rank">1 is the best; equal scores share the better rank.</param>
/// <param name="Doubt">How far it hangs on the images.</param>
public sealed record ZooScore(double? Score, int? Rank, ModelDoubt Doubt);

/// <summary>Metrics on features that were brought as files: of one model, or of a zoo measured on the same images.</summary>
public sealed record FeatureScoring
{
    private const int FewImages = 5;

    public required IReadOnlyList<Metric> Metrics { get; init; }
    public required IReadOnlyList<ScoredFeatures> Models { get; init; }

    /// <summary>By metric, one for each model.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<ZooScore>> Zoo { get; init; }

    public required IReadOnlyList<Caveat> Caveats { get; init; }

    /// <summary>Scores feature files, one in memory at a time.</summary>
    /// <param name="files">.npz files (<see cref="FeatureFile"/>).</param>
    /// <param name="metrics">Which metrics.</param>
    /// <param name="options">How; with halves each model gets its doubt.</param>
    /// <param name="scenario">What the zoo compares: it says how the paper's terms are combined.</param>
    /// <param name="progress">Told the model, its index, what is being computed, and how much of it is done.</param>
    /// <param name="cancellation">Ends the work after the metric at hand.</param>
    /// <exception cref="InvalidInputException">A file is not of features, or files are not of the same images.</exception>
    public static FeatureScoring Of(
        IReadOnlyList<string> files, IReadOnlyList<Metric> metrics, MetricOptions options, Scenario scenario = Scenario.Source, IProgress<RankingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var models = new List<ScoredFeatures>();
        FeatureSet? first = null;
        foreach (var (file, index) in files.Select((f, i) => (f, i)))
        {
            var id = Path.GetFileNameWithoutExtension(file);
            progress?.Report(new(id, index, files.Count, "reading", 0));
            var set = FeatureFile.Read(file);
            if (first is not null && !SameImages(first, set))
                throw new InvalidInputException($"{file}: its labels are not those of {files[0]} ({set.Count} and {first.Count} images). A zoo is compared on the same images in the same order: make the files from one probe, or score them apart.");
            first ??= set with { Values = new float[set.Count], Width = 1, Logits = [] };   // its labels are all that is looked at again
            var scores = MetricScores.Of(set, metrics, options, (metric, done) => progress?.Report(new(id, index, files.Count, metric, done)), cancellation);
            models.Add(new(id, file, set.Count, set.Width, set.IsMultiLabel ? set.ClassCount : set.Labels.Distinct().Count(), set.LogitWidth, scores));
        }
        return new()
        {
            Metrics = metrics,
            Models = models,
            Zoo = metrics.ToDictionary(m => m.Name, m => OverZoo(m, models, scenario, options.Seed)),
            Caveats = [.. Judge(first!)],
        };
    }

    private static IReadOnlyList<ZooScore> OverZoo(Metric metric, List<ScoredFeatures> models, Scenario scenario, int seed)
    {
        var scores = metric.Scores([.. models.Select(m => m.Scores.Outcomes[metric.Name])], scenario);
        var doubt = Doubt.Of(metric, [.. models.Select(m => (m.Scores.Outcomes[metric.Name], m.Scores.Halves.GetValueOrDefault(metric.Name) ?? []))], scenario, seed);
        return [.. doubt.Select((d, i) => new ZooScore(scores.Scores[i], scores.RankOf(i), d))];
    }

    private static bool SameImages(FeatureSet a, FeatureSet b) => a.Count == b.Count && a.Labels.SequenceEqual(b.Labels) && a.MultiLabels.AsSpan().SequenceEqual(b.MultiLabels);

    private static IEnumerable<Caveat> Judge(FeatureSet set)
    {
        if (set.IsMultiLabel) yield break;
        foreach (var small in set.Labels.CountBy(y => y).Where(c => c.Value < FewImages).OrderBy(c => c.Key))
            yield return new Caveat("small-class", FormattableString.Invariant($"class {small.Key} has {small.Value} image{(small.Value == 1 ? "" : "s")}; fewer than {FewImages} say little."));
    }
}
