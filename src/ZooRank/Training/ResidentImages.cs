using ZooRank.Data;
using ZooRank.Imaging;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// Labelled images that stay on a device while a network is trained or tested on them: brought to the network's input size once, and kept as bytes, one channel
/// where all of them are grey.
/// </summary>
public sealed class ResidentImages : IDisposable
{
    private const int AtOnce = 256;

    private ResidentImages(Tensor pixels, Tensor labels)
    {
        (Pixels, Labels) = (pixels, labels);
        pixels.DetachFromDisposeScope();
        labels.DetachFromDisposeScope();
    }

    /// <summary>N×C×S×S bytes, C 1 or 3.</summary>
    public Tensor Pixels { get; }

    /// <summary>N labels as int64; of a multi-label task N×L of 0 and 1 as float32.</summary>
    public Tensor Labels { get; }

    public int Count => (int)Pixels.shape[0];

    /// <summary>Bytes that images will take, judged by the first of them.</summary>
    public static long Estimate(ImageDataset dataset, Split split, IReadOnlyList<int> indices, int side) =>
        indices.Count == 0 ? 0 : (long)indices.Count * side * side * dataset.Load(split, [indices[0]], side)[0].Channels;

    /// <summary>Reads and resizes images, some hundred at a time; beside the result hardly more memory is needed.</summary>
    /// <param name="dataset">Where from.</param>
    /// <param name="split">The split.</param>
    /// <param name="indices">Positions in the split, in the order wanted.</param>
    /// <param name="preprocessing">Gives size and manner of resizing; pictures of 16 bits are rounded to 8.</param>
    /// <param name="device">Where they stay.</param>
    /// <param name="loaded">Told how many have been read.</param>
    /// <param name="cancellation">Asked between two readings.</param>
    public static ResidentImages Load(
        ImageDataset dataset, Split split, IReadOnlyList<int> indices, Preprocessing preprocessing, Device device, IProgress<int>? loaded = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(indices.Count);
        using var scope = NewDisposeScope();
        var plain = preprocessing with { Mean = [0, 0, 0], Std = [1, 1, 1] };
        Tensor? pixels = null;
        var done = 0;
        foreach (var chunk in dataset.InParts(split, indices).SelectMany(part => part.Chunk(AtOnce)))
        {
            cancellation.ThrowIfCancellationRequested();
            using var chunkScope = NewDisposeScope();
            var images = dataset.Load(split, chunk, preprocessing.InputSize);
            var grey = images.All(i => i.Channels == 1);
            var bytes = plain.Apply(images, device).mul_(255).round_().to(ScalarType.Byte);   // n x 3 x S x S
            if (pixels is null) pixels = Room(grey ? 1 : 3).MoveToOuterDisposeScope();
            else if (!grey && pixels.shape[1] == 1)
            {
                // A coloured picture after grey ones: these are replicated after all.
                var narrow = pixels;
                pixels = Room(3).copy_(narrow).MoveToOuterDisposeScope();
                narrow.Dispose();
            }
            pixels.narrow(dim: 0, done, chunk.Length).copy_(bytes.narrow(dim: 1, 0, pixels.shape[1]));
            done += chunk.Length;
            loaded?.Report(done);
        }
        return new ResidentImages(pixels!.MoveToOuterDisposeScope(), LabelsOf(dataset, split, indices, device).MoveToOuterDisposeScope());

        Tensor Room(int channels) => empty(indices.Count, channels, preprocessing.InputSize, preprocessing.InputSize, dtype: ScalarType.Byte, device: device);
    }

    private static Tensor LabelsOf(ImageDataset dataset, Split split, IReadOnlyList<int> indices, Device device)
    {
        if (dataset.Kind != TaskKind.MultiLabel)
        {
            var labels = dataset.Labels(split);
            return tensor(indices.Select(i => (long)labels[i]).ToArray(), device: device);
        }
        var findings = dataset.MultiLabels(split);
        var width = findings.GetLength(1);
        var values = new float[indices.Count * width];
        for (var i = 0; i < values.Length; i++) values[i] = findings[indices[i / width], i % width];
        return tensor(values, [indices.Count, width], device: device);
    }

    public void Dispose()
    {
        Pixels.Dispose();
        Labels.Dispose();
    }
}
