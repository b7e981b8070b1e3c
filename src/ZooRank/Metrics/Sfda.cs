using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>SFDA: how well a regularised Fisher discriminant tells the classes apart once its doubtful samples have been moved towards the other classes.</summary>
public static class Sfda
{
    private const double Decay = 5, LeastShrinkage = 1e-10;
    private const int PowerIterations = 3;

    public static Metric Metric { get; } = new()
    {
        Name = "sfda",
        Meaning = "Self-challenging Fisher discriminant analysis: mean probability of the right class under a regularised Fisher discriminant, fitted again after each sample has been mixed with the other classes' means by its own uncertainty.",
        Source = "Shao, Zhao, Ge, Zhang, Yang, Wang, Shan and Luo, Not All Models Are Equal: Predicting Model Transferability in a Self-challenging Fisher Space, ECCV 2022, arXiv 2207.03036, eq. 3–8",
        Range = "0 to 1",
        SaturatesWithFewImages = true,
        UndefinedWhen = "there are at least as many features as images (D ≥ n): every labelling is then separated and the score is 1 whatever the features are; there is one class; or the features do not vary within the classes",
        Measure = space => space.Width >= space.Count
            ? Saturated(space)
            : Score(space),
        Workspace = (n, d, c) => 4 * d * d + 2 * n * d,
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "sfda:published",
        Meaning = "As sfda, given also where D ≥ n, where at the usual scale of features it is 1 whatever they are.",
        UndefinedWhen = "there is one class, or the features do not vary within the classes",
        Measure = Score,
    };

    /// <summary>Why a discriminant says nothing where D ≥ n.</summary>
    internal static MetricOutcome Saturated(FeatureSpace space) => MetricOutcome.Not(
        $"there are {space.Width} features for {space.Count} images: with D ≥ n the discriminant separates any labels, and the score says nothing. Measure more images");

    private static MetricOutcome Score(FeatureSpace space)
    {
        if (space.ClassCount < 2) return MetricOutcome.Not("all images are of one class");
        var (shares, within) = (space.Counts / space.Count, space.WithinCovariance);
        var shrinkage = Shrinkage(within);
        if (Discriminant.Probabilities(space.Centred, space.ClassOffsets, shares, Discriminant.Shrunk(within, shrinkage)) is not { } first) return NotSpread;

        // ConfMix: each sample goes towards the mean of the other classes' means by how unsure the first fit is of it, softened by a second softmax.
        var own = space.Y.unsqueeze(1);
        var confidence = first.softmax(1).gather(1, own);                                       // n x 1
        var others = (space.ClassOffsets.sum(dim: 0) - space.ClassOffsets) / (space.ClassCount - 1);   // C x D
        var mixed = confidence * space.Centred + (1 - confidence) * others[space.Y];
        var means = space.OneHot.T.matmul(mixed) / space.Counts.unsqueeze(1);
        var inside = mixed.sub_(means[space.Y]);                                                // in place: not needed afterwards but within the classes
        var second = Discriminant.Probabilities(inside + means[space.Y], means, shares, Discriminant.Shrunk(inside.T.matmul(inside) / space.Count, shrinkage));
        return second is null ? NotSpread : MetricOutcome.Of(second.gather(1, own).mean().item<double>());
    }

    /// <summary>How much of a covariance within the classes is replaced: e^(−5λ), λ its largest eigenvalue.</summary>
    internal static double Shrinkage(Tensor within) => Math.Max(Math.Exp(-Decay * LargestEigenvalue(within)), LeastShrinkage);

    private static MetricOutcome NotSpread => MetricOutcome.Not("the features do not vary within the classes, or only at the limit of float64");

    // As the authors take it: three double steps of the power iteration from the row sums.
    private static double LargestEigenvalue(Tensor a)
    {
        var x = a.sum(dim: 1);
        var y = x;
        for (var i = 0; i < PowerIterations; i++)
        {
            y = Unit(a.matmul(x));
            x = Unit(a.matmul(y));
        }
        return x.dot(a.matmul(y)).item<double>();

        static Tensor Unit(Tensor v) => v / v.norm();
    }
}
