using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace ZooRank.Statistics;

/// <summary>Welch's t-test that two means are the same, whose variances may differ (Welch 1947), two-sided.</summary>
/// <param name="T">(m₁ − m₂) / √(s₁²/n₁ + s₂²/n₂).</param>
/// <param name="DegreesOfFreedom">By Welch and Satterthwaite.</param>
/// <param name="P">Of a difference as large, in either direction, were the means the same.</param>
public sealed record WelchTest(double T, double DegreesOfFreedom, double P)
{
    /// <returns>Null where it is undefined: a sample of less than two, or no spread in either.</returns>
    public static WelchTest? Of(IReadOnlyCollection<double> first, IReadOnlyCollection<double> second)
    {
        if (first.Count < 2 || second.Count < 2) return null;
        var (m1, v1) = first.MeanVariance();
        var (m2, v2) = second.MeanVariance();
        var (e1, e2) = (v1 / first.Count, v2 / second.Count);   // squared standard errors
        if (e1 + e2 == 0) return null;
        var t = (m1 - m2) / Math.Sqrt(e1 + e2);
        var freedom = (e1 + e2) * (e1 + e2) / ((e1 * e1 / (first.Count - 1)) + (e2 * e2 / (second.Count - 1)));
        return new(t, freedom, 2 * StudentT.CDF(0, 1, freedom, -Math.Abs(t)));
    }
}
