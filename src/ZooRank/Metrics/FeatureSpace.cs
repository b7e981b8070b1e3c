using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ZooRank.Features;
using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>
/// One model's features as a matrix in float64 on a device, with what several metrics need of them (means, principal components, singular values), each computed once.
/// </summary>
/// <remarks>
/// Rows stand in an order made from their content alone, and classes in the order in which they come there. So a metric gives the same digits however the images were
/// ordered and the classes numbered, also one that draws random numbers (images with exactly equal features, which stay as they came, apart). The tensors belong to the space: they live until it is disposed and are not to be changed.
/// </remarks>
public sealed class FeatureSpace : IDisposable
{
    private const int RowsTogether = 4096;

    private readonly Dictionary<object, object> shared = [];
    private readonly List<Tensor> kept = [];
    private readonly int[] order;

    /// <param name="set">The features; not changed.</param>
    /// <param name="device">Where to compute; null is the CPU.</param>
    /// <param name="seed">Of the metrics that draw random numbers.</param>
    public FeatureSpace(FeatureSet set, Device? device = null, int seed = 0)
    {
        (Set, Device, Seed) = (set, device ?? CPU, seed);
        order = CanonicalOrder(set);
        if (set.IsMultiLabel)
        {
            (Labels, ClassCount, ClassSizes) = ([], set.ClassCount, []);
            return;
        }
        var byRank = order.Select(i => set.Labels[i]).Distinct().Select((label, rank) => (label, rank)).ToDictionary(p => p.label, p => p.rank);
        Labels = [.. order.Select(i => byRank[set.Labels[i]])];
        ClassCount = byRank.Count;
        ClassSizes = [.. Enumerable.Range(0, ClassCount).Select(c => Labels.Count(y => y == c))];
    }

    /// <summary>As it was given, in its own order.</summary>
    public FeatureSet Set { get; }

    public Device Device { get; }
    public int Seed { get; }

    /// <summary>n.</summary>
    public int Count => order.Length;

    /// <summary>D.</summary>
    public int Width => Set.Width;

    /// <summary>C: classes that have an image here; of a multi-label task, its findings.</summary>
    public int ClassCount { get; }

    /// <summary>y, from 0 to C−1; empty where the task is multi-label.</summary>
    public IReadOnlyList<int> Labels { get; }

    /// <summary>n_c.</summary>
    public IReadOnlyList<int> ClassSizes { get; }

    /// <summary>X, n×D.</summary>
    public Tensor X => Once("X", () => Rows(Set.Values, Width));

    /// <summary>The place that a row of <see cref="X"/> had when it was given.</summary>
    public int GivenIndex(int row) => order[row];

    /// <summary>X in the order in which the rows were given: for what the published code makes depend on it.</summary>
    public Tensor GivenX => tensor(Set.Values, [Count, Width]).to(ScalarType.Float64, Device);

    /// <summary>Rows that go with <see cref="GivenX"/>, in the order of <see cref="X"/>.</summary>
    public Tensor InOwnOrder(Tensor given) => given[tensor(order.Select(i => (long)i).ToArray()).to(Device)];

    /// <summary>The source's logits, n×C_s.</summary>
    public Tensor Logits => Once("logits", () => Rows(Set.Logits, Set.LogitWidth));

    /// <summary>y as n int64.</summary>
    public Tensor Y => Once("y", () => tensor(Labels.Select(y => (long)y).ToArray()).to(Device));

    /// <summary>y as n×C of 0 and 1.</summary>
    public Tensor OneHot => Once("one-hot", () => nn.functional.one_hot(Y, ClassCount).to(ScalarType.Float64));

    /// <summary>What is to be foretold, n×C: <see cref="OneHot"/>, or the findings of a multi-label task.</summary>
    public Tensor Targets => Set.IsMultiLabel ? Once("findings", () => Rows([.. Set.MultiLabels.Select(y => (float)y)], ClassCount)) : OneHot;

    /// <summary>Images of each class, C.</summary>
    public Tensor Counts => Once("counts", () => OneHot.sum(dim: 0));

    /// <summary>Mean of all rows, D.</summary>
    public Tensor Mean => Once("mean", () => X.mean([0L]));

    /// <summary>X less its mean, n×D.</summary>
    public Tensor Centred => Once("centred", () => X - Mean);

    /// <summary>Means of the classes less the mean of all, C×D.</summary>
    public Tensor ClassOffsets => Once("class means", () => OneHot.T.matmul(Centred) / Counts.unsqueeze(1));

    /// <summary>Centred scatter XᵀX/n, D×D.</summary>
    public Tensor Covariance => Once("covariance", () => Centred.T.matmul(Centred) / Count);

    /// <summary>Pooled covariance within the classes, D×D: total less between, each divided by n.</summary>
    public Tensor WithinCovariance => Once("within", () => Covariance - ClassOffsets.T.matmul(ClassOffsets * (Counts / Count).unsqueeze(1)));

    /// <summary>Principal components: singular values and vectors of the centred features.</summary>
    public Spectrum Principal => Once("principal", () => Spectrum.Of(Centred, Width <= Count ? Covariance * Count : null));

    /// <summary>Singular values and vectors of the features themselves.</summary>
    public Spectrum Singular => Once("singular", () => Spectrum.Of(X));

    /// <summary>
    /// The first k principal components of the rows, n×k (fewer where the rank is less), U·S, each signed so that its entry of largest absolute value is positive.
    /// </summary>
    public Tensor PrincipalScores(int k) => Once(("scores", k), () => Principal.Scores(Centred, k));

    /// <summary>What more than one metric needs: made the first time that it is asked for. Tensors in it live as long as the space.</summary>
    public T Once<T>(object key, Func<T> make) where T : notnull
    {
        if (shared.TryGetValue(key, out var there)) return (T)there;
        using var scope = NewDisposeScope();
        var made = make();
        foreach (var t in made switch { Tensor tensor => [tensor], Spectrum s => s.Tensors, _ => Array.Empty<Tensor>() })
        {
            t.DetachFromDisposeScope();
            kept.Add(t);
        }
        shared[key] = made;
        return made;
    }

    public void Dispose()
    {
        foreach (var t in kept) t.Dispose();
        kept.Clear();
        shared.Clear();
    }

    private Tensor Rows(float[] values, int width)
    {
        // Some rows at a time: no second copy of all in float32.
        var rows = empty(order.Length, width, ScalarType.Float64, Device);
        foreach (var (block, some) in order.Chunk(RowsTogether).Index())
        {
            using var scope = NewDisposeScope();
            var sorted = new float[some.Length * width];
            for (var i = 0; i < some.Length; i++) values.AsSpan(some[i] * width, width).CopyTo(sorted.AsSpan(i * width));
            rows.narrow(0, block * RowsTogether, some.Length).copy_(tensor(sorted, [some.Length, width]));
        }
        return rows;
    }

    // By a hash of the row: neither the order of the images nor their labels have a say. Equal rows stay as they came.
    private static int[] CanonicalOrder(FeatureSet set)
    {
        var keys = new ulong[set.Count];
        Parallel.For(0, keys.Length, Parallelism.Options, i =>
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(MemoryMarshal.AsBytes(set.Values.AsSpan(i * set.Width, set.Width)), hash);
            keys[i] = BinaryPrimitives.ReadUInt64LittleEndian(hash);
        });
        return [.. Enumerable.Range(0, keys.Length).OrderBy(i => keys[i])];
    }
}
