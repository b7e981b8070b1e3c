using System.Runtime.InteropServices;
using ZooRank.Data;
using ZooRank.Imaging;
using ZooRank.Models;
using ZooRank.Native;
using static TorchSharp.torch;

namespace ZooRank.Features;

/// <param name="Done">Images that have gone through the network.</param>
/// <param name="Total">All of the probe set.</param>
public readonly record struct ExtractionProgress(int Done, int Total);

/// <summary>
/// One pass of a source model over a probe set: each image goes once through the network, and that pass yields features, logits, and by one backward
/// pass with only the first two convolutions asking for gradients, the gradient norms of S_FU (docs/method.md; the published code runs a pass for each metric).
/// </summary>
/// <remarks>
/// A batch of the triplet loss (a sixth of the probe) is sent through in small chunks whose graphs are kept; the loss is computed on all its embeddings,
/// and its gradient sent back chunk by chunk. In evaluation mode no image sees another, so this is the batch's own gradient. Where the graphs of a whole batch
/// would not fit the memory budget, they are dropped and each chunk is sent forward a second time: same numbers, bounded memory, one more forward pass.
/// The loss wants one class for each image: a multi-label probe is sent forward only.
/// </remarks>
public sealed class FeatureExtractor
{
    private readonly SourceNetwork network;
    private readonly Preprocessing preprocessing;
    private readonly ProbeSet probe;
    private readonly Device device;
    private readonly long budget;
    private readonly LayerPooling? layer;
    private readonly IReadOnlyList<int> batches;
    private readonly List<float> features = [], logits = [];
    private readonly List<double> norms1 = [], norms2 = [];
    private int done, width;
    private bool keepGraphs;
    private Task<IReadOnlyList<Image>>? prefetched;

    private FeatureExtractor(SourceNetwork network, Preprocessing preprocessing, ProbeSet probe, Device device, long? budget, LayerPooling? layer)
    {
        (this.network, this.preprocessing, this.probe, this.device, this.layer) = (network, preprocessing, probe, device, layer);
        this.budget = budget ?? Math.Max(FreeMemory.Bytes() / 2, 512L << 20);
        batches = probe.IsMultiLabel ? [probe.Count] : GradientBatches(probe.Count);
        keepGraphs = !probe.IsMultiLabel;
    }

    /// <summary>The batch sizes into which n probe images are cut for the triplet loss, in order: ⌊n/6⌋ each, the remainder as a last batch (docs/method.md).</summary>
    public static IReadOnlyList<int> GradientBatches(int n)
    {
        var size = Math.Max(n / 6, 1);
        return [.. Enumerable.Repeat(size, n / size), .. n % size > 0 ? [n % size] : Array.Empty<int>()];
    }

    /// <summary>Runs a network over a probe.</summary>
    /// <param name="network">On <paramref name="device"/>. Left in evaluation mode, with gradients only for its first two convolutions.</param>
    /// <param name="preprocessing">How it wants its images.</param>
    /// <param name="probe">The images, in the order in which the batches are cut.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="memoryBudget">Bytes that the graphs of one batch may take; null: half of the memory that is free.</param>
    /// <param name="layer">The layer whose pooled output serves as features, see <see cref="ModelOverrides.Layer"/>; null: the head's input.</param>
    /// <param name="progress">Told after each chunk.</param>
    /// <param name="cancellation">Ends the pass after the chunk at work.</param>
    /// <exception cref="InvalidInputException">The features are not finite, or there is no such layer.</exception>
    public static FeatureSet Extract(
        SourceNetwork network, Preprocessing preprocessing, ProbeSet probe, Device device, long? memoryBudget = null, string? layer = null,
        IProgress<ExtractionProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var precision = Precision.Set("float32", device);
        network.eval();
        foreach (var parameter in network.parameters()) parameter.requires_grad_(false);
        var (conv1, conv2) = network.FirstConvolutions;
        conv1.requires_grad_(true);
        conv2.requires_grad_(true);

        using var pooling = layer is null ? null : new LayerPooling(network, layer);
        var pass = new FeatureExtractor(network, preprocessing, probe, device, memoryBudget, pooling);
        try
        {
            foreach (var size in pass.batches) pass.Batch(size, conv1, conv2, progress, cancellation);
        }
        finally
        {
            pass.EndReading();
        }
        return new FeatureSet
        {
            Width = pass.width,
            Values = [.. pass.features],
            Logits = [.. pass.logits],
            Labels = probe.Labels,
            MultiLabels = probe.MultiLabels,
            ClassCount = probe.ClassCount,
            Indices = probe.Indices,
            Conv1GradientNorms = pass.norms1,
            Conv2GradientNorms = pass.norms2,
        };
    }

    // 16 at 224 pixels: fewer cost time (weights are reordered for each chunk), more cost memory. The same wherever it runs: rounding depends on it.
    private int ChunkSize => (int)Math.Clamp(16L * 224 * 224 / ((long)preprocessing.InputSize * preprocessing.InputSize), 4, 128);

    private void Batch(int size, Tensor conv1, Tensor conv2, IProgress<ExtractionProgress>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var (first, before) = (done, FreeMemory.Used());
        var chunks = new List<(int Start, Tensor Features)>();
        while (done < first + size)
        {
            cancellation.ThrowIfCancellationRequested();
            var images = Next(Math.Min(ChunkSize, first + size - done), first + size);
            var embedding = ForwardWithin(images, chunks);
            features.AddRange(layer is null ? Values(embedding) : layer.Values);
            if (network.HasHead)
            {
                using var _ = no_grad();
                using var head = network.Logits(embedding.detach());
                logits.AddRange(Values(head));
            }
            chunks.Add((done, embedding));
            done += images.Count;
            progress?.Report(new(done, probe.Count));
            if (keepGraphs && done < first + size && (FreeMemory.Used() - before) / (double)(done - first) * size > budget) DropGraphs(chunks);
        }
        using var embeddings = Joined(chunks);
        if (!probe.IsMultiLabel) Backward(chunks, embeddings, [.. probe.Labels.Skip(first).Take(size)], conv1, conv2, cancellation);
    }

    private Tensor Joined(List<(int Start, Tensor Features)> chunks)
    {
        var embeddings = cat([.. chunks.Select(c => c.Features.detach())], 0);
        width = layer?.Width ?? (int)embeddings.shape[1];
        if (!embeddings.isfinite().all().item<bool>())
            throw new InvalidInputException("its features are not finite (NaN or infinity) on these images: its weights or its preprocessing are wrong. Check mean, std and the checkpoint.");
        return embeddings;
    }

    private void Backward(List<(int Start, Tensor Features)> chunks, Tensor embeddings, int[] labels, Tensor conv1, Tensor conv2, CancellationToken cancellation)
    {
        conv1.grad = null;
        conv2.grad = null;
        var loss = TripletMarginLoss.Compute(embeddings, labels);
        long at = 0;
        foreach (var (start, kept) in chunks)
        {
            using var scope = NewDisposeScope();
            cancellation.ThrowIfCancellationRequested();
            var count = (int)kept.shape[0];
            if (loss.ActiveTriplets > 0)
            {
                var gradient = loss.Gradient[TensorIndex.Slice(at, at + count)];
                (kept.requires_grad ? kept : Forward(probe.Load(start, count, preprocessing.InputSize), withGraph: true)).backward([gradient]);
            }
            at += count;
            kept.Dispose();   // and its graph
        }
        norms1.Add(Norm(conv1));
        norms2.Add(Norm(conv2));
    }

    // A GPU's memory is seen to be short when it runs out: then without graphs, as where the host's is.
    private Tensor ForwardWithin(IReadOnlyList<Image> images, List<(int Start, Tensor Features)> chunks)
    {
        try
        {
            return Forward(images, keepGraphs);
        }
        catch (ExternalException e) when (keepGraphs && e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase))
        {
            DropGraphs(chunks);
            return Forward(images, withGraph: false);
        }
    }

    private void DropGraphs(List<(int Start, Tensor Features)> chunks)
    {
        keepGraphs = false;
        for (var i = 0; i < chunks.Count; i++)
        {
            using var withGraph = chunks[i].Features;
            chunks[i] = (chunks[i].Start, withGraph.detach());
        }
    }

    // Reading ahead must not outlive the pass: the data set may be closed right after it.
    private void EndReading()
    {
        try { prefetched?.Wait(); } catch (AggregateException) { }   // whoever wanted the images would have seen it
    }

    private Tensor Forward(IReadOnlyList<Image> images, bool withGraph)
    {
        using var gradients = set_grad_enabled(withGraph);
        using var scope = NewDisposeScope();
        return network.Features(preprocessing.Apply(images, device)).MoveToOuterDisposeScope();
    }

    // The next images; those after them are read and decoded while the network works on these.
    private IReadOnlyList<Image> Next(int count, int endOfBatch)
    {
        var images = prefetched is null ? probe.Load(done, count, preprocessing.InputSize) : prefetched.GetAwaiter().GetResult();
        var following = done + count;
        var size = following < endOfBatch ? Math.Min(ChunkSize, endOfBatch - following) : Math.Min(ChunkSize, Math.Min(batches[0], probe.Count - following));
        prefetched = size > 0 ? Task.Run(() => probe.Load(following, size, preprocessing.InputSize), CancellationToken.None) : null;
        return images;
    }

    private static double Norm(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.grad is { } gradient ? gradient.to(ScalarType.Float64).norm().item<double>() : 0;
    }

    private static float[] Values(Tensor t)
    {
        using var scope = NewDisposeScope();
        return t.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
    }
}
