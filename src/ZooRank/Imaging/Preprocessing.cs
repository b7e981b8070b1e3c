using System.Runtime.InteropServices;
using ZooRank.Native;
using static TorchSharp.torch;

namespace ZooRank.Imaging;

/// <summary>How a picture of another shape is brought to a square.</summary>
public enum ResizeMode
{
    /// <summary>Both sides are resized on their own: all of the picture, its proportions lost. As the published data was made.</summary>
    Squash,

    /// <summary>The shorter side is resized to the square's, the middle of the longer is kept: torchvision's Resize and CenterCrop.</summary>
    Crop,

    /// <summary>The longer side is resized to the square's, the rest is filled with black, as much before as behind.</summary>
    Pad,
}

/// <summary>
/// What a source model wants its input to be: a property of the model, kept with it. Grey pictures are replicated to three channels, samples scaled so
/// that white (255 or 65535) is 1, then normalised by channel.
/// </summary>
public sealed record Preprocessing
{
    // So many samples are on the device at once: 128 MB as float.
    private const long SamplesAtOnce = 1L << 25;

    /// <summary>ImageNet's statistics, as torchvision's weights want them.</summary>
    public static Preprocessing ImageNet { get; } = new();

    /// <summary>0.5 for mean and deviation, as the MedMNIST and RadImageNet sources want it (docs/method.md).</summary>
    public static Preprocessing Half { get; } = new() { Mean = [0.5f, 0.5f, 0.5f], Std = [0.5f, 0.5f, 0.5f] };

    /// <summary>S: the side of the square input, in pixels.</summary>
    public int InputSize { get; init; } = 224;

    /// <summary>Subtracted from each of red, green, blue, on the scale 0 to 1.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.485f, 0.456f, 0.406f];

    /// <summary>What each of red, green, blue is then divided by.</summary>
    public IReadOnlyList<float> Std { get; init; } = [0.229f, 0.224f, 0.225f];

    public ResizeMode Resize { get; init; } = ResizeMode.Squash;

    /// <summary>By value, the lists' contents included: two models with the same input share what was computed for one.</summary>
    public bool Equals(Preprocessing? other) =>
        other is not null && InputSize == other.InputSize && Resize == other.Resize && Mean.SequenceEqual(other.Mean) && Std.SequenceEqual(other.Std);

    public override int GetHashCode() => HashCode.Combine(InputSize, Resize, Mean.Sum(), Std.Sum());

    /// <summary>Makes the network's input. A picture that has the size already is not resampled: its values are exact.</summary>
    /// <param name="images">N pictures of any sizes and depths.</param>
    /// <param name="device">Where to compute and leave the result; null: the CPU.</param>
    /// <returns>N×3×S×S float32, in the order of <paramref name="images"/>, owned by the caller (or its dispose scope).</returns>
    public Tensor Apply(IReadOnlyList<Image> images, Device? device = null)
    {
        TorchRuntime.Load();
        if (Mean.Count != 3 || Std.Count != 3) throw new InvalidInputException($"Mean and standard deviation need three values, one for each of red, green, blue; got {Mean.Count} and {Std.Count}.");
        if (InputSize < 1 || Std.Any(s => !(s > 0))) throw new InvalidInputException("The input size must be at least 1 and every standard deviation above 0.");
        device ??= CPU;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var mean = tensor(Mean.ToArray(), device: device).view(1, 3, 1, 1);
        var std = tensor(Std.ToArray(), device: device).view(1, 3, 1, 1);
        var result = empty(images.Count, 3, InputSize, InputSize, dtype: ScalarType.Float32, device: device);

        // Pictures of one shape are resized together.
        foreach (var alike in Enumerable.Range(0, images.Count).GroupBy(i => (images[i].Width, images[i].Height, images[i].Channels, images[i].BitDepth)))
        {
            var (width, height, channels, _) = alike.Key;
            var atOnce = (int)Math.Clamp(SamplesAtOnce / ((long)width * height * channels), 1, int.MaxValue);
            foreach (var part in alike.Chunk(atOnce))
            {
                using var partScope = NewDisposeScope();
                var resized = Resampling.Resize(Samples([.. part.Select(i => images[i])], device), InputSize, Resize);   // n x (1 or 3) x S x S
                var normalised = (resized - mean) / std;                                                                // n x 3 x S x S
                result.index_copy_(dim: 0, index: tensor(Array.ConvertAll(part, i => (long)i), device: device), source: normalised);
            }
        }
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Pictures of one shape as n×channels×height×width float32 between 0 and 1.</summary>
    private static Tensor Samples(Image[] images, Device device)
    {
        var first = images[0];
        long[] shape = [images.Length, first.Height, first.Width, first.Channels];
        var bytes = new byte[images.Sum(i => (long)i.Pixels.Length)];
        var position = 0;
        foreach (var image in images)
        {
            image.Pixels.CopyTo(bytes, position);
            position += image.Pixels.Length;
        }
        if (first.BitDepth == 8) return (tensor(bytes, shape, dtype: ScalarType.Byte).to(device).to(ScalarType.Float32) / first.White).permute(0, 3, 1, 2).contiguous();
        // There is no unsigned 16-bit tensor: the samples travel as signed ones, and the sign is taken off once they are wide enough.
        var signed = tensor(MemoryMarshal.Cast<byte, short>(bytes.AsSpan()).ToArray(), shape, dtype: ScalarType.Int16).to(device);
        return (signed.to(ScalarType.Int32).bitwise_and(0xFFFF).to(ScalarType.Float32) / first.White).permute(0, 3, 1, 2).contiguous();
    }
}
