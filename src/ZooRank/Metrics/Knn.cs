using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>Leave-one-out accuracy of the five-nearest-neighbour rule on the features as they are: the baseline without any learning.</summary>
public static class Knn
{
    private const int Neighbours = 5;

    // The n×n distances are made in blocks of rows of this many numbers: 64 MB in float64.
    private const long BlockElements = 8_000_000;

    public static Metric Metric { get; } = new()
    {
        Name = "knn",
        Meaning = "Baseline: the share of images whose five nearest others (Euclidean, on the features as they are) vote for their class; of classes with equally many votes that of the nearest neighbour wins.",
        Source = "Cover and Hart, Nearest Neighbor Pattern Classification, IEEE Transactions on Information Theory 13(1), 1967; for pretrained features: Wu, Xiong, Yu and Lin, CVPR 2018, arXiv 1805.01978",
        Range = "0 to 1",
        UndefinedWhen = "all images have the same features",
        Measure = Accuracy,
        Workspace = (n, d, _) => 3 * Math.Max(BlockElements, n),
    };

    private static MetricOutcome Accuracy(FeatureSpace space)
    {
        if (space.X.eq(space.X[0]).all().item<bool>()) return MetricOutcome.Not("all images have the same features: none is nearer than another");
        var (n, k) = (space.Count, Math.Min(Neighbours, space.Count - 1));
        var nearest = Nearest(space, k);
        return MetricOutcome.Of((double)Enumerable.Range(0, n).Count(i => Vote(space.Labels, nearest.AsSpan(i * k, k)) == space.Labels[i]) / n);
    }

    // Most votes, and among those first in the order of distance.
    private static int Vote(IReadOnlyList<int> labels, ReadOnlySpan<long> nearest)
    {
        var (winner, most) = (-1, 0);
        foreach (var candidate in nearest)
        {
            var votes = 0;
            foreach (var j in nearest) votes += labels[(int)j] == labels[(int)candidate] ? 1 : 0;
            if (votes > most) (winner, most) = (labels[(int)candidate], votes);
        }
        return winner;
    }

    // The k nearest others of each image, nearest first, n×k.
    private static long[] Nearest(FeatureSpace space, int k)
    {
        var (x, n) = (space.Centred, (long)space.Count);
        var norms = x.square().sum(dim: 1);
        var found = new long[n * k];
        var rows = Math.Clamp(BlockElements / n, 1, n);
        for (long first = 0; first < n; first += rows)
        {
            using var block = NewDisposeScope();
            var mine = x[TensorIndex.Slice(first, Math.Min(first + rows, n))];
            var distances = addmm(norms, mine, x.T, beta: 1, alpha: -2);                       // ‖x_i − x_j‖² − ‖x_i‖²
            distances.diagonal(first).fill_(double.PositiveInfinity);
            distances.topk(k, 1, largest: false).indexes.cpu().contiguous().data<long>().ToArray().CopyTo(found.AsSpan((int)(first * k)));
        }
        return found;
    }
}
