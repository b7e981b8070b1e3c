using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ZooRank.Checkpoints;
using ZooRank.Models;
using ZooRank.Runs;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>What beside tensors is needed to go on with a training.</summary>
internal sealed record SourceTrainingState
{
    /// <summary>The model's card without an outcome: what is being trained. Another plan is another training.</summary>
    public required SourceModel Plan { get; init; }

    /// <summary>The epochs behind.</summary>
    public required IReadOnlyList<EpochRecord> Curve { get; init; }

    public required int Interruptions { get; init; }

    public required string Zoorank { get; init; }
}

/// <summary>
/// A training in progress as a file beside the model that it will become: the weights, the optimizer's velocity and the best weights so far, each as one flat tensor
/// (<see cref="FlatState"/>), and <see cref="SourceTrainingState"/> as metadata. Its ending keeps it out of zoos.
/// </summary>
internal static class SourceCheckpoint
{
    private const string Key = "zoorank-training";

    public static string PathFor(string model) => model + ".progress";

    public static void Write(string path, SourceTrainingState state, Tensor values, Tensor? velocity, Tensor? best)
    {
        var tensors = new List<(string, Tensor)> { ("values", values) };
        if (velocity is not null) tensors.Add(("velocity", velocity));
        if (best is not null) tensors.Add(("best", best));
        Safetensors.Write(path, tensors, new Dictionary<string, string> { [Key] = JsonSerializer.Serialize(state, SourceTrainingJson.Default.SourceTrainingState) });
    }

    /// <summary>Removes it, if it is there.</summary>
    public static void Delete(string path)
    {
        if (File.Exists(path)) File.Delete(path);   // Delete alone wants the folder to exist
    }

    /// <summary>What the file says, with its tensors, which are the caller's.</summary>
    /// <exception cref="InvalidInputException">It cannot be read, or is of another training or another version of ZooRank: it says what differs.</exception>
    public static (SourceTrainingState State, Dictionary<string, Tensor> Tensors) Read(string path, SourceModel plan, string zoorank)
    {
        const string Remedy = "Give another --out, or begin anew with --force.";
        using var checkpoint = Checkpoint.Open(path);
        SourceTrainingState? state = null;
        try
        {
            if (checkpoint.Metadata.TryGetValue(Key, out var text)) state = JsonSerializer.Deserialize(text, SourceTrainingJson.Default.SourceTrainingState);
        }
        catch (JsonException)
        {
        }
        if (state is null) throw new InvalidInputException($"{path}: not a training in progress that this version of ZooRank can go on with. {Remedy}");
        if (Difference(state.Plan, plan) is { } difference) throw new InvalidInputException($"{path}: the beginning of another training ({difference}). {Remedy}");
        if (state.Zoorank != zoorank) throw new InvalidInputException($"{path}: begun by ZooRank {state.Zoorank}, this is {zoorank}, so its end would be neither's. {Remedy}");
        return (state, checkpoint.Tensors.ToDictionary(t => t.Name, checkpoint.Read));
    }

    /// <summary>How one plan differs from another, in a few words; null where it does not.</summary>
    public static string? Difference(SourceModel there, SourceModel wanted)
    {
        static Dictionary<string, string> Leaves(SourceModel model)
        {
            var leaves = new Dictionary<string, string>();
            void Walk(JsonNode? node, string path)
            {
                if (node is JsonObject fields) foreach (var (name, value) in fields) Walk(value, path.Length == 0 ? name : $"{path}.{name}");
                else if (node is JsonArray items) foreach (var (value, i) in items.Select((v, i) => (v, i))) Walk(value, FormattableString.Invariant($"{path}[{i}]"));
                else leaves[path] = node?.ToString() ?? "null";
            }
            Walk(JsonSerializer.SerializeToNode(model with { Id = "", Checkpoint = "", Training = model.Training is { } card ? card with { Outcome = null } : null }, SourceTrainingJson.Default.SourceModel), "");
            return leaves;
        }
        var (a, b) = (Leaves(there), Leaves(wanted));
        var differing = a.Keys.Union(b.Keys).Where(k => a.GetValueOrDefault(k) != b.GetValueOrDefault(k)).ToList();
        if (differing.Count == 0) return null;
        static string Shown(string? value) => value is null ? "none" : value.Length > 20 ? value[..20] + "…" : value;
        var words = differing.Take(3).Select(k => $"{k.Replace("training.", "", StringComparison.Ordinal)} is {Shown(a.GetValueOrDefault(k))} there, {Shown(b.GetValueOrDefault(k))} here");
        return string.Join("; ", words) + (differing.Count > 3 ? $"; and {differing.Count - 3} more" : "");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SourceTrainingState))]
internal sealed partial class SourceTrainingJson : JsonSerializerContext;
