using static TorchSharp.torch;

namespace ZooRank.Training.Augmentation;

/// <summary>
/// Flip, crop and antialiased bilinear resize of a batch, each image with its own box: the filter of <see cref="Imaging.Resampling"/>, whose matrices have few entries that
/// are not 0. Where every image has its own matrices, it costs less to fetch the samples under the filter one after the other: as many steps as the filter is wide (2 unless
/// an image is reduced), and each adds one product, in the same order on any device and in any batch.
/// </summary>
internal static class ResizedCrop
{
    // One axis of the crops: output sample i of image n is Σ_k Weights[k][n, i] · input[Sources[k][n, i]].
    private readonly record struct Filter(Tensor[] Sources, Tensor[] Weights);

    /// <param name="images">N×C×H×W uint8.</param>
    /// <param name="augmentations">Flip and box of each.</param>
    /// <param name="size">S.</param>
    /// <returns>N×C×S×S uint8.</returns>
    public static Tensor Apply(Tensor images, ImageAugmentation[] augmentations, int size)
    {
        var (n, channels, height, width) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3]);
        // The box is in the flipped image: what is its left there is counted from the right here.
        var horizontal = Axis(augmentations, a => a.Flip ? width - 1 - a.Crop.Left : a.Crop.Left, a => a.Flip ? -1 : 1, a => a.Crop.Width, size, images.device);
        var vertical = Axis(augmentations, a => a.Crop.Top, _ => 1, a => a.Crop.Height, size, images.device);

        // Rows of the whole batch are fetched by their number in it, columns by their number in the image.
        var rows = images.reshape(n * channels * height, width);
        var firstRow = (arange(n * channels, device: images.device) * height).view(n, channels, 1);
        var lines = Sum(vertical, (source, weight) =>
            rows.index_select(dim: 0, index: (firstRow + source.unsqueeze(1)).view(-1)).to(ScalarType.Float32).view(n, channels, size, width).mul_(weight.view(n, 1, size, 1)));
        var resized = Sum(horizontal, (source, weight) =>
            lines.gather(dim: 3, index: source.view(n, 1, 1, size).expand(n, channels, size, size)).mul_(weight.view(n, 1, 1, size)));
        // Between 0 and 255; by way of int16 the conversion is vectorised.
        return resized.round_().to(ScalarType.Int16).to(ScalarType.Byte);
    }

    private static Tensor Sum(Filter filter, Func<Tensor, Tensor, Tensor> term)
    {
        var sum = term(filter.Sources[0], filter.Weights[0]);
        for (var k = 1; k < filter.Sources.Length; k++)
        {
            using var scope = NewDisposeScope();
            sum.add_(term(filter.Sources[k], filter.Weights[k]));
        }
        return sum;
    }

    // first: the input's sample with which a box begins; step: 1 or −1, the direction in which it goes on; length: its side.
    private static Filter Axis(ImageAugmentation[] augmentations, Func<ImageAugmentation, double> first, Func<ImageAugmentation, double> step, Func<ImageAugmentation, double> length, int size, Device device)
    {
        Tensor Column(Func<ImageAugmentation, double> number) => augmentations.Column(number, device).unsqueeze(1);   // N x 1
        var (start, direction, side) = (Column(first), Column(step), Column(length));
        var scale = side / size;
        var support = scale.clamp_min(1);                                                                     // half the triangle's base
        var centre = (arange(size, dtype: ScalarType.Float64, device: device) + 0.5) * scale;                 // N x S, in samples of the box
        var lowest = (centre - support + 0.5).floor().clamp_min(0);

        // The widest filter decides for all: a narrower one has weights of 0 at its end, which change nothing.
        var taps = (int)Math.Ceiling(2 * Math.Max(1, augmentations.Max(length) / size));
        var (sources, weights) = (new Tensor[taps], new Tensor[taps]);
        for (var k = 0; k < taps; k++)
        {
            var position = lowest + k;
            weights[k] = (1 - ((position + 0.5 - centre) / support).abs()).clamp_min(0) * (position < side);
            sources[k] = (start + (direction * position.minimum(side - 1))).to(ScalarType.Int64);
        }
        var total = weights.Aggregate((a, b) => a + b);
        return new(sources, Array.ConvertAll(weights, w => (w / total).to(ScalarType.Float32)));
    }
}
