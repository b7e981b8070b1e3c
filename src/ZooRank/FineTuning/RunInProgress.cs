using System.Text.Json;
using System.Text.Json.Serialization;
using ZooRank.Models;
using ZooRank.Runs;
using ZooRank.Training;

namespace ZooRank.FineTuning;

/// <summary>
/// A run and where it stands after the last whole epoch. A run that starts from the checkpoint of an interrupted one goes on as if it had never stopped: every random number of an epoch
/// follows from the run's seed and the epoch's number (<see cref="RandomStream"/>).
/// </summary>
internal sealed class RunInProgress : IDisposable
{
    private const string RunKey = "run", ProgressKey = "progress";

    private readonly RunClaim claim;

    /// <param name="model">Its source model.</param>
    /// <param name="run">Its configuration.</param>
    /// <param name="claim">The right to compute it, and the place of its checkpoint.</param>
    /// <param name="initial">The values to begin with; copied.</param>
    public RunInProgress(LoadedModel model, RunConfiguration run, RunClaim claim, FlatState initial)
    {
        (Model, Run, this.claim) = (model, run, claim);
        State = new CarriedState(initial, momentum: run.Momentum > 0);
        Restore();
    }

    public LoadedModel Model { get; }

    public RunConfiguration Run { get; }

    /// <summary>Values, velocity, and the values of the best epoch.</summary>
    public CarriedState State { get; }

    public RunState Progress { get; private set; } = new();

    /// <summary>The epoch to come, from 0.</summary>
    public int Epoch => Progress.Curve.Count;

    /// <summary>Of the epoch to come: cosine annealing to 0 (Loshchilov and Hutter, ICLR 2017, without restarts).</summary>
    public double LearningRate => Run.LearningRate * (1 + Math.Cos(Math.PI * Epoch / Run.MaxEpochs)) / 2;

    /// <summary>The loss became NaN or infinite.</summary>
    public bool Diverged => Progress.Curve is [.., var last] && (last.TrainLoss is null || last.ValidationLoss is null);

    public bool Ended => Diverged || Epoch >= Run.MaxEpochs || (Epoch > 0 && Epoch - 1 - (Progress.BestEpoch ?? -1) >= Run.Patience);

    /// <summary>Keeps what a finished epoch has brought; <see cref="State"/> already has its values.</summary>
    public void Finish(EpochRecord epoch)
    {
        var better = epoch.ValidationAuc is { } auc && !(auc <= Progress.BestAuc);
        if (better) State.MarkBest();
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
        State.Save(claim.CheckpointPath, new Dictionary<string, string> { [RunKey] = Run.Id, [ProgressKey] = JsonSerializer.Serialize(Progress, ProgressJson.Default.RunState) });
    }

    public void Dispose() => State.Dispose();

    // Where there is no checkpoint, or none of this run that can be used, the run begins anew.
    private void Restore()
    {
        if (!File.Exists(claim.CheckpointPath)) return;
        try
        {
            RunState? progress = null;
            var refused = State.Restore(claim.CheckpointPath, about =>
            {
                if (about.GetValueOrDefault(RunKey) != Run.Id || about.GetValueOrDefault(ProgressKey) is not { } text) return "another run's";
                progress = JsonSerializer.Deserialize(text, ProgressJson.Default.RunState);
                return progress is null ? "empty" : null;
            });
            if (refused is null) Progress = progress! with { Interruptions = progress!.Interruptions + 1 };
        }
        catch (Exception e) when (e is InvalidInputException or JsonException)
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
