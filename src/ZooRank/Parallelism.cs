namespace ZooRank;

/// <summary>How many cores ZooRank's own loops use, beside libtorch's threads: set together with those.</summary>
public static class Parallelism
{
    /// <summary>At most so many at once; the processors of the machine (or of the container) to begin with.</summary>
    public static int Threads { get; set; } = Environment.ProcessorCount;

    internal static ParallelOptions Options => new() { MaxDegreeOfParallelism = Threads };
}
