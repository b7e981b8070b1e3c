using MathNet.Numerics.Distributions;

namespace ZooRank.Statistics;

/// <summary>Friedman's test that k methods do alike on N data sets (Friedman 1937; Demšar, JMLR 2006, section 3.2.2), and what is read off it.</summary>
/// <param name="Statistic">χ²_F, corrected for ties; k − 1 degrees of freedom.</param>
/// <param name="P">Of a statistic as large were the methods alike.</param>
/// <param name="ImanDavenport">F_F = (N − 1) χ²_F / (N (k − 1) − χ²_F), less conservative: F with k − 1 and (k − 1)(N − 1) degrees of freedom. Null where the ranks agree perfectly, so that it is infinite.</param>
/// <param name="ImanDavenportP">Its p-value.</param>
/// <param name="AverageRanks">Of each method over the data sets; 1 is the best.</param>
/// <param name="Blocks">N.</param>
public sealed record FriedmanTest(double Statistic, double P, double? ImanDavenport, double ImanDavenportP, IReadOnlyList<double> AverageRanks, int Blocks)
{
    /// <param name="ranks">Per data set the ranks of the k methods, ties at their mean rank.</param>
    /// <returns>Null for fewer than two methods or data sets, or where every data set ties all methods.</returns>
    public static FriedmanTest? Of(IReadOnlyList<IReadOnlyList<double>> ranks)
    {
        if (ranks.Count < 2 || ranks[0].Count < 2) return null;
        var (n, k) = (ranks.Count, ranks[0].Count);
        double[] average = [.. Enumerable.Range(0, k).Select(method => ranks.Average(r => r[method]))];
        var ties = ranks.Sum(r => r.GroupBy(rank => rank).Sum(g => Math.Pow(g.Count(), 3) - g.Count())) / (n * (Math.Pow(k, 3) - k));
        if (ties >= 1) return null;
        var chi = 12.0 * n / (k * (k + 1)) * (average.Sum(r => r * r) - (k * (k + 1) * (k + 1) / 4.0)) / (1 - ties);
        var rest = (n * (k - 1)) - chi;
        double? f = rest > 1e-9 ? (n - 1) * chi / rest : null;
        return new(chi, 1 - ChiSquared.CDF(k - 1, chi), f, f is { } value ? 1 - FisherSnedecor.CDF(k - 1, (k - 1) * (n - 1), value) : 0, average, n);
    }

    /// <summary>
    /// Nemenyi's critical difference: two methods differ when their average ranks differ by as much, with probability alpha of one false difference or more. q_α √(k(k + 1)/(6N)), where q_α is the studentised range's
    /// upper quantile over √2, computed for any k (<see cref="StudentizedRange"/>).
    /// </summary>
    public static double CriticalDifference(int methods, int blocks, double alpha = 0.05) => StudentizedRange.Critical(alpha, methods) / Math.Sqrt(2) * Math.Sqrt(methods * (methods + 1) / (6.0 * blocks));
}
