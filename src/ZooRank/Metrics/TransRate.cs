using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>TransRate: the information that features and labels share, with the coding rate in place of the entropy.</summary>
/// <remarks>
/// R(Z|Y) is the mean over the classes weighted by their sizes, as in the paper's equation and the authors' repository; that makes the score at least 0. The
/// ten lines of code that the paper prints, which others have copied, take the plain mean: the same only where the classes are of one size. As in those lines ε
/// is 1e-4 and features are centred but not scaled.
/// </remarks>
public static class TransRate
{
    private const double Epsilon = 1e-4;

    public static Metric Metric { get; } = new()
    {
        Name = "transrate",
        Meaning = "TransRate R(Z) − R(Z|Y): the coding rate ½ ln det(I + ZᵀZ/(nε)) of the centred features less that within the classes, weighted by their sizes.",
        Source = "Huang, Huang, Rong, Yang and Wei, Frustratingly Easy Transferability Estimation, ICML 2022, arXiv 2106.09362, R(Z, ε) − R(Z, ε|Y)",
        Range = "at least 0 (every class has the same scatter about the mean of all); it grows with the width and the scale of the features",
        Measure = space => MetricOutcome.Of(Math.Max(0, Score(space, c => (double)space.ClassSizes[c] / space.Count))),   // below 0 only by rounding: ln det is concave
        Workspace = (n, d, c) => 2 * n * d,
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "transrate:published",
        Meaning = "As transrate, with every class weighted alike, as in the code that the paper prints.",
        Range = "unbounded; below 0 where small classes are spread widest",
        Measure = space => MetricOutcome.Of(Score(space, _ => 1.0 / space.ClassCount)),
    };

    private static double Score(FeatureSpace space, Func<int, double> weight)
    {
        var whole = (space.Principal.SquaredValues / (space.Count * Epsilon)).log1p().sum().item<double>() / 2;   // R(Z)
        return whole - space.Once("coding rates", () => Enumerable.Range(0, space.ClassCount).Select(c => Rate(space, c)).ToArray()).Select((rate, c) => weight(c) * rate).Sum();
    }

    // R of one class: of Gram matrices ZᵀZ and ZZᵀ the smaller, since ln det(I + AB) = ln det(I + BA).
    private static double Rate(FeatureSpace space, int c)
    {
        using var scope = NewDisposeScope();
        var z = space.Centred[space.Y.eq(c)];                                                   // n_c x D
        var gram = (z.shape[0] < z.shape[1] ? z.matmul(z.T) : z.T.matmul(z)).div_(z.shape[0] * Epsilon);
        gram.diagonal().add_(1);
        var (factor, info) = linalg.cholesky_ex(gram);
        // At an extreme scale rounding can outweigh the 1.
        return info.item<int>() == 0 ? factor.diagonal().log().sum().item<double>() : linalg.eigvalsh(gram).clamp(min: 1).log().sum().item<double>() / 2;
    }
}
