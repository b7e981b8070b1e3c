using MathNet.Numerics.Distributions;
using MathNet.Numerics.Integration;
using MathNet.Numerics.RootFinding;

namespace ZooRank.Statistics;

/// <summary>The range of k standard normal variables: the studentised range with infinite degrees of freedom.</summary>
public static class StudentizedRange
{
    private const double Farthest = 9;   // beyond it the normal density is below 1e-18
    private const int Intervals = 8, Order = 32;

    /// <summary>The probability that the range is at most q: k ∫ φ(z) (Φ(z) − Φ(z − q))^(k−1) dz, z being the largest.</summary>
    public static double Cdf(double q, int k)
    {
        if (q <= 0) return 0;
        const double Step = 2 * Farthest / Intervals;
        double Density(double z) => Normal.PDF(0, 1, z) * Math.Pow(Normal.CDF(0, 1, z) - Normal.CDF(0, 1, z - q), k - 1);
        return Math.Min(1, k * Enumerable.Range(0, Intervals).Sum(i => GaussLegendreRule.Integrate(Density, (i * Step) - Farthest, ((i + 1) * Step) - Farthest, Order)));
    }

    /// <summary>The q that the range exceeds with probability <paramref name="alpha"/>.</summary>
    public static double Critical(double alpha, int k) => Brent.FindRoot(q => Cdf(q, k) - (1 - alpha), 0, 40, 1e-12, 200);
}
