namespace ZooRank.Statistics;

/// <summary>Ranks, and how well two rankings agree.</summary>
public static class RankCorrelation
{
    /// <summary>1 for the smallest value, n for the largest; equal values share their mean rank.</summary>
    public static double[] Ranks(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values];
        var order = Enumerable.Range(0, values.Count).ToArray();
        Array.Sort(sorted, order);
        var ranks = new double[sorted.Length];
        for (var from = 0; from < sorted.Length;)
        {
            var to = from + 1;
            while (to < sorted.Length && sorted[to] == sorted[from]) to++;
            for (var i = from; i < to; i++) ranks[order[i]] = (from + to + 1) / 2.0;
            from = to;
        }
        return ranks;
    }

    /// <summary>1 for the largest value; equal values share their mean rank.</summary>
    public static double[] DescendingRanks(IReadOnlyList<double> values) => Ranks([.. values.Select(v => -v)]);

    /// <summary>Spearman's ρ: Pearson's correlation of the ranks; null where a list is constant.</summary>
    public static double? Spearman(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        var (a, b) = (Ranks(x), Ranks(y));
        double mean = (x.Count + 1) / 2.0, ab = 0, aa = 0, bb = 0;
        for (var i = 0; i < a.Length; i++)
        {
            ab += (a[i] - mean) * (b[i] - mean);
            aa += (a[i] - mean) * (a[i] - mean);
            bb += (b[i] - mean) * (b[i] - mean);
        }
        return aa > 0 && bb > 0 ? ab / Math.Sqrt(aa * bb) : null;
    }

    /// <summary>Kendall's τ_b: pairs in the same order minus pairs in opposite order, over the root of the product of the pairs not tied in each; null where a list is constant.</summary>
    public static double? Kendall(IReadOnlyList<double> x, IReadOnlyList<double> y) => WeightedTau.Of(x, y, Enumerable.Range(0, x.Count).ToArray(), _ => 0.5);
}
