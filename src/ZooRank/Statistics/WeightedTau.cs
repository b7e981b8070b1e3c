namespace ZooRank.Statistics;

/// <summary>
/// Weighted Kendall τ (Vigna, A weighted correlation index for rankings with ties, WWW 2015, arXiv 1404.3325): an exchange of two elements counts by their ranks, so that the top of a ranking matters most.
/// With its defaults what <c>scipy.stats.weightedtau</c> computes with its own.
/// </summary>
public static class WeightedTau
{
    /// <summary>1/(r + 1) for the element of rank r, counted from 0.</summary>
    public static double Hyperbolic(int rank) => 1.0 / (rank + 1);

    /// <summary>The mean of the values by decreasing x and by decreasing y.</summary>
    /// <param name="x">Scores.</param>
    /// <param name="y">As many.</param>
    /// <param name="weigher">Weight of a rank, from 0; null: <see cref="Hyperbolic"/>.</param>
    /// <param name="additive">The weight of a pair is the sum of its elements' weights; else their product.</param>
    /// <returns>−1 to 1; null where a list is constant, or all pairs of different elements weigh nothing.</returns>
    public static double? Of(IReadOnlyList<double> x, IReadOnlyList<double> y, Func<int, double>? weigher = null, bool additive = true) =>
        Of(x, y, RanksBy(x, y), weigher, additive) is { } first && Of(y, x, RanksBy(y, x), weigher, additive) is { } second ? (first + second) / 2 : null;

    /// <inheritdoc cref="Of(IReadOnlyList{double}, IReadOnlyList{double}, Func{int, double}, bool)"/>
    /// <summary>With the ranks given, for example those of <see cref="RanksBy"/>.</summary>
    /// <param name="x">Scores.</param>
    /// <param name="y">As many.</param>
    /// <param name="ranks">The rank of each element, from 0.</param>
    /// <param name="weigher">Weight of a rank; null: <see cref="Hyperbolic"/>.</param>
    /// <param name="additive">The weight of a pair is the sum of its elements' weights; else their product.</param>
    public static double? Of(IReadOnlyList<double> x, IReadOnlyList<double> y, IReadOnlyList<int> ranks, Func<int, double>? weigher = null, bool additive = true)
    {
        if (x.Count != y.Count || x.Count != ranks.Count) throw new ArgumentException($"Lists of {x.Count}, {y.Count} and {ranks.Count} elements.", nameof(y));
        double[] weights = [.. ranks.Select(weigher ?? Hyperbolic)];
        double xy = 0, xx = 0, yy = 0;
        for (var i = 1; i < x.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var weight = additive ? weights[i] + weights[j] : weights[i] * weights[j];
                var (a, b) = (x[i].CompareTo(x[j]), y[i].CompareTo(y[j]));
                xy += a * b * weight;
                xx += a * a * weight;
                yy += b * b * weight;
            }
        }
        return xx > 0 && yy > 0 ? Math.Clamp(xy / Math.Sqrt(xx * yy), -1, 1) : null;
    }

    /// <summary>0 for the largest x, of equal ones for the larger y, of those equal in both for the later one.</summary>
    public static int[] RanksBy(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        var ranks = new int[x.Count];
        foreach (var (rank, i) in Enumerable.Range(0, x.Count).OrderByDescending(i => x[i]).ThenByDescending(i => y[i]).ThenByDescending(i => i).Index()) ranks[i] = rank;
        return ranks;
    }
}
