using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>N-LEEP: LEEP with the clusters of a Gaussian mixture in the place of the source's classes, so that a model without a head has a value too.</summary>
/// <remarks>
/// The paper has the mean log-likelihood, as LEEP does (eq. 3), and so has its authors' code; the code behind the published tables has the mean likelihood. There is one mixture, as in both,
/// and it depends on where its k-means began: measured on four examples of 200 to 1,100 images, the score has a standard deviation of up to 0.019 over seeds,
/// as the published code's has: about one seed in ten lies outside of eight runs of that, and the defaults (0 and 24, with <see cref="Stream"/>) were chosen to lie within.
/// </remarks>
public static class Nleep
{
    private const double VarianceKept = 0.8;
    private const int ComponentsPerClass = 5, Stream = 1;
    private const string Paper = "Li, Jia, Sang, Zhu, Green, Wang and Gong, Ranking Neural Checkpoints, CVPR 2021, arXiv 2011.11200, section 3.2";

    public static Metric Metric { get; } = new()
    {
        Name = "nleep",
        Meaning = "Gaussian LEEP: the mean likelihood of the labels when each image's posteriors in a mixture of 5·C Gaussians, fitted to the principal components that keep 80 % of the variance, are turned into classes by their empirical joint distribution.",
        Source = Paper,
        Range = "Σ π_c² (the shares of the classes: the clusters say nothing) to 1 (they decide the label); differences below about 0.03 are chance: where the mixture's k-means began",
        UndefinedWhen = "there are fewer images than five per class, or the features do not vary",
        Measure = space => Score(space, likelihoods => likelihoods.Mean),
        Workspace = Numbers,
    };

    public static Metric Logarithmic { get; } = Metric with
    {
        Name = "nleep:log",
        Meaning = "As nleep, with the mean of the likelihood's logarithm, as the paper defines it.",
        Range = "at most 0 (the clusters decide the label); −H(y), the entropy of the labels, where they say nothing; some of a difference is chance, as in nleep",
        Measure = space => Score(space, likelihoods => likelihoods.MeanLog),
    };

    // Scores and posteriors of all components, and the mixture's blocks. The components kept are not known before: at most min(n, D).
    private static long Numbers(long n, long d, long c) => n * Math.Min(n, d) + 4 * n * ComponentsPerClass * c + 4_000_000;

    private static MetricOutcome Score(FeatureSpace space, Func<(double Mean, double MeanLog), double> pick)
    {
        var components = ComponentsPerClass * space.ClassCount;
        if (space.Count < components) return MetricOutcome.Not($"its mixture has five Gaussians per class, {components} in all, and there are {space.Count} images. Measure more images");
        if (space.Principal.Rank == 0) return MetricOutcome.Not("the features do not vary");
        return space.Once("nleep", () => Likelihoods(space, components)) is [var found] ? MetricOutcome.Of(pick(found)) : MetricOutcome.Not("a Gaussian's covariance is not positive definite in float64");
    }

    // Of the mean and of the mean logarithm; empty where the mixture cannot be fitted.
    private static (double Mean, double MeanLog)[] Likelihoods(FeatureSpace space, int components)
    {
        var x = space.PrincipalScores(Kept(space.Principal.SquaredValues));                     // n x d
        if (GaussianMixture.Fit(x, components, new Random(space.Seed + Stream)) is not { } gaussians) return [];
        var p = Leep.Likelihoods(gaussians.Posteriors, space);
        return [(p.mean().item<double>(), p.log().mean().item<double>())];
    }

    /// <summary>The fewest components whose variances make up more than 80 % of all.</summary>
    internal static int Kept(Tensor variances) => 1 + (int)(variances.cumsum(0) / variances.sum() <= VarianceKept).sum().item<long>();
}
