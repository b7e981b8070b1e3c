using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>The affinities p_ij that count, and only those: f of neighbourhood components analysis and its derivative by the embedded points, in double precision.</summary>
/// <remarks>
/// A point whose squared distance is <see cref="Reach"/> above the least of its row has an affinity that, times n, is below half a unit in the last place of the sum.
/// <see cref="DistanceScreen"/> finds the others: each row's limit is the distance to the point that was nearest at the last evaluation, and that distance stands in for the least in
/// the exponents too. Rows are shared out among parts that add up what they give to all points each for itself; so the sums do not depend on how the parts run.
/// </remarks>
/// <param name="labels">n classes.</param>
/// <param name="d">Dimensions.</param>
/// <param name="mostPairs">Pairs held at most, for the second look at them that the derivative takes. Where more count they are found twice.</param>
internal sealed unsafe class NearAffinities(IReadOnlyList<int> labels, int d, long mostPairs = NearAffinities.MostPairs) : IDisposable
{
    /// <summary>24 bytes each.</summary>
    public const long MostPairs = 20_000_000;

    // Each part has sums of its own for all points: n·d numbers.
    private const int MostParts = 8;

    // Groups of rows to share out: enough for parts of equal size.
    private const int LeastGroups = 16;

    // Of weights whose largest are near 1: n of these are below the rounding of f's gradient.
    private const double Negligible = 1e-18;

    // Exponents above this would end in infinity. They occur where the point that was nearest no longer is, by far.
    private const double LargestExponent = 500;

    private readonly int n = labels.Count;
    private readonly int[] classes = [.. labels];
    private readonly int stride = Padded(d);
    private readonly DistanceScreen screen = new(labels.Count, Padded(d));
    private readonly Part[] parts = [.. Enumerable.Range(0, Math.Clamp(Parallelism.Threads, 1, MostParts)).Select(_ => new Part(labels.Count, Padded(d)))];
    private readonly double[] anchors = new double[labels.Count], inverses = new double[labels.Count], right = new double[labels.Count];
    private int[]? nearest;                 // of each point, as of the last evaluation: a guess
    private bool held = true;
    private long pairs;

    /// <summary>How far above the least of its row a squared distance counts: exp(−Reach)·n = 2⁻⁵³.</summary>
    private double Reach => Math.Log(n) + 53 * Math.Log(2);

    /// <summary>Numbers in a row of the points: d and zeros up to whole vectors.</summary>
    public static int Padded(int d) => (d + Vector<double>.Count - 1) / Vector<double>.Count * Vector<double>.Count;

    /// <summary>f, and (W + Wᵀ)e less its columns' share, W_ij = p_ij (1[y_i = y_j] − p_i); null where the points are beyond single precision.</summary>
    /// <param name="points">e, n rows of <see cref="Padded"/> numbers.</param>
    /// <param name="pull">The same for the derivative.</param>
    public double? Evaluate(Tensor points, Tensor pull)
    {
        var e = points.Pointer();
        if (!screen.Load(e)) return null;
        nearest ??= NearestNeighbours.Find(e, n, stride, 1, includeSelf: false);
        float[] limits;
        do limits = Anchor(e); while (!Sum(e, limits));
        Pull(e, limits, pull);
        return right.Sum();
    }

    public void Dispose()
    {
        screen.Dispose();
        foreach (var part in parts) part.Dispose();
    }

    private int Group => Math.Clamp(screen.Panels / LeastGroups, 1, screen.Group);

    // Each row is compared with the rows from there on: a part takes long and short ones alike.
    private IEnumerable<Range> RowsOf(int part)
    {
        var (group, round) = (Group, 2 * parts.Length);
        for (var g = 0; g * group < screen.Panels; g++)
            if (g % round == part || g % round == round - 1 - part) yield return (g * group)..Math.Min((g + 1) * group, screen.Panels);
    }

    private float[] Anchor(double* e)
    {
        var bounds = new double[n];
        for (var i = 0; i < n; i++)
        {
            anchors[i] = NearestNeighbours.SquaredDistance(e, i, nearest![i], stride);
            bounds[i] = anchors[i] + Reach;
        }
        return screen.Limits(bounds);
    }

    // The sums of each row: all of it, and of its own class. False where a nearer point than the anchor is so much nearer that they overflow: then it is the anchor.
    private bool Sum(double* e, float[] limits)
    {
        pairs = 0;
        Parallel.For(0, parts.Length, Parallelism.Options, p =>
        {
            var part = parts[p];
            part.Clear(anchors, nearest!);
            foreach (var rows in RowsOf(p))
            {
                var first = Find(part, rows, limits, e);
                Count(part, first);
                if (Interlocked.Add(ref pairs, part.Found.Count - first) > mostPairs) Volatile.Write(ref held, false);
            }
        });
        var fits = true;
        for (var i = 0; i < n; i++)
        {
            var (sum, same, least) = (0.0, 0.0, double.PositiveInfinity);
            foreach (var part in parts)
            {
                sum += part.Sums[i];
                same += part.Same[i];
                if (part.Least[i] < least) (least, nearest![i]) = (part.Least[i], part.Nearest[i]);
            }
            fits &= anchors[i] - least <= LargestExponent;
            (inverses[i], right[i]) = (1 / sum, same / sum);
        }
        return fits;
    }

    // The pairs of some rows. Returns where they begin.
    private int Find(Part part, Range rows, float[] limits, double* e)
    {
        if (!Volatile.Read(ref held)) part.Found.Count = 0;
        var first = part.Found.Count;
        screen.Scan(rows, 0..screen.Panels, limits, part.Found);
        part.Found.Measure(e, stride, first);
        Exponentials(part, first);
        return first;
    }

    // p_ij and p_ji before they are divided by their sums: in the places of the distances, and beside them. Remembers the nearest.
    private void Exponentials(Part part, int first)
    {
        var found = part.Found;
        if (part.Backward.Length < found.Count) Array.Resize(ref part.Backward, found.Distances.Length);
        var (least, nearer, anchor) = (part.Least, part.Nearest, anchors);
        Span<int> rows = found.Rows.AsSpan(first..found.Count), columns = found.Columns.AsSpan(first..found.Count);
        Span<double> forward = found.Distances.AsSpan(first..found.Count), backward = part.Backward.AsSpan(first..found.Count);
        for (var k = 0; k < forward.Length; k++)
        {
            var (i, j, distance) = (rows[k], columns[k], forward[k]);
            if (distance < least[i]) (least[i], nearer[i]) = (distance, j);
            if (distance < least[j]) (least[j], nearer[j]) = (distance, i);
            (forward[k], backward[k]) = (anchor[i] - distance, anchor[j] - distance);
        }
        Exponentials(forward);
        Exponentials(backward);
    }

    private void Count(Part part, int first)
    {
        var (sums, same, y, found) = (part.Sums, part.Same, classes, part.Found);
        Span<int> rows = found.Rows.AsSpan(first..found.Count), columns = found.Columns.AsSpan(first..found.Count);
        Span<double> forward = found.Distances.AsSpan(first..found.Count), backward = part.Backward.AsSpan(first..found.Count);
        for (var k = 0; k < forward.Length; k++)
        {
            var (i, j) = (rows[k], columns[k]);
            sums[i] += forward[k];
            sums[j] += backward[k];
            if (y[i] != y[j]) continue;
            same[i] += forward[k];
            same[j] += backward[k];
        }
    }

    private static void Exponentials(Span<double> x)
    {
        var i = 0;
        for (; i <= x.Length - Vector<double>.Count; i += Vector<double>.Count) Vector.Exp(new Vector<double>(x[i..])).CopyTo(x[i..]);
        for (; i < x.Length; i++) x[i] = Math.Exp(x[i]);
    }

    // Σ_j (w_ij + w_ji)(e_j − e_i) for each i: the rows of W sum to nothing.
    private void Pull(double* e, float[] limits, Tensor pull)
    {
        var kept = held;
        Parallel.For(0, parts.Length, Parallelism.Options, p =>
        {
            var part = parts[p];
            new Span<double>(part.Pull, n * stride).Clear();
            if (kept)
            {
                Give(part, e);
                return;
            }
            foreach (var rows in RowsOf(p))
            {
                Find(part, rows, limits, e);
                Give(part, e);
            }
        });
        var to = pull.Pointer();
        new Span<double>(parts[0].Pull, n * stride).CopyTo(new(to, n * stride));
        foreach (var part in parts.AsSpan(1))
            for (var k = 0L; k < (long)n * stride; k += Vector<double>.Count) (Vector.Load(to + k) + Vector.Load(part.Pull + k)).Store(to + k);
    }

    private void Give(Part part, double* e)
    {
        var found = part.Found;
        for (var k = 0; k < found.Count; k++)
        {
            var (i, j) = (found.Rows[k], found.Columns[k]);
            var match = classes[i] == classes[j] ? 1 : 0;
            var v = found.Distances[k] * inverses[i] * (match - right[i]) + part.Backward[k] * inverses[j] * (match - right[j]);
            if (Math.Abs(v) <= Negligible) continue;
            double* x = e + (long)i * stride, y = e + (long)j * stride, pullX = part.Pull + (long)i * stride, pullY = part.Pull + (long)j * stride;
            var weight = new Vector<double>(v);
            for (var c = 0; c < stride; c += Vector<double>.Count)
            {
                var step = weight * (Vector.Load(y + c) - Vector.Load(x + c));
                (Vector.Load(pullX + c) + step).Store(pullX + c);
                (Vector.Load(pullY + c) - step).Store(pullY + c);
            }
        }
    }

    // Some of the rows: their pairs, and what these add up to for all points.
    private sealed class Part(int n, int stride) : IDisposable
    {
        public readonly DistanceScreen.Pairs Found = new();
        public double[] Backward = [];          // p_ji where Found has p_ij
        public readonly double[] Sums = new double[n], Same = new double[n], Least = new double[n];
        public readonly int[] Nearest = new int[n];
        public readonly double* Pull = (double*)NativeMemory.AlignedAlloc((nuint)n * (nuint)stride * sizeof(double), 64);

        public void Clear(double[] anchors, int[] nearest)
        {
            Found.Count = 0;
            Array.Clear(Sums);
            Array.Clear(Same);
            anchors.CopyTo(Least, 0);
            nearest.CopyTo(Nearest, 0);
        }

        public void Dispose() => NativeMemory.AlignedFree(Pull);
    }
}
