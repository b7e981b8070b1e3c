using System.Text.Json.Serialization;

namespace ZooRank.Truth;

/// <summary>What 'zoorank truth show --json' says of how well each source did, read back: a ground truth that can be passed on without its runs.</summary>
/// <param name="Targets">One table each.</param>
public sealed record StoredTruth(IReadOnlyList<StoredTarget> Targets)
{
    /// <summary>The same of runs that are at hand, models under their own names.</summary>
    public static StoredTruth Of(GroundTruth truth) => new(
        [.. truth.Targets.Select(t => new StoredTarget(t.Target, t.Task.TrainSha256, [.. t.Sources.Select(s => new StoredSource(s.Model.Id, s.Model.Sha256, s.P, s.StandardError, s.Selected.Count))]))]);

    /// <exception cref="InvalidInputException">There is no such file, or something else is in it.</exception>
    public static StoredTruth Read(string path)
    {
        const string Command = "zoorank truth show STORE --json >";
        var truth = JsonFile.Read(path, StoredTruthJson.Default.StoredTruth, "a ground truth", Command);
        return truth.Targets is { Count: > 0 } targets && targets.All(t => t?.Target is not null && t.Sources is { Count: > 0 } && t.Sources.All(s => s?.Source is not null && s.P is >= 0 and <= 1)) && targets.DistinctBy(t => t.Target).Count() == targets.Count
            ? truth : throw new InvalidInputException($"{path}: not a ground truth: it needs targets of different names, with the P of their sources, 0 to 1. '{Command} {path}' writes one.");
    }
}

/// <param name="Target">Its name.</param>
/// <param name="TrainSha256">Over the images that were trained on and their labels; null of imported logs.</param>
/// <param name="Sources">The sources that were fine-tuned on it.</param>
public sealed record StoredTarget(string Target, string? TrainSha256, IReadOnlyList<StoredSource> Sources);

/// <param name="Source">Its name.</param>
/// <param name="Sha256">Of the checkpoint; null of imported logs.</param>
/// <param name="P">P(φ, T): the test AUC, 0 to 1.</param>
/// <param name="StandardError">Of P; null of one seed.</param>
/// <param name="Seeds">P is the mean of so many.</param>
public sealed record StoredSource(string Source, string? Sha256, double P, double? StandardError, int Seeds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredTruth))]
internal sealed partial class StoredTruthJson : JsonSerializerContext;
