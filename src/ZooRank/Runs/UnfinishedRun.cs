namespace ZooRank.Runs;

/// <summary>A run that was begun and has no record yet.</summary>
/// <param name="Id">Of the run.</param>
/// <param name="AtWork">Whether its holder lives; if not, it was interrupted and goes on when someone claims it.</param>
/// <param name="Host">The holder's machine; null where its claim cannot be read.</param>
/// <param name="Pid">The holder's process there.</param>
/// <param name="Since">When it was claimed, by the holder's clock.</param>
/// <param name="Quiet">Since the holder was last heard of.</param>
/// <param name="Epochs">Done when it was last heard of; null where it did not say.</param>
/// <param name="Target">Name of the target data set, where known.</param>
/// <param name="Source">Name of the source model, where known.</param>
public sealed record UnfinishedRun(string Id, bool AtWork, string? Host, int? Pid, DateTimeOffset? Since, TimeSpan Quiet, int? Epochs, string? Target, string? Source);
