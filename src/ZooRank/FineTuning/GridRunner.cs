using ZooRank.Models;
using ZooRank.Runs;
using static TorchSharp.torch;

namespace ZooRank.FineTuning;

/// <summary>What became of a grid.</summary>
/// <param name="Computed">Runs finished here, now.</param>
/// <param name="Found">Runs that were in the store already.</param>
/// <param name="Elsewhere">Runs that others are computing, or have claimed.</param>
/// <param name="Left">Runs that remain because the time was up.</param>
public readonly record struct GridOutcome(int Computed, int Found, int Elsewhere, int Left);

/// <summary>Computes the runs of a grid that the store does not hold yet. Any number of processes may do so at once with one store: each takes the next run that is free.</summary>
public sealed class GridRunner(RunStore store, FineTuningTarget target, Device device)
{
    public IRunObserver? Observer { get; init; }

    /// <summary>Hears how many training images have been read.</summary>
    public IProgress<int>? Loading { get; init; }

    /// <summary>See <see cref="FineTuner.CheckpointInterval"/>.</summary>
    public TimeSpan? CheckpointInterval { get; init; }

    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Works until nothing is left that is free.</summary>
    /// <param name="runs">All of them, model by model.</param>
    /// <param name="timeUp">Ends the work in good order: the run at hand is left as its checkpoint, to be continued.</param>
    /// <param name="cancellation">The same, and the caller hears of it.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was asked for.</exception>
    public GridOutcome Compute(IReadOnlyList<(LoadedModel Model, RunConfiguration Run)> runs, CancellationToken timeUp = default, CancellationToken cancellation = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeUp, cancellation);
        var (computed, found, elsewhere) = (0, 0, 0);
        TargetImages? images = null;
        FineTuner? tuner = null;
        LoadedModel? current = null;
        try
        {
            foreach (var (model, run) in runs)
            {
                cancellation.ThrowIfCancellationRequested();
                if (timeUp.IsCancellationRequested) break;
                if (store.Has(run.Id))
                {
                    found++;
                    continue;
                }
                using var claim = store.TryClaim(run.Id);
                if (claim is null)
                {
                    elsewhere++;
                    continue;
                }
                if (images is null || !images.Fit(model.Preprocessing))
                {
                    images?.Dispose();
                    images = TargetImages.Load(target, model.Preprocessing, device, Loading, stop.Token);
                    current = null;
                }
                if (current != model)
                {
                    tuner = new FineTuner(model, images) { Command = Command, CheckpointInterval = CheckpointInterval ?? FineTuner.DefaultInterval };
                    current = model;
                }
                var record = tuner!.Run(run, claim, Observer, stop.Token);
                store.Add(record);
                claim.Complete();
                Observer?.Finished(record);
                computed++;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The time is up: the checkpoint has been written.
        }
        finally
        {
            images?.Dispose();
        }
        return new(computed, found, elsewhere, runs.Count - computed - found - elsewhere);
    }
}
