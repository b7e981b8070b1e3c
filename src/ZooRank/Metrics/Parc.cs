using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>PARC: does the geometry of the features follow the labels? Rank correlation of all pairs' feature distances with their label distances.</summary>
/// <remarks>
/// A label distance has two values, same class or not. Spearman's correlation with such a variable is a linear function of the AUC: with P pairs, P₀ of them within a class and P₁
/// not, and A the probability that a pair of two classes lies farther apart than one of the same class (ties count half),
/// ρ = (2A − 1)·√(3 P₀P₁/(P² − 1)) where no feature distances are tied (and with the variance of tied ranks below the root where some are). So no ranks of n² label distances are made.
/// </remarks>
public static class Parc
{
    private const int Components = 32;
    private const string Paper = "Bolya, Mittapalli and Hoffman, Scalable Diverse Model Selection for Accessible Transfer Learning, NeurIPS 2021, arXiv 2111.06977, section 3.2";

    public static Metric Metric { get; } = new()
    {
        Name = "parc",
        Meaning = "Pairwise annotation representation comparison: Spearman correlation (× 100) between 1 − Pearson correlation of two images' features (32 principal components, standardised) and whether their labels differ.",
        Source = Paper,
        Range = "−87 to 87 for two equal classes, less for more (50 at eleven): compare it on one target only",
        UndefinedWhen = "the features of two or more images are constant after standardisation, or all pairs are equally far apart",
        Measure = space => Measure(space, space.PrincipalScores(Components)),
        Workspace = (n, _, _) => n <= PairComparison.LargestSorted ? n * n / 2 : 4L * PairComparison.Bins,
    };

    private static MetricOutcome Measure(FeatureSpace space, Tensor components)
    {
        var unit = UnitRows(components);
        if (unit is null) return MetricOutcome.Not("an image's features are constant after standardisation, so its correlation with others is not defined");
        var comparison = PairComparison.Of(unit, space.Labels);
        return comparison.Spearman is { } rho ? MetricOutcome.Of(100 * rho) : MetricOutcome.Not("all pairs of images are equally far apart, or all of one class");
    }

    // Standardised columns, then rows centred and of length 1: their products are Pearson's correlations.
    private static Tensor? UnitRows(Tensor components)
    {
        if (components.shape[1] < 2) return null;
        var deviation = components.std(0, unbiased: false);
        var standard = (components - components.mean([0L])) / where(deviation == 0, ones_like(deviation), deviation);
        var rows = standard - standard.mean([1L], keepdim: true);
        var length = rows.norm(1, keepdim: true);
        return (length <= 0).any().item<bool>() ? null : rows / length;
    }
}
