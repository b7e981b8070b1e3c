namespace ZooRank.Tests.Metrics;

/// <summary>Labelled points drawn by a seed.</summary>
internal static class Points
{
    /// <summary>Gaussian clouds of unit spread whose centres are <paramref name="distance"/> from the origin, classes in turn.</summary>
    public static (float[] Values, int[] Labels) Clouds(int n, int width, int classes, double distance, int seed)
    {
        var random = new Random(seed);
        var centres = Enumerable.Range(0, classes).Select(_ => Enumerable.Range(0, width).Select(_ => distance / Math.Sqrt(width) * Normal(random)).ToArray()).ToArray();
        int[] labels = [.. Enumerable.Range(0, n).Select(i => i % classes)];
        return ([.. labels.SelectMany(y => centres[y].Select(c => (float)(c + Normal(random))))], labels);
    }

    /// <summary>n points that are hard to tell apart, or far from each other.</summary>
    public static double[] Doubles(int n, int width, string kind)
    {
        var random = new Random(n + width);
        double[] points = [.. Enumerable.Range(0, n * width).Select(_ => Normal(random))];
        return kind switch
        {
            "normal" => points,
            "grid" => [.. points.Select(x => Math.Round(x))],                                                       // many equal distances
            "twins" => [.. points.Take((n + 1) / 2 * width).Concat(points).Take(n * width)],                // each point twice
            "tiny" => [.. points.Select(x => 1e-25 * x)],                                                   // squares below float32
            "huge" => [.. points.Select(x => 1e12 * x)],
            "shifted" => [.. points.Select(x => x + 1000)],
            "outlier" => [.. points.Select((x, i) => i / width == n / 2 ? 1e5 * x : x)],
            "one place" => new double[n * width],
            "beyond float32" => [.. points.Select(x => 1e60 * x)],
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null)
        };
    }

    // Box and Muller's.
    public static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>f(A) of embedded points, straight from its definition.</summary>
    public static double Objective(double[] embedding, int width, IReadOnlyList<int> labels)
    {
        var total = 0.0;
        for (var i = 0; i < labels.Count; i++)
        {
            var distances = Enumerable.Range(0, labels.Count).Select(j => j == i ? double.PositiveInfinity : Enumerable.Range(0, width).Sum(k => Math.Pow(embedding[i * width + k] - embedding[j * width + k], 2))).ToArray();
            var weights = distances.Select(d => Math.Exp(distances.Min() - d)).ToArray();
            total += weights.Where((_, j) => labels[j] == labels[i]).Sum() / weights.Sum();
        }
        return total;
    }
}
