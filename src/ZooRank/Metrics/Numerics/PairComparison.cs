using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// How the distances 1 − u_i·u_j of all pairs of unit rows compare between pairs of one class and pairs of two: the probability A that a pair of two classes is the farther
/// apart (ties count half), and from it Spearman's correlation with the pairs' label distance.
/// </summary>
/// <remarks>
/// Up to 4,096 rows distances are sorted, exactly. Beyond that they are counted in 2²² bins over their range, so memory does not grow with the pairs; pairs of one bin count as tied, which can move
/// A by <see cref="Uncertainty"/> at most and by far less in fact, since the errors of the bins cancel.
/// </remarks>
internal sealed record PairComparison
{
    public const int LargestSorted = 4096, Bins = 1 << 22;
    private const int BlockRows = 256, Parts = 4;

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
        double pairs = (double)n * (n - 1) / 2;
        var sizes = labels.GroupBy(y => y).Select(g => (long)g.Count());
        var alike = new double[sizes.Sum(s => s * (s - 1) / 2)];
        var apart = new double[(long)pairs - alike.Length];
        var (a, b) = (0, 0);
        ForEachBlock(unit, (first, rows, products) =>
        {
            var row = MemoryMarshal.Cast<byte, double>(products.bytes);
            for (var i = 0; i < rows; i++)
            {
                for (var j = first + i + 1; j < n; j++)
                {
                    var distance = 1 - row[(i * n) + j];
                    if (labels[first + i] == labels[j]) alike[a++] = distance;
                    else apart[b++] = distance;
                }
            }
        });
        Parallel.Invoke(Parallelism.Options, () => Array.Sort(alike), () => Array.Sort(apart));

        // One walk through both: the pairs of two classes above each of one class, and the runs of equal distances.
        double above = 0, tied = 0, cubes = 0;
        for (int i = 0, j = 0; i < alike.Length || j < apart.Length;)
        {
            var value = i == alike.Length ? apart[j] : j == apart.Length ? alike[i] : Math.Min(alike[i], apart[j]);
            var (fromI, fromJ) = (i, j);
            while (i < alike.Length && alike[i] == value) i++;
            while (j < apart.Length && apart[j] == value) j++;
            double s = i - fromI, t = j - fromJ, run = s + t;
            above += s * (apart.Length - j);
            tied += s * t;
            cubes += (run * run * run) - run;
        }
        return From(alike.Length, apart.Length, above + tied / 2, cubes, 0);
    }

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
