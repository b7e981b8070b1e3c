using System.Text.Json;
using System.Text.Json.Serialization;
using ZooRank.Checkpoints;
using ZooRank.Models;
using ZooRank.Runs;
using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.FineTuning;

/// <summary>
/// What a run carries from epoch to epoch, as it was after the last whole one. Written to a file it is the run's checkpoint, and a run that starts from that file goes
/// on as if it had never stopped: every random number of an epoch follows from the run's seed and the epoch's number (<see cref="RandomStream"/>).
/// </summary>
internal sealed class RunInProgress : IDisposable
{
    private readonly RunClaim claim;

    /// <param name="model">Its source model.</param>
    /// <param name="run">Its configuration.</param>
    /// <param name="claim">The right to compute it, and the place of its checkpoint.</param>
    /// <param name="initial">Parameters and running statistics to begin with (<see cref="FlatState.Values"/> of this run alone); kept.</param>
    /// <param name="parameterLength">How much of them is parameters.</param>
    public RunInProgress(LoadedModel model, RunConfiguration run, RunClaim claim, Tensor initial, long parameterLength)
    {
        (Model, Run, this.claim) = (model, run, claim);
        Values = initial.DetachFromDisposeScope();
        Best = initial.clone().DetachFromDisposeScope();
        if (run.Momentum > 0) Velocity = zeros(parameterLength, device: initial.device).DetachFromDisposeScope();
        Restore();
    }

    public LoadedModel Model { get; }

    public RunConfiguration Run { get; }

    public Tensor Values { get; }

    /// <summary>The values of the best epoch.</summary>
    public Tensor Best { get; }

    public Tensor? Velocity { get; }

    public RunState Progress { get; private set; } = new();

    /// <summary>The epoch to come, from 0.</summary>
    public int Epoch => Progress.Curve.Count;

    /// <summary>Of the epoch to come: cosine annealing to 0 (Loshchilov and Hutter, ICLR 2017, without restarts).</summary>
    public double LearningRate => Run.LearningRate * (1 + Math.Cos(Math.PI * Epoch / Run.MaxEpochs)) / 2;

    /// <summary>The loss became NaN or infinite.</summary>
    public bool Diverged => Progress.Curve is [.., var last] && (last.TrainLoss is null || last.ValidationLoss is null);

    public bool Ended => Diverged || Epoch >= Run.MaxEpochs || (Epoch > 0 && Epoch - 1 - (Progress.BestEpoch ?? -1) >= Run.Patience);

    /// <summary>Keeps what a finished epoch has brought; <see cref="Values"/> and <see cref="Velocity"/> are already as it left them.</summary>
    public void Finish(EpochRecord epoch)
    {
        var better = epoch.ValidationAuc is { } auc && !(auc <= Progress.BestAuc);
        if (better)
        {
            using var frozen = no_grad();
            Best.copy_(Values);
        }
        Progress = Progress with
        {
            Curve = [.. Progress.Curve, epoch],
            BestEpoch = better ? epoch.Epoch : Progress.BestEpoch,
            BestAuc = better ? epoch.ValidationAuc : Progress.BestAuc,
            Seconds = Progress.Seconds + epoch.Seconds,
        };
        claim.Epochs = Epoch;
    }

    /// <summary>Writes the checkpoint.</summary>
    /// <exception cref="RunLostException">Another has the run now.</exception>
    public void Save()
    {
        claim.ThrowIfLost();
        Safetensors.Write(
            claim.CheckpointPath,
            Velocity is null ? [("values", Values), ("best", Best)] : [("values", Values), ("best", Best), ("velocity", Velocity)],
            new Dictionary<string, string> { ["run"] = Run.Id, ["progress"] = JsonSerializer.Serialize(Progress, ProgressJson.Default.RunState) });
    }

    public void Dispose()
    {
        Values.Dispose();
        Best.Dispose();
        Velocity?.Dispose();
    }

    // Where there is no checkpoint, or none of this run that can be used, the run begins anew.
    private void Restore()
    {
        if (!File.Exists(claim.CheckpointPath)) return;
        try
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var file = Checkpoint.Open(claim.CheckpointPath);
            if (file.Metadata.GetValueOrDefault("run") != Run.Id || file.Metadata.GetValueOrDefault("progress") is not { } text) return;
            var progress = JsonSerializer.Deserialize(text, ProgressJson.Default.RunState)!;
            var stored = file.Tensors.ToDictionary(t => t.Name, t => file.Read(t));
            var own = new List<(Tensor Here, Tensor There)> { (Values, stored["values"]), (Best, stored["best"]) };
            if (Velocity is not null) own.Add((Velocity, stored["velocity"]));
            if (own.Any(o => o.Here.numel() != o.There.numel())) return;
            foreach (var (here, there) in own) here.copy_(there);
            Progress = progress with { Interruptions = progress.Interruptions + 1 };
        }
        catch (Exception e) when (e is InvalidInputException or JsonException or KeyNotFoundException)
        {
            // Damaged by something else than us: what it held is computed again.
        }
    }
}

/// <summary>What is known of a run that is not finished.</summary>
internal sealed record RunState
{
    public IReadOnlyList<EpochRecord> Curve { get; init; } = [];

    public int? BestEpoch { get; init; }

    public double? BestAuc { get; init; }

    public DateTimeOffset Started { get; init; } = DateTimeOffset.UtcNow;

    public double Seconds { get; init; }

    public int Interruptions { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunState))]
internal sealed partial class ProgressJson : JsonSerializerContext;
