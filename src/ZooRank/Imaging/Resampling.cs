using static TorchSharp.torch;

namespace ZooRank.Imaging;

/// <summary>
/// Bilinear resizing with antialiasing: the triangle filter of PIL, torchvision's <c>Resize</c> and <c>interpolate(antialias=True)</c>, widened by the factor
/// of the reduction. A resize is linear in each axis, so it is two matrix products, W_v · X · W_hᵀ, for all pictures of a batch at once on any device. It
/// stays in floating point; PIL rounds to bytes after each of its two passes and therefore differs by up to 1/255.
/// </summary>
public static class Resampling
{
    /// <summary>The weights of one axis: out×in float32, each row summing to 1.</summary>
    /// <param name="inputSize">Samples there are.</param>
    /// <param name="outputSize">Samples wanted.</param>
    public static Tensor Weights(int inputSize, int outputSize) => Weights(inputSize, outputSize, first: 0, count: outputSize);

    /// <summary>Resizes a batch to a square.</summary>
    /// <param name="images">N×channels×H×W float32; not changed.</param>
    /// <param name="size">S.</param>
    /// <param name="mode">What becomes of the proportions.</param>
    /// <returns>N×channels×S×S, on the device of <paramref name="images"/>; the same values where the size fits already.</returns>
    public static Tensor Resize(Tensor images, int size, ResizeMode mode = ResizeMode.Squash)
    {
        var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
        var (scaledHeight, scaledWidth) = ScaledSize(height, width, size, mode);
        var result = images;
        // A side that fits is left alone, so that its values stay exact.
        if (width != size || scaledWidth != size) result = result.matmul(Axis(width, scaledWidth, size).to(images.device).T);   // N x c x H x S
        if (height != size || scaledHeight != size) result = Axis(height, scaledHeight, size).to(images.device).matmul(result);  // N x c x S x S
        return result;
    }

    private static (int Height, int Width) ScaledSize(int height, int width, int size, ResizeMode mode)
    {
        if (mode == ResizeMode.Squash) return (size, size);
        // torchvision truncates the other side's new length; at least one pixel must remain of a very thin picture.
        var fixedSide = mode == ResizeMode.Crop ? Math.Min(height, width) : Math.Max(height, width);
        int Other(int side) => side == fixedSide ? size : Math.Max(1, (int)((long)size * side / fixedSide));
        return (Other(height), Other(width));
    }

    // Crop keeps rows of the matrix, pad adds rows of zeros: both are still one product.
    private static Tensor Axis(int inputSize, int scaledSize, int size)
    {
        // CenterCrop rounds a half to the even number, as Python does.
        if (scaledSize >= size) return Weights(inputSize, scaledSize, first: (int)Math.Round((scaledSize - size) / 2.0, MidpointRounding.ToEven), count: size);
        var before = (size - scaledSize) / 2;
        return nn.functional.pad(Weights(inputSize, scaledSize), [0, 0, before, size - scaledSize - before]);
    }

    private static Tensor Weights(int inputSize, int outputSize, int first, int count)
    {
        var scale = (double)inputSize / outputSize;
        var support = Math.Max(scale, 1.0);   // half the triangle's base, in input samples: never narrower than for an enlargement
        var weights = new float[count * inputSize];
        Span<double> row = new double[inputSize];
        for (var i = 0; i < count; i++)
        {
            row.Clear();
            var centre = (first + i + 0.5) * scale;
            var from = Math.Max(0, (int)(centre - support + 0.5));
            var to = Math.Min(inputSize, (int)(centre + support + 0.5));
            var sum = 0.0;
            for (var x = from; x < to; x++)
            {
                row[x] = Math.Max(0, 1 - Math.Abs((x + 0.5 - centre) / support));
                sum += row[x];
            }
            for (var x = from; x < to; x++) weights[(i * inputSize) + x] = (float)(row[x] / sum);
        }
        return tensor(weights, [count, inputSize]);
    }
}
