namespace ZooRank.Statistics;

/// <param name="Low">2.5th percentile.</param>
/// <param name="High">97.5th percentile.</param>
public sealed record ConfidenceInterval(double Low, double High);

/// <summary>Resampling with replacement.</summary>
public static class Bootstrap
{
    private const int Draws = 10_000;

    /// <summary>95 % percentile interval of a mean (Efron 1979).</summary>
    /// <param name="values">What the mean is of; the same seed draws the same of lists of one length, so that intervals of several means are paired.</param>
    /// <param name="seed">Of the draws.</param>
    /// <returns>Null for fewer than two values.</returns>
    public static ConfidenceInterval? OfMean(IReadOnlyList<double> values, int seed = 42)
    {
        if (values.Count < 2) return null;
        var random = new Random(seed);
        var means = new double[Draws];
        for (var draw = 0; draw < Draws; draw++)
        {
            var sum = 0.0;
            for (var i = 0; i < values.Count; i++) sum += values[random.Next(values.Count)];
            means[draw] = sum / values.Count;
        }
        Array.Sort(means);
        return new(means[(int)(0.025 * (Draws - 1))], means[(int)Math.Ceiling(0.975 * (Draws - 1))]);
    }
}
