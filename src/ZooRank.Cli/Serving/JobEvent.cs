using System.Text.Json.Serialization;

namespace ZooRank.Cli.Serving;

/// <summary>What a page is told of a ranking at work.</summary>
/// <param name="Message">In words.</param>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Ended">No more will come.</param>
/// <param name="Result">Where the result is, once it is there.</param>
internal sealed record JobEvent(string Message, double Fraction, bool Ended, string? Result);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JobEvent))]
internal sealed partial class JobEventJson : JsonSerializerContext;
