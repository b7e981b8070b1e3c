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
        double[] order = [.. Enumerable.Range(0, elements).Select(i => (double)i)];
        var shuffled = (double[])order.Clone();
        var random = new Random(seed);
        var values = new double[Draws];
        for (var draw = 0; draw < Draws; draw++)
        {
            random.Shuffle(shuffled);
            values[draw] = WeightedTau.Of(order, shuffled)!.Value;
        }
        Array.Sort(values);
        return new(elements, Math.Sqrt(values.Average(v => v * v)), values[(int)(0.95 * (Draws - 1))]);
    }
}
