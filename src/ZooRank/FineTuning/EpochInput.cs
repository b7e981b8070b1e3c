using ZooRank.Data;
using ZooRank.Training;
using ZooRank.Training.Augmentation;
using static TorchSharp.torch;

namespace ZooRank.FineTuning;

/// <summary>What one run sees in one epoch: the images in its order, its labels and dropout masks. Belongs to the dispose scope in which it is made.</summary>
internal sealed class EpochInput
{
    private readonly RunInProgress member;
    private readonly TargetImages images;
    private readonly long[] order;
    private readonly Tensor places;
    private readonly Tensor? mask;

    public EpochInput(RunInProgress member, TargetImages images, long features)
    {
        (this.member, this.images) = (member, images);
        order = Order(member.Run.Seed, member.Epoch, images.Train.Count);
        places = tensor(order, device: images.Device);
        mask = DropoutMask(member.Run.HeadDropout, member.Run.Seed, member.Epoch, images.Train.Count, features)?.to(images.Device);
    }

    /// <summary>Equal for runs whose <see cref="Input"/> is equal.</summary>
    public object Same => (member.Run.Seed, member.Epoch, member.Run.Augmentation, member.Model.Preprocessing);

    public bool HasDropout => mask is not null;

    /// <summary>A batch of the order: N×3×S×S float32.</summary>
    public Tensor Input(int start, int count)
    {
        var pixels = images.Train.Pixels.index_select(dim: 0, Batch(start, count));
        if (member.Run.Augmentation == "paper")
        {
            var side = (int)pixels.shape[2];
            pixels = BatchAugmentation.Apply(pixels, [.. order.AsSpan(start, count).ToArray().Select(image => ImageAugmentation.Draw(member.Run.Seed, member.Epoch, image, side, side))], side);
        }
        return images.Normalise(member.Model.Preprocessing, pixels);
    }

    /// <summary>N, or N×C of 0 and 1.</summary>
    public Tensor Labels(int start, int count) => images.Train.Labels.index_select(dim: 0, Batch(start, count));

    /// <summary>N×D of 0 and 1/(1 − p).</summary>
    public Tensor Dropout(int start, int count) => mask!.index_select(dim: 0, Batch(start, count));

    /// <summary>The images of an epoch in the order of its batches.</summary>
    internal static long[] Order(int seed, int epoch, int count)
    {
        var order = Enumerable.Range(0, count).Select(i => (long)i).ToArray();
        var mixed = RandomStream.Order.Of(seed, epoch);
        new NumpyRandom((uint)(mixed ^ (mixed >> 32))).Shuffle<long>(order);
        return order;
    }

    /// <summary>For every image and feature 0 or 1/(1 − p), the same whatever the device; null without dropout.</summary>
    internal static Tensor? DropoutMask(double probability, int seed, int epoch, int count, long features)
    {
        if (probability == 0) return null;
        using var generator = new Generator(RandomStream.HeadDropout.Of(seed, epoch), CPU);
        return (rand([count, features], generator: generator) >= probability).to(ScalarType.Float32).div_(1 - probability);
    }

    private Tensor Batch(int start, int count) => places.narrow(dim: 0, start, count);
}
