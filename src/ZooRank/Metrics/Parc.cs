using ZooRank.Data;
using ZooRank.Metrics.Numerics;
using ZooRank.Statistics;
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
        UndefinedWhen = "there is one principal component only, an image's components are all the same after standardisation, or all pairs are equally far apart",
        Measure = space => Measure(space, space.PrincipalScores(Components)),
        Workspace = (n, _, _) => n <= PairComparison.LargestSorted ? n * n : 4L * PairComparison.Bins,
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "parc:published",
        Meaning = "As parc, with the authors' randomised principal components (one power iteration, seed 1919) and with label distances that are equal broken into three or five values by rounding, as their code has them; it depends on the order of the images.",
        UndefinedWhen = "as parc; or there are more than 4,096 images",
        Measure = AsPublished,
        Workspace = (n, _, _) => 5 * n * n,
    };

    private static MetricOutcome AsPublished(FeatureSpace space)
    {
        if (space.Count > PairComparison.LargestSorted) return MetricOutcome.Not($"it ranks all pairs of images, which beyond {PairComparison.LargestSorted} is too many; parc has no such limit");
        var components = RandomizedPca.Scores(space.GivenX, Math.Min(Components, Math.Min(space.Count, space.Width)), new NumpyRandom(1919), iterations: 1);
        if (UnitRows(components) is not { } unit) return NoCorrelation;
        var labels = space.Set.Labels;
        var between = RoundedLabelDistances(space.Set.ClassCount);
        var n = space.Count;
        var products = unit.matmul(unit.T).Values();
        double[] x = new double[n * (n - 1) / 2], y = new double[x.Length];
        for (int i = 0, at = 0; i < n; i++)
            for (var j = i + 1; j < n; j++, at++) (x[at], y[at]) = (1 - products[(i * n) + j], between[labels[i], labels[j]]);
        return RankCorrelation.Spearman(x, y) is { } rho ? MetricOutcome.Of(100 * rho) : MetricOutcome.Not("all pairs of images are equally far apart, or all of one class");
    }

    // 1 − corrcoef of one-hot rows as float64 gives it: products of centred rows summed in order, then divided by both deviations in turn.
    private static double[,] RoundedLabelDistances(int classes)
    {
        var distances = new double[classes, classes];
        double Product(int a, int b)
        {
            var sum = 0.0;
            for (var k = 0; k < classes; k++) sum += ((k == a ? 1 : 0) - (1.0 / classes)) * ((k == b ? 1 : 0) - (1.0 / classes));
            return sum * (1.0 / (classes - 1));
        }
        for (var a = 0; a < classes; a++)
            for (var b = 0; b < classes; b++) distances[a, b] = 1 - Math.Clamp(Product(a, b) / Math.Sqrt(Product(a, a)) / Math.Sqrt(Product(b, b)), -1, 1);
        return distances;
    }

    private static MetricOutcome Measure(FeatureSpace space, Tensor components)
    {
        var unit = UnitRows(components);
        if (unit is null) return NoCorrelation;
        var comparison = PairComparison.Of(unit, space.Labels);
        return comparison.Spearman is { } rho ? MetricOutcome.Of(100 * rho) : MetricOutcome.Not("all pairs of images are equally far apart, or all of one class");
    }

    private static MetricOutcome NoCorrelation => MetricOutcome.Not("the features have one direction only, or an image's are constant after standardisation: its correlation with others is not defined");

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
