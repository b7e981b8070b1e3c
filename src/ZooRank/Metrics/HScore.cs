using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>H-score: how much of the features the labels explain, once all directions have been given the same variance.</summary>
/// <remarks>
/// With the centred features X = U S Vᵀ, tr(cov(f)⁺ cov(E[f|y])) is Σ_k h_k with h_k = Σ_c (u_kᵀ1_c)²/n_c: whichever of 1/n and 1/(n−1) the covariances have,
/// it cancels, and no inverse is formed. Shrinking the covariance by α towards its mean eigenvalue μ only multiplies each h_k by (1−α)λ_k/((1−α)λ_k + αμ), also
/// where D &gt; n. The pseudo-inverse leaves out directions with less than 1e-12 of the largest variance (<see cref="Spectrum.Rank"/>), the limit of what a
/// Gram matrix in float64 can tell from zero; tllib's 1e-15 lets rounding through. tllib shrinks a covariance with 1/n and yet takes cov(E[f|y]) with 1/(n−1):
/// its shrunk score is n/(n−1) times this one.
/// </remarks>
public static class HScore
{
    private const string SeveralLabels = " Several labels per image: each finding is a task of two classes, and the score is the mean over the findings.";

    public static Metric Metric { get; } = new()
    {
        Name = "hscore",
        Meaning = "H-score: the share of the features' variance that lies between the classes, summed over all directions after each was given the same variance." + SeveralLabels,
        Source = "Bao, Li, Huang, Zhang, Zheng, Zamir and Guibas, An Information-Theoretic Approach to Transferability in Task Transfer Learning, ICIP 2019, arXiv 2212.10082, the definition of the H-score",
        Range = "0 (the labels explain nothing) to C − 1 (everything); (C − 1)·D/(n − 1) by chance. Findings: 0 to 1",
        SaturatesWithFewImages = true,
        UndefinedWhen = "there are at least as many features as images (D ≥ n), or as many independent ones as can be (rank n − 1): every labelling is then explained and the score is C − 1 whatever the features are; hscore:shrunk is defined there. Or the features do not vary",
        MultiLabel = true,
        Measure = Plain,
        Workspace = (n, d, c) => n * c + d * c,
    };

    public static Metric Shrunk { get; } = Metric with
    {
        Name = "hscore:shrunk",
        Meaning = "As hscore, with the covariance shrunk towards a multiple of the identity by Ledoit and Wolf's α, and 1 − α of what lies between the classes." + SeveralLabels,
        Source = "Ibrahim, Ponomareva and Mazumder, Newer is not always better: Rethinking transferability metrics, their peculiarities, stability and performance, ECML PKDD 2022, arXiv 2110.06893, the shrinkage-based H-score; "
            + "α: Ledoit and Wolf, Journal of Multivariate Analysis 88(2), 2004",
        Range = "0 to C − 1. Findings: 0 to 1",
        UndefinedWhen = "the features do not vary",
        Measure = space => ClassSpread.Missing(space) is { } why ? MetricOutcome.Not(why) : MetricOutcome.Of(Sum(space, Shrinkage(space))),
    };

    private static MetricOutcome Plain(FeatureSpace space)
    {
        if (space.Width >= space.Count) return Saturated($"there are {space.Width} features for {space.Count} images: with D ≥ n");
        if (ClassSpread.Missing(space) is { } why) return MetricOutcome.Not(why);
        return space.Principal.Rank >= space.Count - 1 ? Saturated($"the features of {space.Count} images have {space.Principal.Rank} independent directions: so") : MetricOutcome.Of(Sum(space, alpha: 0));
    }

    private static MetricOutcome Saturated(string because) => MetricOutcome.Not($"{because} any labels are explained in full, and the score says nothing. Measure more images, or use hscore:shrunk");

    private static double Sum(FeatureSpace space, double alpha)
    {
        var lambda = Eigenvalues(space);                                                                    // k
        var mu = lambda.sum() / space.Width;
        var gain = (1 - alpha) * lambda / ((1 - alpha) * lambda + alpha * mu);
        var between = space.Principal.Project(space.Centred, space.Targets).square();                       // (u_kᵀ1_c)², k x C
        return ClassSpread.Total(space, gain.matmul(between) * ClassSpread.Weights(space));
    }

    // Of the covariance with 1/n.
    private static Tensor Eigenvalues(FeatureSpace space) => space.Principal.SquaredValues[TensorIndex.Slice(null, space.Principal.Rank)] / space.Count;

    /// <summary>α: the estimated error of the covariance over its distance from μI, both per entry of a row; at most 1.</summary>
    internal static double Shrinkage(FeatureSpace space)
    {
        var (n, d) = ((double)space.Count, (double)space.Width);
        var lambda = Eigenvalues(space);
        var (squares, mu) = (lambda.square().sum().item<double>(), lambda.sum().item<double>() / d);        // ‖Σ‖², μ
        var fourth = space.Centred.norm(1).pow(4).sum().item<double>() / n;                                 // mean ‖x‖⁴
        var (beta, delta) = ((fourth - squares) / (d * n), squares / d - mu * mu);
        return delta > 0 ? Math.Clamp(beta / delta, 0, 1) : 0;
    }
}
