using System.Diagnostics;
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

    /// <summary>How many runs are trained together where their architecture can stand side by side.</summary>
    public int Together { get; init; } = 1;

    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Works until nothing is left that is free. Where another that holds a run has fallen silent, it waits until that is alive again or its run may be taken over.</summary>
    /// <param name="runs">All of them, model by model.</param>
    /// <param name="timeUp">Ends the work in good order: the run at hand is left as its checkpoint, to be continued.</param>
    /// <param name="cancellation">The same, and the caller hears of it.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was asked for.</exception>
    public GridOutcome Compute(IReadOnlyList<(LoadedModel Model, RunConfiguration Run)> runs, CancellationToken timeUp = default, CancellationToken cancellation = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeUp, cancellation);
        var (computed, found) = (0, 0);
        var elsewhere = new List<(LoadedModel Model, RunConfiguration Run)>();
        TargetImages? images = null;
        var claimed = new List<FineTuningJob>();
        try
        {
            ComputeFree(runs);
            // What others hold is theirs, unless they died meanwhile.
            var patience = store.Times.Stale + store.Times.Heartbeat;
            for (var waited = Stopwatch.StartNew(); elsewhere.Count > 0 && waited.Elapsed < patience;)
            {
                var begun = store.Unfinished().ToDictionary(r => r.Id);
                var given = elsewhere.Where(r => store.Has(r.Run.Id) || begun.GetValueOrDefault(r.Run.Id)?.AtWork != true).ToList();
                elsewhere.RemoveAll(given.Contains);
                ComputeFree(given);
                if (!elsewhere.Any(r => begun.GetValueOrDefault(r.Run.Id) is { AtWork: true } held && held.Quiet > 3 * store.Times.Heartbeat)) break;
                stop.Token.WaitHandle.WaitOne(store.Times.Heartbeat);
                stop.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The time is up: the checkpoints have been written.
        }
        finally
        {
            images?.Dispose();
            foreach (var job in claimed) job.Claim.Dispose();
        }
        return new(computed, found, elsewhere.Count, runs.Count - computed - found - elsewhere.Count);

        void ComputeFree(IReadOnlyList<(LoadedModel, RunConfiguration)> some)
        {
            foreach (var (model, run) in some)
            {
                stop.Token.ThrowIfCancellationRequested();
                if (claimed.Count > 0 && !GoesWith(claimed, model, run)) ComputeClaimed();
                if (store.Has(run.Id)) found++;
                else if (store.TryClaim(run) is { } claim) claimed.Add(new(model, run, claim));
                else elsewhere.Add((model, run));
            }
            ComputeClaimed();
        }

        void ComputeClaimed()
        {
            if (claimed.Count == 0) return;
            var preprocessing = claimed[0].Model.Preprocessing;
            if (images?.Fit(preprocessing) != true)
            {
                images?.Dispose();
                images = TargetImages.Load(target, preprocessing, device, stop.Token);
            }
            var tuner = new FineTuner(images) { Command = Command };
            while (claimed.Count > 0)
            {
                try
                {
                    tuner.Run([.. claimed], Keep, Observer, stop.Token);
                }
                catch (RunLostException lost)
                {
                    // Followers hear that all of them stopped: those that are left begin again from their checkpoints.
                    foreach (var job in claimed) Observer?.Interrupted(job.Run);
                    var gone = claimed.Single(job => job.Claim.Id == lost.Id);
                    claimed.Remove(gone);
                    gone.Claim.Dispose();
                    elsewhere.Add((gone.Model, gone.Run));
                }
            }
        }

        void Keep(FineTuningJob job, RunRecord record)
        {
            store.Add(record);   // also where another has the run by now: it finds the same
            job.Claim.Complete();
            claimed.Remove(job);
            computed++;
            Observer?.Finished(record);
        }
    }

    // Runs stand side by side where their networks are of one form and their batches of one size.
    private bool GoesWith(List<FineTuningJob> others, LoadedModel model, RunConfiguration run)
    {
        var (first, other) = (others[0].Model, others[0].Run);
        return others.Count < Together && model.Architecture?.CreateStacked is not null && model.Architecture == first.Architecture
            && (model.Preprocessing.InputSize, model.Preprocessing.Resize) == (first.Preprocessing.InputSize, first.Preprocessing.Resize)
            && (run.BatchSize, run.Precision, run.HeadDropout) == (other.BatchSize, other.Precision, other.HeadDropout);
    }
}
