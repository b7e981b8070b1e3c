namespace ZooRank.FineTuning;

/// <summary>
/// Seeds for the parts of a run, each a function of the run's seed, the epoch and the purpose alone: an epoch's random numbers are the same whether the epochs before it
/// were computed here, elsewhere, or before an interruption.
/// </summary>
internal enum RandomStream
{
    Head, Order, HeadDropout, Network,
}

internal static class RandomStreams
{
    /// <summary>64 mixed bits (SplitMix64, Steele, Lea and Flood, OOPSLA 2014).</summary>
    public static ulong Of(this RandomStream stream, int seed, int epoch = 0)
    {
        var z = 0x9E3779B97F4A7C15UL * (((ulong)(uint)seed << 32) ^ ((ulong)(uint)epoch << 8) ^ (ulong)stream ^ 0x5A6F6FUL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
