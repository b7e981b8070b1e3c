using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// Finds in single precision every pair of points that may be near, and misses none: ½‖x−y‖² = ½‖x‖² + ½‖y‖² − x·y of centred points, less a bound on its rounding.
/// Who needs distances computes them anew, in double precision, for the pairs that are left.
/// </summary>
/// <remarks>
/// The bound, with u = 2⁻²⁴ and K coordinates: rounding x and y errs by 2u‖x‖‖y‖, K fused products by Ku‖x‖‖y‖, the two sums and the halved squares by less than 3u(‖x‖² + ‖y‖²)
/// (Higham, Accuracy and Stability of Numerical Algorithms, 2002, §3.1). Since 2‖x‖‖y‖ ≤ ‖x‖² + ‖y‖², together less than (K/2 + 8)u for each of the two squares.
/// </remarks>
internal sealed unsafe class DistanceScreen : IDisposable
{
    /// <summary>Points are held in panels of so many, coordinate by coordinate: one AVX-512 register.</summary>
    public const int Panel = 16;

    // Row panels gone through for each column panel: 512 KB of them stay in the second cache.
    private const int CacheBytes = 512 << 10;

    private readonly int n, width;
    private readonly float* packed, half;

    public DistanceScreen(int n, int width)
    {
        (this.n, this.width, Panels) = (n, width, (n + Panel - 1) / Panel);
        packed = (float*)NativeMemory.AlignedAlloc((nuint)Panels * Panel * (nuint)width * sizeof(float), 64);
        half = (float*)NativeMemory.AlignedAlloc((nuint)Panels * Panel * sizeof(float), 64);
        Group = Math.Clamp(CacheBytes / (Panel * width * sizeof(float)), 1, 16);
    }

    public int Panels { get; }

    /// <summary>Row panels that are best scanned together.</summary>
    public int Group { get; }

    /// <summary>Takes the points, n×width; false where they do not fit single precision, and then nothing may be scanned.</summary>
    public bool Load(double* points)
    {
        var mean = new double[width];
        for (var i = 0; i < n; i++)
            for (var k = 0; k < width; k++) mean[k] += points[(long)i * width + k];
        for (var k = 0; k < width; k++) mean[k] /= n;

        var fits = true;
        Parallel.For(0, Panels, Parallelism.Options, panel =>
        {
            var to = packed + (long)panel * Panel * width;
            for (var r = 0; r < Panel; r++)
            {
                var (i, square) = (panel * Panel + r, 0.0);
                for (var k = 0; k < width; k++)
                {
                    var x = i < n ? points[(long)i * width + k] - mean[k] : 0;
                    square += x * x;
                    to[k * Panel + r] = (float)x;
                }
                if (!(square < 1e30)) Volatile.Write(ref fits, false);   // far from the end of float32, 3e38; NaN too
                // Where no point is, not a number: no comparison holds.
                half[i] = i >= n ? float.NaN : (float)(-square / 2 + (width / 2 + 8) * 5.9604644775390625e-8 * square + width * 1e-37);   // 2^-24; what underflows is below 1e-37
            }
        });
        return fits;
    }

    /// <summary>The form in which <see cref="Scan"/> takes squared distances: −½ of each, rounded down, and some room at the end.</summary>
    public float[] Limits(ReadOnlySpan<double> squared)
    {
        var limits = new float[Panels * Panel];
        for (var i = 0; i < n; i++) limits[i] = MathF.BitDecrement((float)(-squared[i] / 2));
        return limits;
    }

    /// <summary>
    /// Adds to <paramref name="found"/> all pairs i &lt; j with ‖x_i − x_j‖² no more than the limit of i or that of j, and some more; i in the row panels, j in the column panels.
    /// The j of each i come in order.
    /// </summary>
    public void Scan(Range rowPanels, Range columnPanels, float[] limits, Pairs found)
    {
        var (firstRow, lastRow) = (rowPanels.Start.Value, rowPanels.End.Value);
        var product = stackalloc float[Panel * Panel];
        fixed (float* limit = limits)
        {
            for (var first = firstRow; first < lastRow; first += Group)
            {
                var last = Math.Min(first + Group, lastRow);
                for (var column = Math.Max(columnPanels.Start.Value, first); column < columnPanels.End.Value; column++)
                {
                    for (var row = first; row < last && row <= column; row++)
                    {
                        float* a = packed + (long)row * Panel * width, b = packed + (long)column * Panel * width;
                        if (Vector512.IsHardwareAccelerated) Products512(a, b, width, product);
                        else for (var r = 0; r < Panel; r += 4) Products256(a + r, b, width, product + r * Panel);
                        Test(product, row * Panel, column * Panel, limit, found);
                    }
                }
            }
        }
    }

    private void Test(float* product, int firstRow, int firstColumn, float* limit, Pairs found)
    {
        var (h0, h1) = (Vector256.Load(half + firstColumn), Vector256.Load(half + firstColumn + 8));
        var (t0, t1) = (Vector256.Load(limit + firstColumn), Vector256.Load(limit + firstColumn + 8));
        found.Reserve(Panel * Panel);
        var (rows, columns, count) = (found.Rows, found.Columns, found.Count);
        for (var r = 0; r < Panel; r++)
        {
            var i = firstRow + r;
            var (h, t) = (Vector256.Create(half[i]), Vector256.Create(limit[i]));
            var near0 = Vector256.GreaterThanOrEqual(Vector256.Load(product + r * Panel) + h0 + h, Vector256.Min(t0, t));
            var near1 = Vector256.GreaterThanOrEqual(Vector256.Load(product + r * Panel + 8) + h1 + h, Vector256.Min(t1, t));
            if ((near0 | near1) == Vector256<float>.Zero) continue;
            var bits = near0.ExtractMostSignificantBits() | near1.ExtractMostSignificantBits() << 8;
            if (firstRow == firstColumn) bits &= uint.MaxValue << r << 1;      // j > i
            for (; bits != 0; bits &= bits - 1)
            {
                rows[count] = i;
                columns[count++] = firstColumn + System.Numerics.BitOperations.TrailingZeroCount(bits);
            }
        }
        found.Count = count;
    }

    // 16 rows times 16 columns: the sums stay in registers.
    private static void Products512(float* a, float* b, int width, float* to)
    {
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        Vector512<float> s8 = default, s9 = default, sa = default, sb = default, sc = default, sd = default, se = default, sf = default;
        for (var k = 0; k < width; k++, a += Panel, b += Panel)
        {
            var y = Vector512.LoadAligned(b);
            s0 = Vector512.FusedMultiplyAdd(Vector512.Create(a[0]), y, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[1]), y, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[2]), y, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[3]), y, s3);
            s4 = Vector512.FusedMultiplyAdd(Vector512.Create(a[4]), y, s4);
            s5 = Vector512.FusedMultiplyAdd(Vector512.Create(a[5]), y, s5);
            s6 = Vector512.FusedMultiplyAdd(Vector512.Create(a[6]), y, s6);
            s7 = Vector512.FusedMultiplyAdd(Vector512.Create(a[7]), y, s7);
            s8 = Vector512.FusedMultiplyAdd(Vector512.Create(a[8]), y, s8);
            s9 = Vector512.FusedMultiplyAdd(Vector512.Create(a[9]), y, s9);
            sa = Vector512.FusedMultiplyAdd(Vector512.Create(a[10]), y, sa);
            sb = Vector512.FusedMultiplyAdd(Vector512.Create(a[11]), y, sb);
            sc = Vector512.FusedMultiplyAdd(Vector512.Create(a[12]), y, sc);
            sd = Vector512.FusedMultiplyAdd(Vector512.Create(a[13]), y, sd);
            se = Vector512.FusedMultiplyAdd(Vector512.Create(a[14]), y, se);
            sf = Vector512.FusedMultiplyAdd(Vector512.Create(a[15]), y, sf);
        }
        s0.Store(to); s1.Store(to + 16); s2.Store(to + 32); s3.Store(to + 48); s4.Store(to + 64); s5.Store(to + 80); s6.Store(to + 96); s7.Store(to + 112);
        s8.Store(to + 128); s9.Store(to + 144); sa.Store(to + 160); sb.Store(to + 176); sc.Store(to + 192); sd.Store(to + 208); se.Store(to + 224); sf.Store(to + 240);
    }

    // 4 rows times 16 columns.
    internal static void Products256(float* a, float* b, int width, float* to)
    {
        Vector256<float> p0 = default, p1 = default, p2 = default, p3 = default, q0 = default, q1 = default, q2 = default, q3 = default;
        for (var k = 0; k < width; k++, a += Panel, b += Panel)
        {
            var (y, z) = (Vector256.Load(b), Vector256.Load(b + 8));
            var x = Vector256.Create(a[0]);
            (p0, q0) = (Vector256.FusedMultiplyAdd(x, y, p0), Vector256.FusedMultiplyAdd(x, z, q0));
            x = Vector256.Create(a[1]);
            (p1, q1) = (Vector256.FusedMultiplyAdd(x, y, p1), Vector256.FusedMultiplyAdd(x, z, q1));
            x = Vector256.Create(a[2]);
            (p2, q2) = (Vector256.FusedMultiplyAdd(x, y, p2), Vector256.FusedMultiplyAdd(x, z, q2));
            x = Vector256.Create(a[3]);
            (p3, q3) = (Vector256.FusedMultiplyAdd(x, y, p3), Vector256.FusedMultiplyAdd(x, z, q3));
        }
        p0.Store(to); q0.Store(to + 8); p1.Store(to + 16); q1.Store(to + 24);
        p2.Store(to + 32); q2.Store(to + 40); p3.Store(to + 48); q3.Store(to + 56);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(packed);
        NativeMemory.AlignedFree(half);
    }

    /// <summary>A growing list of pairs and their squared distances.</summary>
    public sealed class Pairs
    {
        public int Count;
        public int[] Rows = new int[Panel * Panel], Columns = new int[Panel * Panel];
        public double[] Distances = [];

        /// <summary>Makes room for so many more.</summary>
        public void Reserve(int more)
        {
            if (Count + more <= Rows.Length) return;
            Array.Resize(ref Rows, Math.Max(2 * Rows.Length, Count + more));
            Array.Resize(ref Columns, Rows.Length);
        }

        /// <summary>The squared distances of the pairs from the <paramref name="first"/> on, in double precision.</summary>
        public void Measure(double* points, int width, int first = 0)
        {
            if (Distances.Length < Count) Array.Resize(ref Distances, Rows.Length);
            for (var k = first; k < Count; k++) Distances[k] = NearestNeighbours.SquaredDistance(points, Rows[k], Columns[k], width);
        }
    }
}
