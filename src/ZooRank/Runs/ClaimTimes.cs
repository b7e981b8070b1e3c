namespace ZooRank.Runs;

/// <param name="Heartbeat">A holder touches its claim so often.</param>
/// <param name="Stale">A claim that was not touched for so long, and whose process cannot be seen from here, is taken over. Well above the heartbeat, and above the minute for which clients of a network file system trust what they knew.</param>
/// <param name="Settled">What a finished run left behind is removed after so long: when no client can still believe that its record is not there.</param>
internal sealed record ClaimTimes(TimeSpan Heartbeat, TimeSpan Stale, TimeSpan Settled)
{
    public static ClaimTimes Default { get; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromHours(1));
}
