namespace ZooRank.Downloads;

/// <summary>How to fetch. The defaults suit a person at a terminal and a job on a cluster alike.</summary>
public sealed record DownloadOptions
{
    /// <summary>Use what is there; a missing file is an error that says how to bring it.</summary>
    public bool Offline { get; init; }

    public IProgress<DownloadProgress>? Progress { get; init; }

    /// <summary>Stops at the next piece; what was fetched stays for the next run.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>How many failures in a row are borne. One that brought new bytes is not counted: a slow line ends, a dead one does not.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>A connection that brings nothing for this long counts as dropped.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A server that asks (Retry-After) for more patience than this gets none.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Waits between attempts; tests replace it.</summary>
    internal Func<TimeSpan, CancellationToken, Task> Wait { get; init; } = Task.Delay;
}

/// <param name="BytesSoFar">Of the whole file, those of earlier runs included. Falls back to 0 where the server cannot resume.</param>
/// <param name="TotalBytes">Null where the server does not say.</param>
public readonly record struct DownloadProgress(long BytesSoFar, long? TotalBytes);

public enum DownloadOutcome
{
    /// <summary>The right file was there, or another process brought it meanwhile; nothing was fetched.</summary>
    AlreadyThere,
    Fetched,
}
