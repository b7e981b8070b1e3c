using ZooRank.Metrics.Numerics;

namespace ZooRank.Metrics;

/// <summary>Class separability, a baseline: how far apart the class means are for how wide the classes are.</summary>
public static class Separability
{
    // tr S_W is a difference: below this share of tr S_T it is rounding.
    private const double Zero = 1e-12;

    public static Metric Metric { get; } = new()
    {
        Name = "separability",
        Meaning = "Baseline: tr S_B / tr S_W, the features' variance between the classes over that within them. Several labels per image: mean of this ratio over the findings, each present against absent.",
        Source = "Fukunaga, Introduction to Statistical Pattern Recognition, 2nd edition, Academic Press 1990, section 10.2, criterion J4",
        Range = "at least 0; (C − 1)/(n − C) by chance",
        UndefinedWhen = "the features do not vary within the classes",
        MultiLabel = true,
        Measure = Ratio,
        Workspace = (n, d, c) => d * c,
    };

    private static MetricOutcome Ratio(FeatureSpace space)
    {
        if (ClassSpread.Missing(space) is { } why) return MetricOutcome.Not(why);
        var total = ClassSpread.Sum(space);                                                     // tr S_T
        var between = space.Centred.T.matmul(space.Targets).square().sum(dim: 0) * ClassSpread.Weights(space);   // tr S_B: one per finding, or parts of one
        if (!space.Set.IsMultiLabel) between = between.sum();
        var within = total - between;
        return (within <= Zero * total).any().item<bool>() ? MetricOutcome.Not("the features do not vary within the classes") : MetricOutcome.Of(ClassSpread.Total(space, between / within));
    }
}
