using System.Numerics;
using System.Runtime.InteropServices;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// The nearest points of each point, by Euclidean distances in double precision; equal distances go to the lower index. A screen in single precision
/// (<see cref="DistanceScreen"/>) leaves few distances to compute; the result is that of all of them.
/// </summary>
public static unsafe class NearestNeighbours
{
    // Column panels that one task scans in a round: enough work to hand out, few enough for the tasks to end together.
    private const int ChunkPanels = 32;

    /// <summary>Row by row the indices of the nearest, nearest first: n × min(k, n), or n × min(k, n − 1) without the point itself.</summary>
    /// <param name="points">n×width, row by row, finite.</param>
    /// <param name="width">Coordinates of a point.</param>
    /// <param name="k">How many.</param>
    /// <param name="includeSelf">Whether each point comes first among its own neighbours, as after fitting and asking with the same points; otherwise it is left out.</param>
    public static int[] Find(double[] points, int width, int k, bool includeSelf)
    {
        fixed (double* first = points) return Find(first, points.Length / width, width, k, includeSelf);
    }

    internal static int[] Find(double* points, int n, int width, int k, bool includeSelf)
    {
        var (itself, asked) = (includeSelf ? 1 : 0, Math.Min(k, includeSelf ? n : n - 1));
        var found = new Nearest(n, asked - itself);
        if (asked > itself)
        {
            using var screen = new DistanceScreen(n, width);
            if (screen.Load(points)) Screened(screen, points, width, found);
            else All(points, width, found);
        }
        if (!includeSelf) return found.Indices;
        var indices = new int[n * asked];
        for (var i = 0; i < n; i++)
        {
            indices[i * asked] = i;
            found.Indices.AsSpan(i * (asked - 1), asked - 1).CopyTo(indices.AsSpan(i * asked + 1));
        }
        return indices;
    }

    // Rows in rounds of 16, 16, 32, 64, … 256, each against the columns from there on; what a round finds narrows the limits of the next.
    private static void Screened(DistanceScreen screen, double* points, int width, Nearest found)
    {
        var chunks = new DistanceScreen.Pairs[(screen.Panels + ChunkPanels - 1) / ChunkPanels];
        for (var c = 0; c < chunks.Length; c++) chunks[c] = new();
        for (int first = 0, last; first < screen.Panels; first = last)
        {
            last = Math.Min(first + Math.Clamp(first, 1, 16), screen.Panels);
            var (rows, limits) = (first..last, screen.Limits(found.Limits));
            Parallel.For(first / ChunkPanels, chunks.Length, Parallelism.Options, c =>
            {
                chunks[c].Count = 0;
                screen.Scan(rows, (c * ChunkPanels)..Math.Min((c + 1) * ChunkPanels, screen.Panels), limits, chunks[c]);
                chunks[c].Measure(points, width);
            });
            foreach (var chunk in chunks.AsSpan(first / ChunkPanels))
            {
                for (var p = 0; p < chunk.Count; p++)
                {
                    found.Offer(chunk.Rows[p], chunk.Columns[p], chunk.Distances[p]);
                    found.Offer(chunk.Columns[p], chunk.Rows[p], chunk.Distances[p]);
                }
            }
        }
    }

    // Numbers beyond single precision.
    private static void All(double* points, int width, Nearest found) => Parallel.For(0, found.Limits.Length, Parallelism.Options, i =>
    {
        for (var j = 0; j < found.Limits.Length; j++)
            if (j != i) found.Offer(i, j, SquaredDistance(points, i, j, width));
    });

    /// <summary>‖x_i − x_j‖².</summary>
    internal static double SquaredDistance(double* points, int i, int j, int width) => SquaredDistance(new(points + (long)i * width, width), new(points + (long)j * width, width));

    internal static double SquaredDistance(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        ref var x = ref MemoryMarshal.GetReference(a);
        ref var y = ref MemoryMarshal.GetReference(b[..a.Length]);
        Vector<double> sum = default, other = default;
        var (i, step) = (0, Vector<double>.Count);
        for (; i <= a.Length - 2 * step; i += 2 * step)
        {
            var first = Vector.LoadUnsafe(ref x, (nuint)i) - Vector.LoadUnsafe(ref y, (nuint)i);
            var second = Vector.LoadUnsafe(ref x, (nuint)(i + step)) - Vector.LoadUnsafe(ref y, (nuint)(i + step));
            (sum, other) = (Vector.FusedMultiplyAdd(first, first, sum), Vector.FusedMultiplyAdd(second, second, other));
        }
        if (i <= a.Length - step)
        {
            var last = Vector.LoadUnsafe(ref x, (nuint)i) - Vector.LoadUnsafe(ref y, (nuint)i);
            sum = Vector.FusedMultiplyAdd(last, last, sum);
            i += step;
        }
        var total = Vector.Sum(sum + other);
        for (; i < a.Length; i++) total += (a[i] - b[i]) * (a[i] - b[i]);
        return total;
    }

    // The k nearest so far of each of n points, in order.
    private sealed class Nearest
    {
        private readonly int k;
        private readonly double[] distances;

        public Nearest(int n, int k)
        {
            (this.k, distances, Indices, Limits) = (k, new double[n * k], new int[n * k], new double[n]);
            Array.Fill(distances, double.PositiveInfinity);
            Array.Fill(Indices, int.MaxValue);
            Array.Fill(Limits, double.PositiveInfinity);
        }

        public int[] Indices { get; }

        /// <summary>The distance of the last of the k.</summary>
        public double[] Limits { get; }

        public void Offer(int i, int j, double distance)
        {
            if (double.IsNaN(distance)) distance = double.PositiveInfinity;
            if (distance > Limits[i]) return;
            var d = distances.AsSpan(i * k, k);
            var which = Indices.AsSpan(i * k, k);
            var at = k;
            for (; at > 0 && (distance < d[at - 1] || (distance == d[at - 1] && j < which[at - 1])); at--)
                if (at < k) (d[at], which[at]) = (d[at - 1], which[at - 1]);
            if (at == k) return;
            (d[at], which[at]) = (distance, j);
            Limits[i] = d[k - 1];
        }
    }
}
