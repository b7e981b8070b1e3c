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
        using var precision = Autocast.Enter(jobs[0].Run.Precision, images.Device);
        var jobOf = new Dictionary<RunInProgress, FineTuningJob>();
        try
        {
            foreach (var job in jobs)
            {
                var (values, parameters) = SideBySide.Initial(architecture, job.Model, job.Run, images);
                jobOf.Add(new RunInProgress(job.Model, job.Run, job.Claim, values, parameters), job);
            }
            foreach (var member in jobOf.Keys) observer?.Started(member.Run, member.Progress.Curve);
            var left = jobOf.Keys.ToList();
            while (left.Count > 0)
            {
                Train(architecture, [.. left.Where(m => !m.Ended)], observer, cancellation);
                foreach (var member in left.Where(m => m.Ended).ToList())
                {
                    finished(jobOf[member], Record(architecture, member, cancellation));
                    left.Remove(member);
                    jobOf.Remove(member);
                    member.Dispose();
                }
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var member in jobOf.Keys)
            {
                if (!jobOf[member].Claim.Lost) member.Save();
                observer?.Interrupted(member.Run);
            }
            throw;
        }
        finally
        {
            foreach (var member in jobOf.Keys) member.Dispose();
        }
    }

    // Until so many have ended that the rest is better off without their places.
    private void Train(Architecture architecture, IReadOnlyList<RunInProgress> members, IRunObserver? observer, CancellationToken cancellation)
    {
        if (members.Count == 0) return;
        using var networks = new SideBySide(architecture, members, images);
        var (sinceSaved, cost) = (Stopwatch.StartNew(), TimeSpan.Zero);
        while (members.Count(m => m.Ended) <= members.Count / 4 && !members.All(m => m.Ended))
        {
            cancellation.ThrowIfCancellationRequested();
            var clock = Stopwatch.StartNew();
            var losses = networks.TrainEpoch(cancellation);
            var validations = networks.Evaluate([images.Validation], cancellation);
            networks.Keep();
            var seconds = clock.Elapsed.TotalSeconds / members.Count(m => !m.Ended);
            for (var k = 0; k < members.Count; k++)
            {
                if (members[k].Ended) continue;
                var record = new EpochRecord(members[k].Epoch, members[k].LearningRate, Number(losses[k]), Number(validations[k].Loss), Number(validations[k].Auc), Number(validations[k].Accuracy), seconds);
                members[k].Finish(record);
                observer?.EpochDone(members[k].Run, record);
            }
            if (sinceSaved.Elapsed < AtMostEvery || sinceSaved.Elapsed < cost * TimesTheirCost) continue;
            sinceSaved.Restart();
            foreach (var member in members.Where(m => !m.Ended)) member.Save();
            cost = sinceSaved.Elapsed;
        }
    }

    private RunRecord Record(Architecture architecture, RunInProgress member, CancellationToken cancellation)
    {
        Performance? test = null;
        if (!member.Diverged)
        {
            using var frozen = no_grad();
            member.Values.copy_(member.Best);
            using var network = new SideBySide(architecture, [member], images);
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
                Zoorank = typeof(FineTuner).Assembly.GetName().Version!.ToString(3),
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
