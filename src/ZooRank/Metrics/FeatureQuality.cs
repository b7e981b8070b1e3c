using ZooRank.Metrics.Numerics;

namespace ZooRank.Metrics;

/// <summary>
/// Feature quality S_LP (arXiv 2412.20172, eq. 1–2): how well a 5-nearest-neighbour rule tells the classes apart after NCA has learned a 50-dimensional
/// map of the features.
/// </summary>
public static class FeatureQuality
{
    private const int Neighbours = 5, Dimensions = 50;
    private const string Paper = "On dataset transferability in medical image classification, arXiv 2412.20172, eq. 1–2; NCA: Goldberger, Roweis, Hinton and Salakhutdinov, NIPS 2004";

    public static Metric Metric { get; } = new()
    {
        Name = "lp",
        // The paper's eq. 2 has the sum over the images; scaled over a zoo it is the same.
        Meaning = "Feature quality: mean share of an image's own class among its five nearest (itself included) in a 50-dimensional map that neighbourhood components analysis has learned.",
        Source = Paper,
        Range = "0.2 to 1; differences below 0.02 are chance",
        UndefinedWhen = "all images have the same features",
        Measure = space => Quality(space, NeighborhoodComponents.Settled),
        // Points and embeddings, and the pairs that count where they are half of all.
        Workspace = (n, d, _) => n * d + 13 * n * Dimensions + 5 * Math.Min(n * n / 4, NearAffinities.MostPairs),
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "lp:published",
        Meaning = "As lp, with NCA stopped as in the published runs: at most 50 iterations, or a relative step of 1e-5.",
        Measure = space => Quality(space, NeighborhoodComponents.Published),
    };

    public static Metric Objective { get; } = Metric with
    {
        Name = "nca_objective",
        Meaning = "What NCA maximised on the way to lp, divided by n: the expected share of images that a stochastic nearest-neighbour rule classifies right in the learned map.",
        Range = "0 to 1",
        UndefinedWhen = "there is one image only",
        Measure = space => space.Count < 2 ? MetricOutcome.Not("one image has no neighbours") : MetricOutcome.Of(Map(space, NeighborhoodComponents.Settled).Objective / space.Count),
    };

    /// <summary>What NCA learned of the features, once for all that ask.</summary>
    internal static NeighborhoodEmbedding Map(FeatureSpace space, LbfgsOptions stop) => space.Once(("nca", stop), () => NeighborhoodComponents.Fit(space, options: stop));

    private static MetricOutcome Quality(FeatureSpace space, LbfgsOptions stop)
    {
        if (space.X.eq(space.X[0]).all().item<bool>()) return MetricOutcome.Not("all images have the same features");
        var nca = Map(space, stop);
        // Counted in votes and divided once: the same votes give the same score to the last digit.
        var k = Math.Min(Neighbours, space.Count);
        var votes = ClassShares(nca.Embedding, nca.Dimensions, space.Labels).Sum(share => (long)Math.Round(share * k));
        return MetricOutcome.Of((double)votes / ((long)space.Count * k));
    }

    // Share of each point's own class among its nearest, itself first; equal distances go to the lower index.
    internal static double[] ClassShares(double[] points, int width, IReadOnlyList<int> labels)
    {
        var nearest = NearestNeighbours.Find(points, width, Neighbours, includeSelf: true);
        return [.. nearest.Chunk(Math.Min(Neighbours, labels.Count)).Select((which, i) => (double)which.Count(j => labels[j] == labels[i]) / which.Length)];
    }
}
