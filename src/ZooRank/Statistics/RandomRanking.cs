namespace ZooRank.Statistics;

/// <summary>The weighted τ that a ranking by chance reaches: what a τ has to be compared with.</summary>
/// <param name="Elements">n.</param>
/// <param name="StandardDeviation">Of τ_w over random rankings; its mean is 0.</param>
/// <param name="Percentile95">One random ranking in twenty is above it.</param>
public sealed record RandomRanking(int Elements, double StandardDeviation, double Percentile95)
{
    private const int Draws = 4_000;

    /// <param name="elements">n, at least 2.</param>
    /// <param name="seed">Of the drawn rankings.</param>
    public static RandomRanking Of(int elements, int seed = 42)
    {
        var values = Taus(elements, new Random(seed));
        Array.Sort(values);
        return new(elements, Math.Sqrt(values.Average(v => v * v)), values[(int)(0.95 * (Draws - 1))]);
    }

    /// <summary>What one in twenty is above of the means over targets that random rankings reach: for a mean, chance is far less than for one target.</summary>
    /// <param name="elements">n of each target.</param>
    /// <param name="seed">Of the drawn rankings.</param>
    public static double OfMean(IReadOnlyList<int> elements, int seed = 42)
    {
        var random = new Random(seed);
        var means = new double[Draws];
        foreach (var n in elements)
            foreach (var (draw, tau) in Taus(n, random).Index()) means[draw] += tau / elements.Count;
        Array.Sort(means);
        return means[(int)(0.95 * (Draws - 1))];
    }

    private static double[] Taus(int elements, Random random)
    {
        double[] order = [.. Enumerable.Range(0, elements).Select(i => (double)i)];
        var shuffled = (double[])order.Clone();
        var values = new double[Draws];
        for (var draw = 0; draw < Draws; draw++)
        {
            random.Shuffle(shuffled);
            values[draw] = WeightedTau.Of(order, shuffled)!.Value;
        }
        return values;
    }
}
