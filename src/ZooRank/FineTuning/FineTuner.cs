using System.Diagnostics;
using ZooRank.Models;
using ZooRank.Native;
using ZooRank.Runs;
using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.FineTuning;

/// <summary>A run to be computed: its source model, its configuration, and the right to compute it.</summary>
public sealed record FineTuningJob(LoadedModel Model, RunConfiguration Run, RunClaim Claim);

/// <summary>
/// Fine-tunes source models on a target: the whole network, nothing frozen, under a new head; SGD with Nesterov's momentum, cosine annealing, early stopping on
/// validation AUC; tested with the weights of the best epoch (docs/ground-truth.md). Not for several threads at once: some networks draw from libtorch's
/// one global generator, which each epoch seeds anew.
/// </summary>
public sealed class FineTuner(TargetImages images)
{
    // Checkpoints are written after an epoch as often as they cost a twentieth of the time, at most every two seconds; and on interruption.
    private const double TimesTheirCost = 20;
    private static readonly TimeSpan AtMostEvery = TimeSpan.FromSeconds(2);

    /// <summary>For the records.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Whether a model can be fine-tuned at all.</summary>
    /// <exception cref="InvalidInputException">It is TorchScript of another design than the nine.</exception>
    public static Architecture ArchitectureOf(LoadedModel model) => model.Architecture ?? throw new InvalidInputException(
        $"{model.Source.Checkpoint}: TorchScript of another design can be ranked but not fine-tuned. What can be: {string.Join(", ", Architectures.All.Select(a => a.Name))}.");

    /// <summary>Computes runs, each from its checkpoint where there is one: several together where their architecture can stand side by side.</summary>
    /// <param name="jobs">Runs of one architecture, batch size and precision; one where the architecture has no such form.</param>
    /// <param name="finished">Given each run that is done, while the others go on; it is for the store to keep.</param>
    /// <param name="observer">Told how they go.</param>
    /// <param name="cancellation">Asked for between batches.</param>
    /// <exception cref="OperationCanceledException">They were interrupted; the checkpoints have been written.</exception>
    /// <exception cref="RunLostException">Another has one of them now; the others can be continued from their checkpoints.</exception>
    public void Run(IReadOnlyList<FineTuningJob> jobs, Action<FineTuningJob, RunRecord> finished, IRunObserver? observer = null, CancellationToken cancellation = default)
    {
        var architecture = ArchitectureOf(jobs[0].Model);
        using var precision = Precision.Set(jobs[0].Run.Precision, images.Device);
        var jobOf = new Dictionary<RunInProgress, FineTuningJob>();
        try
        {
            foreach (var job in jobs) jobOf.Add(SideBySide.Begin(architecture, job, images), job);
            foreach (var member in jobOf.Keys) observer?.Started(member.Run, member.Progress.Curve);
            foreach (var member in jobOf.Keys.Where(m => m.Ended).ToList()) Finish(member);
            var alone = new Queue<RunInProgress>();
            while (jobOf.Count > 0)
            {
                IReadOnlyList<RunInProgress> group = alone.Count > 0 ? [alone.Dequeue()] : [.. jobOf.Keys];
                foreach (var member in Train(group)) alone.Enqueue(member);
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var member in jobOf.Keys)
            {
                SaveIfPossible(member);
                observer?.Interrupted(member.Run);
            }
            throw;
        }
        finally
        {
            foreach (var member in jobOf.Keys) member.Dispose();
        }

        void Finish(RunInProgress member)
        {
            finished(jobOf[member], Record(architecture, member, precision, cancellation));
            jobOf.Remove(member);
            member.Dispose();
        }

        // What one cannot write does not keep the others from being written.
        void SaveIfPossible(RunInProgress member)
        {
            try
            {
                member.Save();
            }
            catch (Exception e) when (e is RunLostException or IOException or UnauthorizedAccessException or InvalidInputException)
            {
            }
        }

        // Until so many have ended that the rest is better off without their places; or until a loss is no number. What is no number can spread in one network's convolutions, whichever groups they
        // have: so that epoch is forgotten, and those that it may have come from are given back, to be trained alone.
        IReadOnlyList<RunInProgress> Train(IReadOnlyList<RunInProgress> members)
        {
            using var networks = new SideBySide(architecture, members, images, precision);
            var (sinceSaved, cost) = (Stopwatch.StartNew(), TimeSpan.Zero);
            var ended = new bool[members.Count];
            while (ended.Count(e => e) <= members.Count / 4 && !ended.All(e => e))
            {
                cancellation.ThrowIfCancellationRequested();
                var clock = Stopwatch.StartNew();
                var losses = networks.TrainEpoch(cancellation);
                var validations = networks.Evaluate([images.Validation], cancellation);
                var active = Enumerable.Range(0, members.Count).Where(k => !ended[k]).ToList();
                var doubtful = active.Where(k => !double.IsFinite(losses[k]) || !double.IsFinite(validations[k].Loss)).ToList();
                if (members.Count > 1 && doubtful.Count > 0) return [.. doubtful.Select(k => members[k])];
                networks.Keep();
                var seconds = clock.Elapsed.TotalSeconds / active.Count;
                foreach (var k in active)
                {
                    var record = new EpochRecord(members[k].Epoch, members[k].LearningRate, Number(losses[k]), Number(validations[k].Loss), Number(validations[k].Auc), Number(validations[k].Accuracy), seconds);
                    members[k].Finish(record);
                    observer?.EpochDone(members[k].Run, record);
                }
                foreach (var k in active.Where(k => members[k].Ended))
                {
                    ended[k] = true;
                    Finish(members[k]);
                }
                if (sinceSaved.Elapsed < AtMostEvery || sinceSaved.Elapsed < cost * TimesTheirCost) continue;
                sinceSaved.Restart();
                foreach (var k in active.Where(k => !ended[k])) members[k].Save();
                cost = sinceSaved.Elapsed;
            }
            return [];
        }
    }

    private RunRecord Record(Architecture architecture, RunInProgress member, Precision precision, CancellationToken cancellation)
    {
        Performance? test = null;
        if (!member.Diverged)
        {
            using var frozen = no_grad();
            member.State.Values.copy_(member.State.Best);
            using var network = new SideBySide(architecture, [member], images, precision);
            test = network.Evaluate(images.TestParts(cancellation), cancellation)[0];
        }
        var progress = member.Progress;
        var kept = test is null || progress.BestEpoch is not { } best ? null : progress.Curve[best];
        return new RunRecord
        {
            Id = member.Run.Id,
            Configuration = member.Run,
            Status = test is null ? RunStatus.Diverged : RunStatus.Finished,
            Curve = progress.Curve,
            BestEpoch = kept?.Epoch,
            StoppedAt = progress.Curve.Count - 1,
            ValidationLoss = kept?.ValidationLoss,
            ValidationAuc = kept?.ValidationAuc,
            ValidationAccuracy = kept?.ValidationAccuracy,
            TestLoss = Number(test?.Loss),
            TestAuc = Number(test?.Auc),
            TestAccuracy = Number(test?.Accuracy),
            Started = progress.Started,
            Seconds = progress.Seconds,
            Provenance = new()
            {
                Zoorank = Product.Version,
                Libtorch = TorchRuntime.Load().Description,
                Device = images.Device.ToString(),
                Host = Environment.MachineName,
                Interruptions = progress.Interruptions,
                Command = Command,
            },
        };
    }

    private static double? Number(double? value) => value is { } v && double.IsFinite(v) ? v : null;
}
