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
}
