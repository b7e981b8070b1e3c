using static TorchSharp.torch;

namespace ZooRank.Training.Augmentation;

/// <summary>
/// torchvision's <c>autocontrast</c> and <c>equalize</c> of image tensors, by channel. Both replace each of the 256 levels by another, and which is decided by the channel's histogram
/// alone: so the two together are one table, made from one histogram.
/// </summary>
internal static class GreyLevels
{
    private const int Levels = 256;

    /// <param name="images">N×C×S×S uint8.</param>
    /// <param name="augmentations">Which of the N to stretch, and which then to equalise.</param>
    /// <returns>N×C×S×S uint8.</returns>
    public static Tensor Apply(Tensor images, ImageAugmentation[] augmentations)
    {
        var (n, channels) = (images.shape[0], images.shape[1]);
        Tensor Chosen(Func<ImageAugmentation, bool> coin) => augmentations.Column(a => coin(a) ? 1 : 0, images.device).repeat_interleave(channels).unsqueeze(1) > 0;   // (N·C) x 1
        var pixels = images.view(n * channels, -1).to(ScalarType.Int64);
        var same = arange(Levels, device: images.device);
        var histogram = Count(pixels, ones(1, 1, dtype: ScalarType.Int32, device: images.device).expand_as(pixels));   // (N·C) x 256
        var stretched = where(Chosen(a => a.Autocontrast), Stretched(histogram), same);
        var equalised = Equalised(Count(stretched, histogram)).gather(dim: 1, index: stretched);
        var table = where(Chosen(a => a.Equalise), equalised, stretched).to(ScalarType.Byte);
        return table.gather(dim: 1, index: pixels).view(images.shape);
    }

    // How often each level occurs in each row, where one entry counts as often as its weight says.
    private static Tensor Count(Tensor levels, Tensor weights) =>
        zeros(levels.shape[0], Levels, dtype: ScalarType.Int32, device: levels.device).scatter_add_(dim: 1, index: levels, src: weights);

    private static (Tensor Lowest, Tensor Highest) Range(Tensor histogram)
    {
        var present = histogram > 0;
        var level = arange(Levels, device: histogram.device);
        return (Levels - 1 - (present * (Levels - 1 - level)).amax([1], keepdim: true), (present * level).amax([1], keepdim: true));   // (N·C) x 1
    }

    /// <summary>The lowest level becomes 0, the highest 255; a channel of one level stays. In float32, cut off and not rounded, as torchvision does.</summary>
    private static Tensor Stretched(Tensor histogram)
    {
        var (lowest, highest) = Range(histogram);
        var scale = (highest - lowest).to(ScalarType.Float32).reciprocal() * (Levels - 1);
        var level = arange(Levels, device: histogram.device);
        return where(highest > lowest, ((level - lowest) * scale).clamp(0, Levels - 1).to(ScalarType.Int64), level);
    }

    /// <summary>
    /// Level v becomes (pixels below v + step/2) / step in whole numbers, where step is a 255th of the pixels that are not of the highest level; where that is 0, v stays.
    /// </summary>
    private static Tensor Equalised(Tensor histogram)
    {
        var upTo = histogram.cumsum(dim: 1);   // int64
        var (_, highest) = Range(histogram);
        var step = (upTo.select(1, Levels - 1).unsqueeze(1) - histogram.gather(dim: 1, index: highest)).floor_divide(Levels - 1);   // (N·C) x 1
        var below = upTo - histogram;
        return where(step > 0, (below + step.floor_divide(2)).floor_divide(step.clamp_min(1)).clamp(0, Levels - 1), arange(Levels, device: histogram.device));
    }
}
