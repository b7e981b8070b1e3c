namespace ZooRank.Training;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), started from a hash of what the numbers are for. Whoever asks for the numbers of one image gets the same
/// ones, whichever images were asked about before; and starting costs no more than one number.
/// </summary>
/// <param name="seed">The run's.</param>
/// <param name="epoch">From 0.</param>
/// <param name="purpose">An image's number, from 0, or a negative number for what is no image's.</param>
internal struct CounterRandom(long seed, long epoch, long purpose)
{
    private const ulong Increment = 0x9E3779B97F4A7C15;   // 2⁶⁴ ÷ the golden ratio, odd

    private const double Unit = 1.0 / (1UL << 53);

    private ulong counter = Mix(Mix(Mix((ulong)seed + Increment) + (ulong)epoch) + (ulong)purpose);

    /// <summary>Uniform, <paramref name="low"/> ≤ x &lt; <paramref name="high"/>.</summary>
    public double Uniform(double low, double high) => low + ((high - low) * (Next() >> 11) * Unit);

    /// <summary>Uniform among 0 … <paramref name="count"/> − 1 (to 1 part in 2⁶⁴ ÷ count).</summary>
    public int Below(int count) => (int)Math.BigMul(Next(), (ulong)count, out _);

    /// <summary>True with probability 0.5.</summary>
    public bool Coin() => Next() >> 63 == 1;

    /// <summary>64 random bits.</summary>
    public ulong Next() => Mix(counter += Increment);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
