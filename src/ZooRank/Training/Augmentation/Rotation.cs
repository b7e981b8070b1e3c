using static TorchSharp.torch;

namespace ZooRank.Training.Augmentation;

/// <summary>torchvision's <c>rotate</c> of image tensors: about the centre, counter-clockwise, nearest pixel, same size, 0 where there was nothing.</summary>
internal static class Rotation
{
    /// <param name="images">N×C×S×S uint8.</param>
    /// <param name="augmentations">The angle of each.</param>
    /// <returns>N×C×S×S uint8.</returns>
    public static Tensor Apply(Tensor images, ImageAugmentation[] augmentations)
    {
        var (n, channels, size) = (images.shape[0], images.shape[1], images.shape[2]);
        Tensor Of(Func<double, double> function) => augmentations.Column(a => function(double.DegreesToRadians(a.Angle)), images.device).view(n, 1, 1);
        var (cos, sin) = (Of(Math.Cos), Of(Math.Sin));
        var middle = (size - 1) / 2.0;
        var fromMiddle = arange(size, dtype: ScalarType.Float64, device: images.device) - middle;
        var (along, across) = (fromMiddle.view(1, 1, size), fromMiddle.view(1, size, 1));

        // A frame of zeros, one pixel wide, stands for all that is outside, so the sources are counted from 1. Ties go to the even pixel of the image without the frame.
        Tensor Nearest(Tensor x) => x.round_().clamp_(-1, size).add_(1);
        var framed = nn.functional.pad(images, [1, 1, 1, 1]).view(n, channels, -1);
        var column = Nearest(((cos * along) + middle).to(ScalarType.Float32) - (sin * across).to(ScalarType.Float32));     // N x S x S
        var row = Nearest(((sin * along) + middle).to(ScalarType.Float32) + (cos * across).to(ScalarType.Float32));
        var source = row.mul_(size + 2).add_(column).to(ScalarType.Int64).view(n, 1, -1);
        return framed.gather(dim: 2, index: source.expand(n, channels, -1)).view(images.shape);
    }
}
