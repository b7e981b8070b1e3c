using System.Text.Json;
using System.Text.Json.Serialization;
using ZooRank.Checkpoints;
using ZooRank.Runs;
using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.FineTuning;

/// <summary>
/// What a run carries from epoch to epoch. As it was after the last whole epoch it can be written to a file at any time, and a run that starts from that file goes on
/// as if it had never stopped: every random number of an epoch follows from the run's seed and the epoch's number (<see cref="RandomStream"/>).
/// </summary>
internal sealed class RunInProgress : IDisposable
{
    private readonly FlatState state;
    private readonly Sgd optimizer;
    private readonly Tensor best, lastValues;
    private readonly Tensor? lastVelocity;

    public RunInProgress(FlatState state, Sgd optimizer)
    {
        (this.state, this.optimizer) = (state, optimizer);
        using var frozen = no_grad();
        best = state.Values.clone().DetachFromDisposeScope();
        lastValues = state.Values.clone().DetachFromDisposeScope();
        lastVelocity = optimizer.Velocity?.clone().DetachFromDisposeScope();
    }

    public RunProgress Progress { get; private set; } = new();

    /// <summary>Keeps what a finished epoch has brought.</summary>
    public void Finish(EpochRecord epoch)
    {
        using var frozen = no_grad();
        lastValues.copy_(state.Values);
        lastVelocity?.copy_(optimizer.Velocity!);
        var better = epoch.ValidationAuc is { } auc && !(auc <= Progress.BestAuc);
        if (better) best.copy_(state.Values);
        Progress = Progress with
        {
            Curve = [.. Progress.Curve, epoch],
            BestEpoch = better ? epoch.Epoch : Progress.BestEpoch,
            BestAuc = better ? epoch.ValidationAuc : Progress.BestAuc,
        };
    }

    /// <summary>Gives the network the weights of its best epoch.</summary>
    public void RestoreBest()
    {
        using var frozen = no_grad();
        state.Values.copy_(best);
    }

    /// <summary>Writes what is after the last whole epoch.</summary>
    public void Save(string path, string id) => Safetensors.Write(
        path,
        lastVelocity is null ? [("values", lastValues), ("best", best)] : [("values", lastValues), ("best", best), ("velocity", lastVelocity)],
        new Dictionary<string, string> { ["run"] = id, ["progress"] = JsonSerializer.Serialize(Progress, ProgressJson.Default.RunProgress) });

    /// <summary>Goes on from a file, or does nothing where there is none, or none of this run that can be used: the run then begins anew.</summary>
    public void Restore(string path, string id)
    {
        if (!File.Exists(path)) return;
        try
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var file = Checkpoint.Open(path);
            if (file.Metadata.GetValueOrDefault("run") != id || file.Metadata.GetValueOrDefault("progress") is not { } text) return;
            var progress = JsonSerializer.Deserialize(text, ProgressJson.Default.RunProgress)!;
            var tensors = file.Tensors.ToDictionary(t => t.Name, t => file.Read(t));
            if (tensors["values"].numel() != state.Values.numel() || tensors["best"].numel() != best.numel() || (optimizer.Velocity is null) == tensors.ContainsKey("velocity")) return;
            foreach (var copy in new[] { state.Values, lastValues }) copy.copy_(tensors["values"]);
            best.copy_(tensors["best"]);
            if (optimizer.Velocity is { } velocity) foreach (var copy in new[] { velocity, lastVelocity! }) copy.copy_(tensors["velocity"]);
            Progress = progress with { Interruptions = progress.Interruptions + 1 };
        }
        catch (Exception e) when (e is InvalidInputException or JsonException or KeyNotFoundException)
        {
            // Damaged by something else than us: what it held is computed again.
        }
    }

    public void AddSeconds(double seconds) => Progress = Progress with { Seconds = Progress.Seconds + seconds };

    public void Dispose()
    {
        best.Dispose();
        lastValues.Dispose();
        lastVelocity?.Dispose();
    }
}

/// <summary>What is known of a run that is not finished.</summary>
internal sealed record RunProgress
{
    public IReadOnlyList<EpochRecord> Curve { get; init; } = [];

    public int? BestEpoch { get; init; }

    public double? BestAuc { get; init; }

    public DateTimeOffset Started { get; init; } = DateTimeOffset.UtcNow;

    public double Seconds { get; init; }

    public int Interruptions { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunProgress))]
internal sealed partial class ProgressJson : JsonSerializerContext;
