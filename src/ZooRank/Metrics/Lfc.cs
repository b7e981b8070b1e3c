using ZooRank.Metrics.Numerics;

namespace ZooRank.Metrics;

/// <summary>LFC: are images of one class alike, and of two classes unlike, in the features?</summary>
/// <remarks>
/// Θ = XXᵀ and K = SSᵀ with S = 2Y − 1 are n×n and never made (but for X̃X̃ᵀ where n &lt; D). Less their means, with X = X̃ + 1mᵀ and S = S̃ + 1sᵀ, ⟨Θ, K⟩ is
/// ‖X̃ᵀS̃‖² + 2n mᵀX̃ᵀS̃ s, ‖Θ‖² is ‖X̃ᵀX̃‖² + 2n‖X̃m‖², and ‖K‖² likewise: O(nDC), beside the covariance that others need too. For one label per image K is a
/// linear function of "the labels are the same", the paper's ±1, and a correlation is blind to linear functions; for several it counts the findings that agree.
/// The entries are correlated (norms of Frobenius); some re-implementations divide by spectral norms. Chosen over PACTran, which has hyperparameters and an
/// iteration, for its closed form without any.
/// </remarks>
public static class Lfc
{
    public static Metric Metric { get; } = new()
    {
        Name = "lfc",
        Meaning = "Label–feature correlation: over all pairs of images, the correlation of their features' inner product with whether their labels agree (or in how many findings).",
        Source = "Deshpande, Achille, Ravichandran, Li, Zancato, Fowlkes, Bhotika, Soatto and Perona, A linearized framework and a new benchmark for model selection for fine-tuning, arXiv 2102.00084, label–feature correlation",
        Range = "−1 to 1",
        UndefinedWhen = "the features do not vary, or all images have the same labels",
        MultiLabel = true,
        Measure = Correlation,
        Workspace = (n, d, c) => n * c + d * c + 2 * Math.Min(n, d) * Math.Min(n, d),
    };

    private static MetricOutcome Correlation(FeatureSpace space)
    {
        if (ClassSpread.Missing(space) is { } why) return MetricOutcome.Not(why);
        var (n, x, m) = (space.Count, space.Centred, space.Mean);
        var s = 2 * space.Targets - 1;                                                          // n x C
        var mean = s.mean([0L]);
        s -= mean;
        var cross = x.T.matmul(s);                                                              // D x C
        var product = cross.square().sum() + 2 * n * m.matmul(cross).dot(mean);
        var gram = space.Width <= n ? space.Covariance * n : x.matmul(x.T);                     // X̃ᵀX̃ or X̃X̃ᵀ: of one norm
        var features = gram.square().sum() + 2 * n * x.matmul(m).square().sum();
        var labels = s.T.matmul(s).square().sum() + 2 * n * s.matmul(mean).square().sum();
        return MetricOutcome.Of((product / (features.sqrt() * labels.sqrt())).item<double>());
    }
}
