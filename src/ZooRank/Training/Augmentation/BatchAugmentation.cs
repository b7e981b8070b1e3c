using TorchSharp;
using static TorchSharp.torch;

namespace ZooRank.Training.Augmentation;

/// <summary>
/// Augments a batch of 8-bit images on their device, with tensor operations for all of them at once, as torchvision's transforms do to one image tensor after the other: flip,
/// crop and resize, rotation, sharpness, autocontrast, equalisation, each rounded to 8 bits. An image's result does not depend on the batch it is in.
/// </summary>
public static class BatchAugmentation
{
    // So many samples are worked on at once, each with up to 30 bytes of intermediate results: few on the CPU for its caches, many on a GPU so that its cores have work.
    private const long SamplesAtOnce = 1L << 20, SamplesAtOnceOnGpu = 1L << 23;

    /// <summary>Augments each image in its own way.</summary>
    /// <param name="images">N×C×H×W uint8, C = 1 or 3; not changed.</param>
    /// <param name="augmentations">What to do to each of the N.</param>
    /// <param name="size">S: the side of the network's square input, in pixels.</param>
    /// <returns>N×C×S×S uint8, on the device of <paramref name="images"/>. A grey image gives what its three-fold replicate gives in each channel.</returns>
    /// <exception cref="ArgumentException">Another type or shape, another number of augmentations, or a crop that is not within the image.</exception>
    public static Tensor Apply(Tensor images, IReadOnlyList<ImageAugmentation> augmentations, int size)
    {
        if (images.dtype != ScalarType.Byte || images.dim() != 4 || images.shape[1] is not (1 or 3)) throw new ArgumentException($"Expected N×C×H×W uint8 with 1 or 3 channels, got {images.dtype} of {string.Join('×', images.shape)}.", nameof(images));
        if (augmentations.Count != images.shape[0]) throw new ArgumentException($"{augmentations.Count} augmentations for {images.shape[0]} images.", nameof(augmentations));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        var (channels, height, width) = ((int)images.shape[1], (int)images.shape[2], (int)images.shape[3]);
        foreach (var (top, left, h, w) in augmentations.Select(a => a.Crop))
            if (top < 0 || left < 0 || h < 1 || w < 1 || top > height - h || left > width - w) throw new ArgumentException($"The crop {h}×{w} at ({top}, {left}) is not within {height}×{width}.", nameof(augmentations));

        var result = empty(augmentations.Count, channels, size, size, dtype: ScalarType.Byte, device: images.device);
        var atOnce = (int)Math.Max(1, (images.device_type == DeviceType.CPU ? SamplesAtOnce : SamplesAtOnceOnGpu) / (channels * Math.Max((long)height * width, (long)size * size)));
        var first = 0;
        foreach (var some in augmentations.Chunk(atOnce))
        {
            using var scope = NewDisposeScope();
            result.narrow(0, first, some.Length).copy_(Augment(images.narrow(0, first, some.Length), some, size));
            first += some.Length;
        }
        return result;
    }

    /// <summary>One number of each augmentation on the device, N float64. The host does not wait for it, nor for what the device is still doing.</summary>
    internal static Tensor Column(this ImageAugmentation[] augmentations, Func<ImageAugmentation, double> number, Device device) =>
        tensor(Array.ConvertAll(augmentations, a => number(a))).to(device, non_blocking: true);

    private static Tensor Augment(Tensor images, ImageAugmentation[] augmentations, int size)
    {
        var resized = Step(() => ResizedCrop.Apply(images, augmentations, size));
        var rotated = Step(() => Rotation.Apply(resized, augmentations));
        var sharpened = Change(rotated, augmentations, a => a.Sharpen, (some, _) => Sharpness.Double(some));
        return Change(sharpened, augmentations, a => a.Autocontrast || a.Equalise, GreyLevels.Apply);
    }

    // An image that a coin spares goes through untouched, and no work is done on it.
    private static Tensor Change(Tensor images, ImageAugmentation[] augmentations, Func<ImageAugmentation, bool> coin, Func<Tensor, ImageAugmentation[], Tensor> change)
    {
        var chosen = Enumerable.Range(0, augmentations.Length).Where(i => coin(augmentations[i])).ToArray();
        if (chosen.Length == 0) return images;
        Tensor Select(Tensor from, IEnumerable<int> which) => from.index_select(dim: 0, index: tensor([.. which.Select(i => (long)i)]).to(images.device, non_blocking: true));
        return Step(() =>
        {
            var changed = change(Select(images, chosen), Array.ConvertAll(chosen, i => augmentations[i]));
            // The changed ones stand behind all as they were, and each is taken from its place; index_copy_ is slower by far.
            var places = Enumerable.Range(0, augmentations.Length).ToArray();
            foreach (var (k, i) in chosen.Index()) places[i] = augmentations.Length + k;
            return Select(cat([images, changed]), places);
        });
    }

    // Frees what a step leaves behind, so that the next one works in the same memory.
    private static Tensor Step(Func<Tensor> step)
    {
        using var scope = NewDisposeScope();
        return step().MoveToOuterDisposeScope();
    }
}
