namespace ZooRank.Statistics;

/// <summary>Holm's adjustment (1979) of p-values that are looked at together.</summary>
public static class Holm
{
    /// <summary>The k-th smallest of m is multiplied by m − k + 1, and none falls below a smaller one's. At most 1.</summary>
    public static IReadOnlyList<double> Adjust(IReadOnlyList<double> p)
    {
        var adjusted = new double[p.Count];
        var largest = 0.0;
        foreach (var (k, i) in Enumerable.Range(0, p.Count).OrderBy(i => p[i]).Index())
            adjusted[i] = largest = Math.Max(largest, Math.Min(1, p[i] * (p.Count - k)));
        return adjusted;
    }
}
