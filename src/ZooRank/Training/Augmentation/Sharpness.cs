using static TorchSharp.torch;

namespace ZooRank.Training.Augmentation;

/// <summary>torchvision's <c>adjust_sharpness</c> with factor 2: 2·x − the smoothed x, the image's border as it was.</summary>
internal static class Sharpness
{
    /// <param name="images">N×C×S×S uint8.</param>
    /// <returns>N×C×S×S uint8.</returns>
    public static Tensor Double(Tensor images)
    {
        var inner = images.shape[2] - 2;
        if (inner < 1) return images;
        var x = images.to(ScalarType.Int16);
        var centre = x.narrow(2, 1, inner).narrow(3, 1, inner);
        // The kernel is all ones but for a 5 in the middle, divided by its sum of 13. Sums are whole numbers, and a thirteenth of one is never a half: rounding is exact.
        var lines = x.narrow(3, 0, inner).add(x.narrow(3, 1, inner)).add_(x.narrow(3, 2, inner));
        var sum = lines.narrow(2, 0, inner).add(lines.narrow(2, 1, inner)).add_(lines.narrow(2, 2, inner)).add_(centre, 4);
        var smooth = (sum.to(ScalarType.Float32) * (1f / 13)).round_().to(ScalarType.Int16);
        var result = images.clone();
        result.narrow(2, 1, inner).narrow(3, 1, inner).copy_(centre.mul(2).sub_(smooth).clamp_(0, 255));
        return result;
    }
}
