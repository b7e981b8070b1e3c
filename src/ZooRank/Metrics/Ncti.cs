using ZooRank.Data;
using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>NCTI: how near the features are to neural collapse, the geometry at which training ends.</summary>
/// <remarks>The authors subtract the variability of the classes; the code behind the paper's tables adds it. The plain metric is the authors'.</remarks>
public static class Ncti
{
    private const int Components = 64, Leading = 32;
    private const double LeastShrinkage = 1e-10, SvdTolerance = 1e-4;

    public static Metric Metric { get; } = new()
    {
        Name = "ncti",
        Meaning = "Neural collapse transferability index: separation (seli: nuclear norm of the discriminant projection) + nearest-class-centre accuracy (ncc) − variability within the classes (vc), each min–max scaled over the zoo.",
        Source = "Wang, Zhao, Yang, Wang, Liu and Bai, How Far Pre-trained Models Are from Neural Collapse on the Target Dataset Informs their Transferability, ICCV 2023, eq. 5–11",
        Range = "−1 to 2 over a zoo; the parts have no scale of their own",
        UndefinedWhen = "there is only one model (its parts are given), or the features do not vary within the classes",
        Needs = MetricNeeds.Zoo,
        Measure = space => space.Once("ncti", () => Parts(space, space.PrincipalScores(Components))),
        OverZoo = (models, _) => CombinedScores.WeightedSum(models, ("seli", 1), ("ncc", 1), ("vc", -1)),
        Workspace = (n, d, c) => 4 * n * Components,
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "ncti:published",
        Meaning = "As ncti, with the variability within the classes added instead of subtracted, and with randomised principal components (seed 42) where scikit-learn's automatic choice takes them.",
        Range = "0 to 3 over a zoo",
        Measure = space => Parts(space, PublishedScores(space)),
        OverZoo = (models, _) => CombinedScores.WeightedSum(models, ("seli", 1), ("ncc", 1), ("vc", 1)),
    };

    // scikit-learn before 1.5: randomised for more than 500 images or features where few of the components are wanted; 7 power iterations where very few are, else 4.
    private static Tensor PublishedScores(FeatureSpace space)
    {
        var least = Math.Min(space.Count, space.Width);
        return Math.Max(space.Count, space.Width) > 500 && Components < 0.8 * least
            ? space.InOwnOrder(RandomizedPca.Scores(space.GivenX, Components, new NumpyRandom(42), iterations: Components < 0.1 * least ? 7 : 4))
            : space.PrincipalScores(Components);
    }

    /// <param name="space">Whose labels.</param>
    /// <param name="x">Principal scores, n×64.</param>
    private static MetricOutcome Parts(FeatureSpace space, Tensor x)
    {
        var (n, k, c) = (space.Count, (int)x.shape[1], space.ClassCount);
        if (k == 0) return Flat;
        var shares = space.Counts / n;
        var means = space.OneHot.T.matmul(x) / space.Counts.unsqueeze(1);
        var inside = x - means[space.Y];
        var leading = (x[TensorIndex.Colon, TensorIndex.Slice(null, Leading)].square().sum() / (n - 1)).item<double>();
        var shrinkage = Math.Exp(-leading);
        var (projected, probabilities) = shrinkage > LeastShrinkage ? WithShrinkage(x, means, shares, inside, shrinkage) : BySvd(x, means, shares, inside, c);
        if (projected is null || probabilities is null) return Flat;

        var own = probabilities.gather(1, space.Y.unsqueeze(1)).mean().item<double>();
        var blocks = Enumerable.Range(0, c).Sum(label => Discriminant.NuclearNorm(probabilities[space.Y.eq(label)]));
        return MetricOutcome.Of(new Dictionary<string, double> { ["seli"] = Discriminant.NuclearNorm(projected - projected.mean([0L])), ["ncc"] = own, ["vc"] = Math.Log(blocks) });
    }

    private static MetricOutcome Flat => MetricOutcome.Not("the features do not vary within the classes, or only at the limit of float64");

    private static (Tensor? Projected, Tensor? Probabilities) WithShrinkage(Tensor x, Tensor means, Tensor shares, Tensor inside, double s)
    {
        var n = x.shape[0];
        var within = Discriminant.Shrunk(inside.T.matmul(inside) / n, s);
        var total = Discriminant.Shrunk(x.T.matmul(x) / n, s);
        return (Discriminant.Directions(total - within, within, (int)means.shape[0] - 1) is { } v ? x.matmul(v) : null, Discriminant.Probabilities(x, means, shares, within));
    }

    // Linear discriminant analysis as scikit-learn's svd solver has it: whitened within the classes where that has spread, then the axes of the class means.
    private static (Tensor? Projected, Tensor? Probabilities) BySvd(Tensor x, Tensor means, Tensor shares, Tensor inside, int c)
    {
        var n = x.shape[0];
        var deviation = inside.std(0, unbiased: false);
        deviation = where(deviation == 0, ones_like(deviation), deviation);
        var scaled = inside / deviation;
        var (squares, v) = linalg.eigh(scaled.T.matmul(scaled) / (n - c));
        var kept = squares > SvdTolerance * SvdTolerance;
        if (!kept.any().item<bool>()) return (null, null);
        var whitening = (v / deviation.unsqueeze(1))[TensorIndex.Colon, TensorIndex.Tensor(kept)] / squares[kept].sqrt();    // D x kept
        var spread = (shares * n / (c - 1)).sqrt().unsqueeze(1) * means.matmul(whitening);      // the rows' overall mean is 0
        var (_, s, axes) = linalg.svd(spread, fullMatrices: false);
        var rank = (int)(s > SvdTolerance * s[0]).sum().item<long>();
        var scalings = whitening.matmul(axes[TensorIndex.Slice(null, rank)].T);
        var centres = means.matmul(scalings);                                                   // C x rank
        var projected = x.matmul(scalings);
        var intercepts = centres.square().sum(dim: 1) / -2 + shares.log();
        return (projected[TensorIndex.Colon, TensorIndex.Slice(null, c - 1)], (projected.matmul(centres.T) + intercepts).softmax(1));
    }
}
