using static TorchSharp.torch;

namespace ZooRank.Imaging;

/// <summary>A preprocessing's normalisation of pictures that have the input's size already, its constants on a device: made once, so that no batch waits for them to be brought there.</summary>
internal sealed class Normalisation : IDisposable
{
    private readonly Tensor scale, shift;   // 1 x 3 x 1 x 1

    public Normalisation(Preprocessing preprocessing, Device device)
    {
        Tensor Constant(IEnumerable<float> ofChannels) => tensor([.. ofChannels], [1, 3, 1, 1], device: device).DetachFromDisposeScope();
        scale = Constant(preprocessing.Std.Select(s => 1 / (255 * s)));
        shift = Constant(preprocessing.Mean.Zip(preprocessing.Std, (m, s) => -m / s));
    }

    /// <param name="pixels">N×C×S×S bytes, C 1 (replicated) or 3, on the device.</param>
    /// <returns>N×3×S×S float32.</returns>
    public Tensor Apply(Tensor pixels)
    {
        using var wide = pixels.to(ScalarType.Float32);
        return addcmul(shift, wide, scale, 1);
    }

    public void Dispose()
    {
        scale.Dispose();
        shift.Dispose();
    }
}
