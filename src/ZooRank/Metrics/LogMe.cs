using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>
/// LogME: the evidence of Bayesian linear regression from the features to each class's indicator, at the precisions α of the weights and β of the noise that maximise it.
/// </summary>
/// <remarks>
/// The authors' code, which the paper's tables come from, sums ln(α + βσ²) over the kept singular values only, and yet takes D/2·ln α for all D weights. Where n &lt; D
/// that leaves (D−k)/2·ln α too much (k: the number of singular values), which grows with the width of the features. The plain metric is the evidence itself.
/// </remarks>
public static class LogMe
{
    private const int Iterations = 11;
    private const double Tolerance = 1e-3, Guard = 1e-5;
    private const string Paper = "You, Liu, Wang and Long, LogME: Practical Assessment of Pre-trained Models for Transfer Learning, ICML 2021, arXiv 2102.11005; the fixed-point iteration of arXiv 2110.10545, algorithm 3";

    public static Metric Metric { get; } = new()
    {
        Name = "logme",
        Meaning = "Logarithm of maximum evidence: how probable the labels are under Bayesian linear regression from the features, per image, mean over the classes (or the findings that some images have and others not).",
        Source = Paper,
        Range = "unbounded; only differences on one target mean something",
        UndefinedWhen = "all features are zero, or all images have the same labels",
        MultiLabel = true,
        Measure = space => Evidence(space, asPublished: false),
        Workspace = Numbers,
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "logme:published",
        Meaning = "As logme, with the authors' code's slip where n < D: (D−k)/2·ln α too much (k: kept singular values), which favours wide features. Equal to logme where n ≥ D.",
        Measure = space => Evidence(space, asPublished: true),
    };

    private static long Numbers(long n, long d, long c) => Math.Min(n, d) * Math.Min(n, d) * 3;

    private static MetricOutcome Evidence(FeatureSpace space, bool asPublished)
    {
        var (n, width, spectrum) = (space.Count, space.Width, space.Singular);
        var k = spectrum.Rank;
        if (k == 0) return MetricOutcome.Not("all features are zero");
        var targets = space.Targets;                                                                    // n x C
        var projected = spectrum.Project(space.X, targets).square().cpu();                              // (uᵀy)², k x C
        var squares = spectrum.SquaredValues.Values().AsSpan(0, k);               // σ²
        var lengths = targets.square().sum(dim: 0).Values();                      // |y|²
        var (total, counted) = (0.0, 0);
        for (var c = 0; c < lengths.Length; c++)
        {
            // A finding that no image has, or all, tells nothing, and its evidence would be the guard's alone.
            if (lengths[c] == 0 || lengths[c] == n) continue;
            counted++;
            var x2 = projected[TensorIndex.Colon, c].Values();
            total += Evidence(squares, x2, lengths[c], n, asPublished ? width : k) / n;
        }
        return counted > 0 ? MetricOutcome.Of(total / counted) : MetricOutcome.Not("all images have the same labels");
    }

    // For one class. α's term counts the weights that the features can see (k); the rest have prior and posterior alike.
    private static double Evidence(ReadOnlySpan<double> s2, ReadOnlySpan<double> x2, double length, int n, int weights)
    {
        var outside = Math.Max(0, length);
        foreach (var x in x2) outside -= x;
        outside = Math.Max(0, outside);
        double alpha = 1, beta = 1, m2 = 0, res2 = 0;
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            var t = alpha / beta;
            double gamma = 0;
            (m2, res2) = (0, outside);
            for (var i = 0; i < s2.Length; i++)
            {
                gamma += s2[i] / (s2[i] + t);
                m2 += s2[i] * x2[i] / ((t + s2[i]) * (t + s2[i]));
                res2 += x2[i] / ((1 + s2[i] / t) * (1 + s2[i] / t));
            }
            (alpha, beta) = (gamma / (m2 + Guard), (n - gamma) / (res2 + Guard));
            if (Math.Abs(alpha / beta - t) / t <= Tolerance) break;
        }
        var volume = 0.0;
        foreach (var s in s2) volume += Math.Log(alpha + beta * s);
        return (weights * Math.Log(alpha) + n * Math.Log(beta) - volume - beta * res2 - alpha * m2 - n * Math.Log(2 * Math.PI)) / 2;
    }
}
