using System.Numerics;
using ZooRank.Features;
using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>
/// Feature quality S_LP (arXiv 2412.20172, eq. 1–2): how well a 5-nearest-neighbour rule tells the classes apart after NCA has learned a 50-dimensional
/// map of the features. Between 0 and 1; at least 1/5, since each point is its own nearest neighbour.
/// </summary>
public sealed record FeatureQuality
{
    private const int Neighbours = 5;

    /// <summary>S_LP = (1/n) Σ p(y_i | x̃_i). (The paper's eq. 2 has the sum; after normalisation over the sources they are the same.)</summary>
    public required double Score { get; init; }

    /// <summary>p(y_i | x̃_i) of each image: the share of its class among the five nearest.</summary>
    public required IReadOnlyList<double> Probabilities { get; init; }

    /// <summary>f(A) that NCA reached, between 0 and n.</summary>
    public required double NcaObjective { get; init; }

    /// <summary>Measures one source model.</summary>
    /// <param name="features">Its features on the probe.</param>
    /// <param name="stop">When NCA stops; null for <see cref="NeighborhoodComponents.Settled"/>.</param>
    /// <param name="device">Where to compute; null is the CPU.</param>
    public static FeatureQuality Measure(FeatureSet features, LbfgsOptions? stop = null, Device? device = null)
    {
        var nca = NeighborhoodComponents.Fit(features.Values, features.Labels, options: stop, device: device);
        var p = ClassShares(nca.Embedding, nca.Dimensions, features.Labels);
        // Counted in votes and divided once: the same votes give the same score to the last digit, whatever the order of the images.
        var k = Math.Min(Neighbours, features.Count);
        var votes = p.Sum(share => (long)Math.Round(share * k));
        return new FeatureQuality { Score = (double)votes / ((long)features.Count * k), Probabilities = p, NcaObjective = nca.Objective };
    }

    // Share of each point's own class among its nearest, itself first; equal distances go to the lower index.
    internal static double[] ClassShares(double[] points, int width, IReadOnlyList<int> labels)
    {
        var n = labels.Count;
        var k = Math.Min(Neighbours, n);
        var shares = new double[n];
        Parallel.For(0, n, Parallelism.Options, i =>
        {
            Span<double> nearest = stackalloc double[k];
            Span<int> which = stackalloc int[k];
            nearest.Fill(double.PositiveInfinity);
            (nearest[0], which[0]) = (-1, i);   // no other point comes before the point itself
            var mine = points.AsSpan(i * width, width);
            for (var j = 0; j < n; j++)
            {
                if (j == i) continue;
                var distance = SquaredDistance(mine, points.AsSpan(j * width, width));
                if (distance >= nearest[k - 1]) continue;
                var at = k - 1;
                for (; distance < nearest[at - 1]; at--) (nearest[at], which[at]) = (nearest[at - 1], which[at - 1]);
                (nearest[at], which[at]) = (distance, j);
            }
            var same = 0;
            foreach (var j in which) same += labels[j] == labels[i] ? 1 : 0;
            shares[i] = (double)same / k;
        });
        return shares;
    }

    private static double SquaredDistance(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = Vector<double>.Zero;
        var i = 0;
        for (; i <= a.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            var difference = new Vector<double>(a[i..]) - new Vector<double>(b[i..]);
            sum += difference * difference;
        }
        var total = Vector.Sum(sum);
        for (; i < a.Length; i++) total += (a[i] - b[i]) * (a[i] - b[i]);
        return total;
    }
}
