using System.Text.Json;
using System.Text.Json.Serialization;

namespace ZooRank.Models;

/// <summary>zoo.json as it is written: models with their checkpoints.</summary>
internal sealed record ZooFile
{
    public IReadOnlyList<SourceModel>? Models { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,   // a misspelt "maen" must not become a default in silence
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    UseStringEnumConverter = true,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ZooFile))]
[JsonSerializable(typeof(SourceModel))]
internal sealed partial class ZooJson : JsonSerializerContext;
