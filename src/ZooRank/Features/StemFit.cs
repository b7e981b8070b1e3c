using ZooRank.Models;

namespace ZooRank.Features;

/// <summary>How far a stem's outputs on some images are from what its batch-norm saw in training: medians over its live outputs, each taken as a Gaussian.</summary>
/// <param name="Distance">Fisher–Rao distance (Costa, Santos and Strapasson 2015, Discrete Applied Mathematics 197, eq. 5): 0 where mean and deviation agree, √2·ln k where the deviations differ k-fold.</param>
/// <param name="Spread">The outputs' standard deviation ÷ that of training.</param>
public readonly record struct StemFit(double Distance, double Spread)
{
    /// <summary>Compares outputs with what the batch-norm remembers.</summary>
    public static StemFit Of(Stem stem, (double[] Mean, double[] Variance) outputs)
    {
        // Outputs that training has silenced have next to no variance, and say nothing.
        var live = stem.Variance.Max() * 1e-6;
        var (distances, spreads) = (new List<double>(), new List<double>());
        for (var o = 0; o < stem.Variance.Count; o++)
        {
            if (!(stem.Variance[o] > live)) continue;
            var sigma = Math.Sqrt(stem.Variance[o]);
            var z = (outputs.Mean[o] - stem.Mean[o]) / sigma;
            var k = Math.Max(Math.Sqrt(outputs.Variance[o]) / sigma, 1e-6);   // flat images: far, yet finite
            distances.Add(Math.Sqrt(2) * Math.Acosh(1 + (((z * z / 2) + ((k - 1) * (k - 1))) / (2 * k))));
            spreads.Add(k);
        }
        return new(Median(distances), Median(spreads));
    }

    private static double Median(List<double> values)
    {
        if (values.Count == 0) return double.NaN;
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
