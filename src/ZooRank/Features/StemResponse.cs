using ZooRank.Models;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Features;

/// <summary>
/// What a stem's convolution makes of some images under every normalisation at once. With input a_c·x_c + b_c its output is Σ_c a_c (W_c ∗ x_c) + b_c (W_c ∗ 1),
/// zero padding included, so that mean and variance under any a and b follow from the first two moments of these six maps.
/// </summary>
public sealed class StemResponse
{
    private const int LargeSide = 128;
    private const int Maps = 6;   // three of the image's channels, three of ones
    private readonly double[] first;    // O x 6
    private readonly double[] second;   // O x 6 x 6

    private StemResponse(double[] first, double[] second) => (this.first, this.second) = (first, second);

    /// <param name="stem">The convolution.</param>
    /// <param name="images">N×3×S×S float32 on the CPU, values from 0 to 1.</param>
    public static StemResponse Of(Stem stem, Tensor images)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (outputs, kernel, count) = (stem.Weight.shape[0], stem.Weight.shape[2], images.shape[0]);
        // A convolution for each channel alone: outputs c·O … c·O + O − 1.
        var weight = stem.Weight.permute(1, 0, 2, 3).reshape(3 * outputs, 1, kernel, kernel);
        // Every stem among the nine has stride 2 and half its kernel as padding. Of large outputs every second row and column is enough.
        var stride = images.shape[3] >= LargeSide ? 4 : 2;
        Tensor Convolved(Tensor x) => conv2d(x, weight, strides: [stride, stride], padding: [kernel / 2, kernel / 2], groups: 3).reshape(x.shape[0], 3, outputs, -1);   // n x 3 x O x P
        var ones = Convolved(ones_like(images[TensorIndex.Slice(0, 1)]));
        var sum = zeros(outputs, Maps, dtype: ScalarType.Float64);
        var products = zeros(outputs, Maps, Maps, dtype: ScalarType.Float64);
        for (long i = 0; i < count; i++)
        {
            using var one = NewDisposeScope();
            var maps = cat([Convolved(images[TensorIndex.Slice(i, i + 1)]), ones], dim: 1)[0].permute(1, 0, 2).to(ScalarType.Float64);   // O x 6 x P
            sum.add_(maps.mean([2]) / count);
            products.add_(maps.bmm(maps.transpose(1, 2)) / (maps.shape[2] * count));
        }
        return new(sum.data<double>().ToArray(), products.data<double>().ToArray());
    }

    /// <summary>Mean and variance of each of the O outputs where red, green, blue are normalised so.</summary>
    public (double[] Mean, double[] Variance) Under(InputScaling input)
    {
        double[] w = [.. input.Scale, .. input.Shift];
        var outputs = first.Length / Maps;
        var (mean, variance) = (new double[outputs], new double[outputs]);
        for (var o = 0; o < outputs; o++)
        {
            var square = 0.0;
            for (var i = 0; i < Maps; i++)
            {
                mean[o] += w[i] * first[(o * Maps) + i];
                for (var j = 0; j < Maps; j++) square += w[i] * w[j] * second[(((o * Maps) + i) * Maps) + j];
            }
            variance[o] = Math.Max(0, square - (mean[o] * mean[o]));
        }
        return (mean, variance);
    }
}
