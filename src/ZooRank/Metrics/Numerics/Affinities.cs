using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>f(A) = Σ_i p_i of neighbourhood components analysis and its gradient, in double precision; n×n affinities never held at once.</summary>
/// <remarks>
/// Where few p_ij count, only those are computed: a point whose squared distance is <see cref="Reach"/> above the least of its row has an affinity that, times n, is
/// below half a unit in the last place of the sum. <see cref="DistanceScreen"/> finds the others. Where many count (features of small spread), and on a GPU, blocks of rows are computed in full.
/// </remarks>
/// <param name="points">n×D in float64.</param>
/// <param name="labels">n classes.</param>
/// <param name="blockElements">Where blocks are computed in full: so many affinities in one.</param>
/// <param name="sparse">Which of the two; null chooses by the number of affinities that count.</param>
/// <param name="holdPairs">False: as where more pairs count than are held.</param>
internal sealed class Affinities(Tensor points, IReadOnlyList<int> labels, long blockElements = Affinities.BlockElements, bool? sparse = null, bool holdPairs = true) : IDisposable
{
    // 64 MB in float64.
    private const long BlockElements = 8_000_000;

    /// <summary>Pairs held at most, 40 bytes each. Where more count, each is found twice, once from either side, and none is held.</summary>
    public const long MostPairs = 20_000_000;

    // Parts of the rows that add up what they give to other rows, each for itself: so many whatever the number of threads.
    private const int Parts = 8;

    // Rows whose affinities are counted to choose the way.
    private const int SampleRows = 32;

    // Above this share of pairs that count, full blocks are faster.
    private const double DenseShare = 0.15;

    // Of weights whose largest are near 1: n of these are below the rounding of f's gradient.
    private const double Negligible = 1e-18;

    private bool held = holdPairs;
    private long? counted;                  // pairs at the last evaluation
    private readonly Tensor classes = tensor(labels.Select(y => (long)y).ToArray()).to(points.device);
    private readonly int n = labels.Count;
    private readonly List<DistanceScreen.Pairs> found = [];
    private DistanceScreen? screen;
    private int[]? nearest;                 // of each point, as of the last evaluation: a guess
    private int[] partners = [];            // of each point, the affinities that count, by starts
    private double[] distances = [];

    /// <summary>exp(−Reach)·n = 2⁻⁵³.</summary>
    private double Reach => Math.Log(n) + 53 * Math.Log(2);

    public double Evaluate(ReadOnlySpan<double> map, Span<double> gradient)
    {
        using var scope = NewDisposeScope();
        var width = points.shape[1];
        var d = (int)(map.Length / width);
        var a = Aligned.Of(map, points.device, d, width);
        var e = a.matmul(points.T).T.contiguous();                                         // n x d; this way round MKL takes half the time where D is large
        var pull = Sparse(e, d, out var f) ?? Dense(e, out f);                             // (W + Wᵀ) e less its columns' share, W_ij = p_ij (1[y_i = y_j] − p_i)
        pull.T.matmul(points).mul_(-2).CopyTo(gradient);                                   // of −f, d x width
        return f;
    }

    public void Dispose()
    {
        screen?.Dispose();
        classes.Dispose();
    }

    private Tensor? Sparse(Tensor embedded, int d, out double f)
    {
        f = 0;
        if (sparse == false || n < 2 || embedded.device_type != DeviceType.CPU) return null;
        var e = embedded.Values();
        // Far from many at the last evaluation: not asked again.
        if (sparse is null && !(counted * 4 < DenseShare * n * n) && Share(e, d) is var share && share > DenseShare) return null;
        screen ??= new DistanceScreen(n, d);
        if (!screen.Load(e)) return null;
        nearest ??= NearestNeighbours.Find(e, d, 1, includeSelf: false);
        var pull = new double[n * d];
        held = held && Screened(e, d, nearest);
        if (held)
        {
            counted = found.Sum(pairs => (long)pairs.Count);
            f = Sum(e, d, BothWays(), pull);
        }
        else
        {
            f = Streamed(e, d, nearest, pull);
        }
        return Aligned.Of(pull, CPU, n, d);
    }

    // The share of pairs that count, of some rows.
    private double Share(double[] e, int d)
    {
        var counts = new long[Math.Min(SampleRows, n)];
        Parallel.For(0, counts.Length, Parallelism.Options, s =>
        {
            var (i, row) = ((int)((long)s * n / counts.Length), new double[n]);
            for (var j = 0; j < n; j++) row[j] = j == i ? double.PositiveInfinity : NearestNeighbours.SquaredDistance(e.AsSpan(i * d, d), e.AsSpan(j * d, d));
            var limit = row.Min() + Reach;
            counts[s] = row.Count(x => x <= limit);
        });
        return counts.Sum() / ((double)counts.Length * n);
    }

    // The pairs that may count; false where they are more than may be held. The least distance of a row is no more than that to any point.
    private bool Screened(double[] e, int d, int[] guess)
    {
        var (limits, groups, held) = (Limits(e, d, guess), Groups, 0L);
        while (found.Count < groups) found.Add(new());
        Parallel.For(0, groups, Parallelism.Options, group =>
        {
            found[group].Count = 0;
            if (Interlocked.Read(ref held) > MostPairs && sparse != true) return;
            screen!.Scan(RowsOf(group), 0..screen.Panels, limits, found[group]);
            found[group].Measure(e, d);
            Interlocked.Add(ref held, found[group].Count);
        });
        return held <= MostPairs || sparse == true;
    }

    private int Groups => (screen!.Panels + screen.Group - 1) / screen.Group;

    private Range RowsOf(int group) => (group * screen!.Group)..Math.Min((group + 1) * screen.Group, screen.Panels);

    private float[] Limits(double[] e, int d, int[] guess)
    {
        var bounds = new double[n];
        for (var i = 0; i < n; i++) bounds[i] = NearestNeighbours.SquaredDistance(e.AsSpan(i * d, d), e.AsSpan(guess[i] * d, d)) + Reach;
        return screen!.Limits(bounds);
    }

    // f and the pulls with no pair held: a group of rows is scanned against all, and what w_ij gives to j is added up apart in each part.
    private double Streamed(double[] e, int d, int[] guess, double[] pull)
    {
        var (limits, groups, right) = (Limits(e, d, guess), Groups, new double[n]);
        var given = new double[Parts][];
        Parallel.For(0, Parts, Parallelism.Options, part =>
        {
            var mine = given[part] = new double[n * d];
            var pairs = new DistanceScreen.Pairs();
            var starts = new int[screen!.Group * DistanceScreen.Panel + 1];
            int[] others = [];
            double[] affinities = [];
            for (var group = (int)((long)part * groups / Parts); group < (int)((long)(part + 1) * groups / Parts); group++)
            {
                pairs.Count = 0;
                var rows = RowsOf(group);
                screen.Scan(rows, 0..screen.Panels, limits, pairs, ordered: true);
                pairs.Measure(e, d);
                var first = rows.Start.Value * DistanceScreen.Panel;
                var count = Math.Min(rows.End.Value * DistanceScreen.Panel, n) - first;
                Array.Clear(starts);
                for (var p = 0; p < pairs.Count; p++) starts[pairs.Rows[p] - first + 1]++;
                for (var i = 0; i < count; i++) starts[i + 1] += starts[i];
                if (others.Length < pairs.Count) (others, affinities) = (new int[pairs.Rows.Length], new double[pairs.Rows.Length]);
                var next = starts[..count];
                for (var p = 0; p < pairs.Count; p++)
                {
                    var at = next[pairs.Rows[p] - first]++;
                    (others[at], affinities[at]) = (pairs.Columns[p], pairs.Distances[p]);
                }
                for (var i = 0; i < count; i++)
                    right[first + i] = Give(first + i, others.AsSpan(starts[i]..starts[i + 1]), affinities.AsSpan(starts[i]..starts[i + 1]), e, d, mine);
            }
        });
        foreach (var part in given)
            for (var k = 0; k < pull.Length; k++) pull[k] += part[k];
        return right.Sum();
    }

    // p_i, and w_ij (e_j − e_i) for i and −that for j; the squared distances become affinities.
    private double Give(int i, ReadOnlySpan<int> others, Span<double> affinities, double[] e, int d, double[] pull)
    {
        var at = 0;
        for (var k = 1; k < affinities.Length; k++) if (affinities[k] < affinities[at]) at = k;
        nearest![i] = others[at];
        var least = affinities[at];
        for (var k = 0; k < affinities.Length; k++) affinities[k] = least - affinities[k];
        Exponentials(affinities);
        var (sum, same) = (0.0, 0.0);
        for (var k = 0; k < affinities.Length; k++)
        {
            sum += affinities[k];
            if (labels[others[k]] == labels[i]) same += affinities[k];
        }
        var right = same / sum;
        for (var k = 0; k < affinities.Length; k++)
        {
            var j = others[k];
            var w = affinities[k] / sum * ((labels[j] == labels[i] ? 1 : 0) - right);
            if (Math.Abs(w) <= Negligible) continue;
            AddDifference(pull.AsSpan(i * d, d), w, e.AsSpan(j * d, d), e.AsSpan(i * d, d));
            AddDifference(pull.AsSpan(j * d, d), w, e.AsSpan(i * d, d), e.AsSpan(j * d, d));
        }
        return right;
    }

    // Of each point all partners and distances, in order of their indices. Returns where each point's begin.
    private int[] BothWays()
    {
        var starts = new int[n + 1];
        foreach (var pairs in found)
            for (var p = 0; p < pairs.Count; p++) (starts[pairs.Rows[p] + 1], starts[pairs.Columns[p] + 1]) = (starts[pairs.Rows[p] + 1] + 1, starts[pairs.Columns[p] + 1] + 1);
        for (var i = 0; i < n; i++) starts[i + 1] += starts[i];
        if (partners.Length < starts[n]) (partners, distances) = (new int[starts[n]], new double[starts[n]]);
        var next = starts[..n];
        foreach (var lower in new[] { true, false })
        {
            foreach (var pairs in found)
            {
                for (var p = 0; p < pairs.Count; p++)
                {
                    var (i, j) = lower ? (pairs.Columns[p], pairs.Rows[p]) : (pairs.Rows[p], pairs.Columns[p]);
                    (partners[next[i]], distances[next[i]++]) = (j, pairs.Distances[p]);
                }
            }
        }
        return starts;
    }

    // f, and Σ_j (w_ij + w_ji)(e_j − e_i) of each point i: the rows of W sum to nothing.
    private double Sum(double[] e, int d, int[] starts, double[] pull)
    {
        double[] least = new double[n], sum = new double[n], right = new double[n];
        var most = 0;
        for (var i = 0; i < n; i++) most = Math.Max(most, starts[i + 1] - starts[i]);
        Parallel.For(0, n, Parallelism.Options, () => new double[most], (i, _, buffer) =>
        {
            var mine = new ReadOnlySpan<double>(distances)[starts[i]..starts[i + 1]];
            var others = new ReadOnlySpan<int>(partners)[starts[i]..starts[i + 1]];
            var at = 0;
            for (var k = 1; k < mine.Length; k++) if (mine[k] < mine[at]) at = k;
            (least[i], nearest![i]) = (mine[at], others[at]);
            var same = 0.0;
            var affinities = buffer.AsSpan(0, mine.Length);
            for (var k = 0; k < mine.Length; k++) affinities[k] = least[i] - mine[k];
            Exponentials(affinities);
            for (var k = 0; k < mine.Length; k++)
            {
                sum[i] += affinities[k];
                if (labels[others[k]] == labels[i]) same += affinities[k];
            }
            right[i] = same / sum[i];
            return buffer;
        }, _ => { });
        Parallel.For(0, n, Parallelism.Options, () => new double[2 * most], (i, _, buffer) =>
        {
            var me = e.AsSpan(i * d, d);
            var to = pull.AsSpan(i * d, d);
            var count = starts[i + 1] - starts[i];
            Span<double> mine = buffer.AsSpan(0, count), theirs = buffer.AsSpan(count, count);  // p_ij and p_ji before they are divided by their sums
            for (var k = 0; k < count; k++)
            {
                var (j, distance) = (partners[starts[i] + k], distances[starts[i] + k]);
                (mine[k], theirs[k]) = (least[i] - distance, least[j] - distance);
            }
            Exponentials(buffer.AsSpan(0, 2 * count));
            for (var k = 0; k < count; k++)
            {
                var j = partners[starts[i] + k];
                var match = labels[i] == labels[j] ? 1 : 0;
                var v = mine[k] / sum[i] * (match - right[i]) + theirs[k] / sum[j] * (match - right[j]);
                if (Math.Abs(v) > Negligible) AddDifference(to, v, e.AsSpan(j * d, d), me);
            }
            return buffer;
        }, _ => { });
        return right.Sum();
    }

    private static void Exponentials(Span<double> x)
    {
        var i = 0;
        for (; i <= x.Length - Vector<double>.Count; i += Vector<double>.Count) Vector.Exp(new Vector<double>(x[i..])).CopyTo(x[i..]);
        for (; i < x.Length; i++) x[i] = Math.Exp(x[i]);
    }

    private static void AddDifference(Span<double> to, double scale, ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var (i, factor) = (0, new Vector<double>(scale));
        for (; i <= to.Length - Vector<double>.Count; i += Vector<double>.Count)
            Vector.FusedMultiplyAdd(factor, new Vector<double>(a[i..]) - new Vector<double>(b[i..]), new Vector<double>(to[i..])).CopyTo(to[i..]);
        for (; i < to.Length; i++) to[i] += scale * (a[i] - b[i]);
    }

    private Tensor Dense(Tensor e, out double f)
    {
        var norms = (e * e).sum(dim: 1);
        var pull = zeros_like(e);
        var columns = zeros(n, ScalarType.Float64, points.device);
        var total = zeros(1, ScalarType.Float64, points.device);
        var rows = Math.Clamp(blockElements / n, 1, n);
        for (long first = 0; first < n; first += rows)
        {
            using var block = NewDisposeScope();
            var last = Math.Min(first + rows, n);
            var here = TensorIndex.Slice(first, last);
            var mine = e[here];
            var p = addmm(norms, mine, e.T, beta: 1, alpha: -2).add_(norms[here].unsqueeze(1)).clamp_(min: 0).neg_();   // −‖e_i − e_j‖²
            p.diagonal(first).fill_(double.NegativeInfinity);
            p = p.softmax(1);
            var same = p * (classes[here].unsqueeze(1) == classes);
            var right = same.sum(dim: 1, keepdim: true);                                   // p_i
            total.add_(right.sum());
            var w = same.sub_(p.mul_(right));
            pull[here].add_(w.matmul(e));
            pull.add_(w.T.matmul(mine));
            columns.add_(w.sum(dim: 0));
        }
        pull.sub_(columns.unsqueeze(1) * e);
        f = total.item<double>();
        return pull;
    }
}
