namespace ZooRank.Data;

/// <summary>
/// NumPy's legacy generator <c>numpy.random.RandomState(seed)</c>, bit for bit: Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) seeded by its
/// authors' <c>init_genrand</c>. Published draws were made with it, and NumPy has frozen its streams.
/// </summary>
public sealed class NumpyRandom
{
    private const int StateSize = 624, Middle = 397;

    private readonly uint[] state = new uint[StateSize];
    private int next = StateSize;
    private double? spare;

    public NumpyRandom(uint seed)
    {
        state[0] = seed;
        for (var i = 1; i < StateSize; i++) state[i] = (1812433253u * (state[i - 1] ^ (state[i - 1] >> 30))) + (uint)i;
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32()
    {
        if (next == StateSize) Twist();
        var y = state[next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680;
        y ^= (y << 15) & 0xEFC60000;
        return y ^ (y >> 18);
    }

    /// <summary><c>random_sample()</c>: 53 random bits, 0 ≤ x &lt; 1.</summary>
    public double NextDouble()
    {
        double high = NextUInt32() >> 5, low = NextUInt32() >> 6;
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }

    /// <summary><c>standard_normal()</c>: Marsaglia's polar method, whose second number is kept for the next call.</summary>
    public double NextNormal()
    {
        if (spare is { } kept)
        {
            spare = null;
            return kept;
        }
        double x, y, r2;
        do
        {
            (x, y) = ((2 * NextDouble()) - 1, (2 * NextDouble()) - 1);
            r2 = (x * x) + (y * y);
        }
        while (r2 is >= 1 or 0);
        var f = Math.Sqrt(-2 * Math.Log(r2) / r2);
        spare = f * x;
        return f * y;
    }

    /// <summary><c>shuffle</c>, in place.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = (int)Interval((uint)i);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary><c>permutation(count)</c>: 0 to count − 1 in random order.</summary>
    public int[] Permutation(int count)
    {
        var items = new int[count];
        for (var i = 0; i < count; i++) items[i] = i;
        Shuffle<int>(items);
        return items;
    }

    /// <summary><c>choice(count, size, replace=False)</c>: the first of a permutation of all.</summary>
    public int[] Choice(int count, int size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, count);
        return Permutation(count)[..size];
    }

    // 0 to max, both included: masked and drawn again until it fits.
    private uint Interval(uint max)
    {
        if (max == 0) return 0;
        var mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(max);
        while (true)
        {
            var value = NextUInt32() & mask;
            if (value <= max) return value;
        }
    }

    private void Twist()
    {
        for (var i = 0; i < StateSize; i++)
        {
            var y = (state[i] & 0x80000000) | (state[(i + 1) % StateSize] & 0x7FFFFFFF);
            state[i] = state[(i + Middle) % StateSize] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908B0DF);
        }
        next = 0;
    }
}
