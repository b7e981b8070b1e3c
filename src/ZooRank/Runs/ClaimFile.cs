using System.Text.Json.Serialization;

namespace ZooRank.Runs;

/// <summary>What a claim is at.</summary>
[JsonConverter(typeof(SnakeCaseEnum<ClaimState>))]
public enum ClaimState
{
    /// <summary>Its holder computes, or died without a word.</summary>
    Held,

    /// <summary>Given back before the run was finished.</summary>
    Released,

    /// <summary>The run's record is in the store.</summary>
    Finished,
}

/// <summary>The content of a claim's file. It says who holds the run, and of what run it is for those who look on; a run's id alone does not.</summary>
internal sealed record ClaimFile
{
    public required ClaimState State { get; init; }

    public required ProcessIdentity Holder { get; init; }

    /// <summary>UTC, by the holder's clock.</summary>
    public required DateTimeOffset Since { get; init; }

    public string? Target { get; init; }

    public string? Source { get; init; }

    public int? Epochs { get; init; }
}
