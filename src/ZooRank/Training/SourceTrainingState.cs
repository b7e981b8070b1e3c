using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ZooRank.Models;
using ZooRank.Runs;

namespace ZooRank.Training;

/// <summary>Where the training of a source model stands, beside its tensors: metadata of a file next to the model that it will become (<see cref="CarriedState"/>), whose ending keeps it out of zoos.</summary>
internal sealed record SourceTrainingState
{
    private const string Key = "zoorank-training";

    /// <summary>The model's card without an outcome: what is being trained. Another plan is another training.</summary>
    public required SourceModel Plan { get; init; }

    /// <summary>The epochs behind.</summary>
    public IReadOnlyList<EpochRecord> Curve { get; init; } = [];

    public int Interruptions { get; init; }

    public static string PathFor(string model) => model + ".progress";

    /// <summary>Removes the file, if it is there.</summary>
    public static void Delete(string path)
    {
        if (File.Exists(path)) File.Delete(path);   // Delete alone wants the folder to exist
    }

    public void Save(string path, CarriedState tensors) => tensors.Save(path, new Dictionary<string, string> { [Key] = JsonSerializer.Serialize(this, SourceTrainingJson.Default.SourceTrainingState) });

    /// <summary>Where the training of that plan stands by the file, whose tensors are then in <paramref name="tensors"/>.</summary>
    /// <exception cref="InvalidInputException">It cannot be read, or is of another training or another version of ZooRank: it says what differs.</exception>
    public static SourceTrainingState Continue(string path, SourceModel plan, CarriedState tensors)
    {
        SourceTrainingState? state = null;
        var refused = tensors.Restore(path, about =>
        {
            try
            {
                if (about.TryGetValue(Key, out var text)) state = JsonSerializer.Deserialize(text, SourceTrainingJson.Default.SourceTrainingState);
            }
            catch (JsonException)
            {
            }
            if (state is null) return "not a training in progress that this version of ZooRank can go on with";
            return Difference(state.Plan, plan) is { } difference ? $"the beginning of another training ({difference})" : null;
        });
        if (refused is not null) throw new InvalidInputException($"{path}: {refused}. Give another --out, or begin anew with --force.");
        return state! with { Interruptions = state!.Interruptions + 1 };
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
