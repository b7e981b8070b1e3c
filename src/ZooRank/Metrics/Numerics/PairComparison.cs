using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// How the distances 1 − u_i·u_j of all pairs of unit rows compare between pairs of one class and pairs of two: the probability A that a pair of two classes is the farther
/// apart (ties count half), and from it Spearman's correlation with the pairs' label distance.
/// </summary>
/// <remarks>
/// Up to 4,096 rows distances are sorted, to their last bit but one. Beyond that they are counted in 2²² bins over their range, so memory does not grow with the pairs; pairs of one bin count as tied, which can move
/// A by <see cref="Uncertainty"/> at most and by far less in fact, since the errors of the bins cancel.
/// </remarks>
internal sealed record PairComparison
{
    public const int LargestSorted = 4096, Bins = 1 << 22;
    private const int BlockRows = 256, Parts = 4, Buckets = 256;

    /// <summary>A.</summary>
    public required double Auc { get; init; }

    /// <summary>ρ; null where all pairs are of one kind or equally far apart.</summary>
    public required double? Spearman { get; init; }

    /// <summary>The largest error that counting in bins can have put into <see cref="Auc"/>.</summary>
    public required double Uncertainty { get; init; }

    /// <param name="unit">n×k, rows of length 1.</param>
    /// <param name="labels">n classes.</param>
    /// <param name="largestSorted">Above so many rows pairs are counted.</param>
    public static PairComparison Of(Tensor unit, IReadOnlyList<int> labels, int largestSorted = LargestSorted) => labels.Count <= largestSorted ? Sorted(unit, labels) : Counted(unit, labels);

    private static PairComparison Sorted(Tensor unit, IReadOnlyList<int> labels)
    {
        var n = labels.Count;
        var distances = new double[(long)n * (n - 1) / 2];
        var counts = new int[Buckets + 1];
        var at = 0;
        ForEachBlock(unit, (first, rows, products) =>
        {
            var row = MemoryMarshal.Cast<byte, double>(products.bytes);
            for (var i = 0; i < rows; i++)
            {
                var mine = labels[first + i];
                for (var j = first + i + 1; j < n; j++)
                {
                    // The last bit of a distance tells whether the pair is of two classes.
                    var distance = Marked(1 - row[(i * n) + j], labels[j] != mine);
                    counts[BucketOf(distance) + 1]++;
                    distances[at++] = distance;
                }
            }
        });
        for (var b = 0; b < Buckets; b++) counts[b + 1] += counts[b];
        var (sorted, next) = (new double[distances.Length], counts[..Buckets]);
        foreach (var distance in distances) sorted[next[BucketOf(distance)]++] = distance;
        Parallel.For(0, Buckets, Parallelism.Options, b => Array.Sort(sorted, counts[b], counts[b + 1] - counts[b]));

        // One walk from the nearest to the farthest pair, a run of equal distances at a time.
        double alike = 0, above = 0, cubes = 0;
        for (int from = 0, to; from < sorted.Length; from = to)
        {
            var apart = 0;
            for (to = from; to < sorted.Length && Unmarked(sorted[to]) == Unmarked(sorted[from]); to++) apart += IsApart(sorted[to]) ? 1 : 0;
            double run = to - from, here = run - apart;
            above += apart * (alike + here / 2);
            alike += here;
            cubes += (run * run * run) - run;
        }
        return From(alike, sorted.Length - alike, above, cubes, 0);
    }

    private static double Marked(double distance, bool apart) => BitConverter.Int64BitsToDouble((BitConverter.DoubleToInt64Bits(Math.Clamp(distance, 0, 2)) & ~1L) | (apart ? 1L : 0L));

    private static long Unmarked(double distance) => BitConverter.DoubleToInt64Bits(distance) & ~1L;

    private static bool IsApart(double distance) => (BitConverter.DoubleToInt64Bits(distance) & 1) == 1;

    private static int BucketOf(double distance) => Math.Min((int)(distance * (Buckets / 2.0)), Buckets - 1);

    private static PairComparison Counted(Tensor unit, IReadOnlyList<int> labels)
    {
        var n = labels.Count;
        // Whole numbers add up to the same in any order, so the parts may run as they come.
        var parts = Enumerable.Range(0, Parts).Select(_ => new uint[2 * Bins]).ToArray();
        ForEachBlock(unit, (first, rows, products) => Parallel.For(0, Parts, Parallelism.Options, part =>
        {
            var counts = parts[part];
            var row = MemoryMarshal.Cast<byte, double>(products.bytes);
            for (var i = part; i < rows; i += Parts)
            {
                var mine = labels[first + i];
                for (var j = first + i + 1; j < n; j++)
                {
                    var bin = (int)(Math.Clamp(1 - row[(i * n) + j], 0, 2) * (Bins / 2.0));
                    counts[(2 * Math.Min(bin, Bins - 1)) + (labels[j] == mine ? 0 : 1)]++;
                }
            }
        }));
        double below = 0, above = 0, together = 0, cubes = 0, total = 0;
        for (var bin = 0; bin < Bins; bin++)
        {
            double s = parts.Sum(p => (long)p[2 * bin]), t = parts.Sum(p => (long)p[(2 * bin) + 1]), run = s + t;
            above += t * below;
            together += s * t;
            cubes += (run * run * run) - run;
            below += s;
            total += t;
        }
        return From(below, total, above + together / 2, cubes, together / 2);
    }

    private static PairComparison From(double alike, double apart, double above, double cubes, double uncertain)
    {
        double both = alike * apart, p = alike + apart;
        if (both == 0) return new() { Auc = double.NaN, Spearman = null, Uncertainty = 0 };
        var auc = above / both;
        // Pearson's correlation of the average ranks: the covariance of the ranks with an indicator is P₀P₁(2A − 1)/2P, the variance of tied ranks (P³ − P − Σ(t³ − t))/12P.
        var spread = (p * p * p - p - cubes) / (12 * p);
        var rho = spread > 0 ? both * (2 * auc - 1) / (2 * p) / Math.Sqrt(spread * both / (p * p)) : (double?)null;
        return new() { Auc = auc, Spearman = rho, Uncertainty = uncertain / both };
    }

    // u_i·u_j for a block of rows i and all j: rows × n.
    private static void ForEachBlock(Tensor unit, Action<int, int, Tensor> action)
    {
        var n = (int)unit.shape[0];
        for (var first = 0; first < n; first += BlockRows)
        {
            using var scope = NewDisposeScope();
            var rows = Math.Min(BlockRows, n - first);
            action(first, rows, unit[TensorIndex.Slice(first, first + rows)].matmul(unit.T).cpu().contiguous());
        }
    }
}
