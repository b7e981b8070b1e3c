using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>ETran: how sure the source is of the images, and how well a linear discriminant tells their classes apart.</summary>
/// <remarks>
/// The authors' code, which the paper's table comes from, differs in three ways. It takes the energy of the lowest 0.5 % of the images only. It weights the
/// scaled parts 0.15 and 0.85. And it asks NumPy's eigh for the eigenvectors V of Σ⁻¹S_B, which is not symmetric: they come out orthonormal, VVᵀ is the
/// identity, and what was to be Fisher's discriminant is the nearest class mean.
/// </remarks>
public static class Etran
{
    private const string Energy = "energy", Classification = "classification";

    public static Metric Metric { get; } = new()
    {
        Name = "etran",
        Meaning = "ETran: energy of the features (energy:features) + mean probability of the right class under a regularised linear discriminant, each min–max scaled over the zoo.",
        Source = "Gholami, Akbari, Wang, Kamranian and Zhang, ETran: Energy-Based Transferability Estimation, ICCV 2023, arXiv 2308.02027, the energy and the LDA-based classification score; the authors' mgholamikn/ETran",
        Range = "0 to 2 over a zoo",
        SaturatesWithFewImages = true,
        UndefinedWhen = "there is only one model (its parts are given), or there are at least as many features as images (D ≥ n): a discriminant then separates any labels",
        Needs = MetricNeeds.Zoo,
        Measure = Parts,
        OverZoo = (models, _) => CombinedScores.WeightedSum(models, (Energy, 1), (Classification, 1)),
        Workspace = (n, d, c) => 2 * d * d + n * d,
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "etran:published",
        Meaning = "As etran, as the authors' code computes it: energy of the lowest 0.5 % of the images, nearest class mean instead of the discriminant, weights 0.15 and 0.85.",
        Range = "0 to 1 over a zoo",
        UndefinedWhen = "there is only one model (its parts are given)",
        Measure = PublishedParts,
        OverZoo = (models, _) => CombinedScores.WeightedSum(models, (Energy, 0.15), (Classification, 0.85)),
    };

    private static MetricOutcome Parts(FeatureSpace space)
    {
        if (space.Width >= space.Count) return Sfda.Saturated(space);
        var (shares, within) = (space.Counts / space.Count, space.WithinCovariance);
        var probabilities = Discriminant.Probabilities(space.Centred, space.ClassOffsets, shares, Discriminant.Shrunk(within, Sfda.Shrinkage(within)));
        return probabilities is null ? MetricOutcome.Not("the features do not vary within the classes, or only at the limit of float64") : Of(space, space.X.logsumexp(1), probabilities);
    }

    private static MetricOutcome PublishedParts(FeatureSpace space)
    {
        var m = space.ClassOffsets;                                                             // C x D
        var logOdds = space.Centred.matmul(m.T) - m.square().sum(dim: 1) / 2 + (space.Counts / space.Count).log();
        var (lowest, _) = space.X.logsumexp(1).topk(Math.Max(1, 5 * space.Count / 1000), largest: false);
        return Of(space, lowest, logOdds.softmax(1));
    }

    private static MetricOutcome Of(FeatureSpace space, Tensor energies, Tensor probabilities) => MetricOutcome.Of(new Dictionary<string, double>
    {
        [Energy] = energies.mean().item<double>(),
        [Classification] = probabilities.gather(1, space.Y.unsqueeze(1)).mean().item<double>(),
    });
}
