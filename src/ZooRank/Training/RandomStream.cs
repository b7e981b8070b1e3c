using TorchSharp;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// Seeds for the parts of a training, each a function of the training's seed, the epoch and the purpose alone: an epoch's random numbers are the same whether the epochs before it
/// were computed here, elsewhere, or before an interruption.
/// </summary>
internal enum RandomStream
{
    Head, Order, HeadDropout, Network,
}

internal static class RandomStreams
{
    /// <summary>64 random bits.</summary>
    public static ulong Of(this RandomStream stream, int seed, int epoch = 0) => new CounterRandom(seed, epoch, -1 - (long)stream).Next();

    /// <summary>Seeds libtorch's own generators, from which networks draw that have dropout or stochastic depth within. A GPU has one of its own, which the other's seed does not reach.</summary>
    public static void SeedNetworks(Device device, int seed, int epoch)
    {
        var number = unchecked((long)RandomStream.Network.Of(seed, epoch));
        random.manual_seed(number);
        if (device.type == DeviceType.CUDA) cuda.manual_seed_all(number);
    }
}
