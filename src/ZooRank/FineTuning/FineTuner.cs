using System.Diagnostics;
using TorchSharp;
using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.Models;
using ZooRank.Native;
using ZooRank.Runs;
using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.FineTuning;

/// <summary>
/// Fine-tunes a source model on a target: the whole network, nothing frozen, under a new head; SGD with Nesterov's momentum, cosine annealing, early stopping on
/// validation AUC; tested with the weights of the best epoch (docs/ground-truth.md). Not for several threads at once: some networks draw from libtorch's
/// one global generator, which each epoch seeds anew.
/// </summary>
public sealed class FineTuner
{
    internal static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(30);

    private readonly LoadedModel model;
    private readonly Architecture architecture;
    private readonly TargetImages images;

    /// <exception cref="InvalidInputException">The model is TorchScript of another design than the nine.</exception>
    public FineTuner(LoadedModel model, TargetImages images)
    {
        (this.model, this.images) = (model, images);
        architecture = model.Architecture ?? throw new InvalidInputException(
            $"{model.Source.Checkpoint}: TorchScript of another design can be ranked but not fine-tuned. What can be: {string.Join(", ", Architectures.All.Select(a => a.Name))}.");
    }

    /// <summary>Of the run's checkpoint: written after an epoch when the last one is older than this, and on interruption.</summary>
    public TimeSpan CheckpointInterval { get; init; } = DefaultInterval;

    /// <summary>For the records.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Computes a run, from its checkpoint where there is one.</summary>
    /// <returns>What came out; not yet in the store.</returns>
    /// <exception cref="OperationCanceledException">It was interrupted; its checkpoint has been written.</exception>
    public RunRecord Run(RunConfiguration run, RunClaim claim, IRunObserver? observer = null, CancellationToken cancellation = default)
    {
        using var network = Create(run);
        using var state = new FlatState(network, channelsLast: true);
        using var optimizer = new Sgd(state, run.Momentum, run.WeightDecay, nesterov: true);
        using var progress = new RunInProgress(state, optimizer);
        using var precision = Autocast.Enter(run.Precision, images.Device);
        progress.Restore(claim.CheckpointPath, run.Id);
        observer?.Started(run, progress.Progress.Curve);
        try
        {
            var diverged = !Train(run, network, state, optimizer, progress, claim, observer, cancellation);
            progress.RestoreBest();
            var test = diverged ? default : Evaluate(network, images.TestParts(cancellation), cancellation);
            return Record(run, progress.Progress, diverged ? null : test);
        }
        catch (OperationCanceledException)
        {
            progress.Save(claim.CheckpointPath, run.Id);
            observer?.Interrupted(run);
            throw;
        }
    }

    private SourceNetwork Create(RunConfiguration run)
    {
        using var checkpoint = Checkpoint.Open(model.Source.Checkpoint);
        random.manual_seed((long)RandomStream.Head.Of(run.Seed));
        var network = architecture.Load(checkpoint);
        if (network is GoogLeNet googlenet) googlenet.TransformInput = model.TransformInput;
        network.ReplaceHead(images.OutputCount);
        network.HeadDropout = 0;   // drawn here instead: the same whatever the device
        network.to(images.Device);
        return network;
    }

    /// <returns>False where the loss became NaN or infinite.</returns>
    private bool Train(RunConfiguration run, SourceNetwork network, FlatState state, Sgd optimizer, RunInProgress progress, RunClaim claim, IRunObserver? observer, CancellationToken cancellation)
    {
        var sinceSaved = Stopwatch.StartNew();
        for (var epoch = progress.Progress.Curve.Count; epoch < run.MaxEpochs && !Exhausted(progress.Progress, run); epoch++)
        {
            var clock = Stopwatch.StartNew();
            var rate = run.LearningRate * (1 + Math.Cos(Math.PI * epoch / run.MaxEpochs)) / 2;
            var loss = TrainEpoch(run, epoch, rate, network, optimizer, cancellation);
            var validation = Evaluate(network, [images.Validation], cancellation);
            var record = new EpochRecord(epoch, rate, Number(loss), Number(validation.Loss), Number(validation.Auc), Number(validation.Accuracy), clock.Elapsed.TotalSeconds);
            progress.AddSeconds(clock.Elapsed.TotalSeconds);
            progress.Finish(record);
            observer?.EpochDone(run, record);
            if (record.TrainLoss is null || record.ValidationLoss is null) return false;
            if (sinceSaved.Elapsed < CheckpointInterval) continue;
            progress.Save(claim.CheckpointPath, run.Id);
            sinceSaved.Restart();
        }
        return true;
    }

    private static bool Exhausted(RunProgress progress, RunConfiguration run) => progress.Curve.Count - 1 - (progress.BestEpoch ?? -1) >= run.Patience && progress.Curve.Count > 0;

    /// <returns>The mean loss over the images.</returns>
    private double TrainEpoch(RunConfiguration run, int epoch, double rate, SourceNetwork network, Sgd optimizer, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        network.train();
        random.manual_seed((long)RandomStream.Network.Of(run.Seed, epoch));
        var order = Order(images.Train.Count, RandomStream.Order.Of(run.Seed, epoch));
        var places = tensor(order, device: images.Device);
        var dropout = DropoutMask(run, epoch, network.FeatureCount);
        var total = zeros([], device: images.Device);
        foreach (var (start, count) in Batches(order.Length, run.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var batchScope = NewDisposeScope();
            var batch = places.narrow(dim: 0, start, count);
            var labels = images.Train.Labels.index_select(dim: 0, batch);
            var features = network.Features(model.Preprocessing.Normalise(images.Train.Pixels.index_select(dim: 0, batch)));
            if (dropout is not null) features *= dropout.index_select(dim: 0, batch);
            var loss = Evaluation.Objective(network.Logits(features).to(ScalarType.Float32), labels, images.IsMultiLabel);
            loss.backward();
            optimizer.Step(rate);
            total.add_(loss.detach(), alpha: count);
        }
        return total.item<float>() / order.Length;
    }

    // For every image and feature 0 or 1/(1 − p).
    private Tensor? DropoutMask(RunConfiguration run, int epoch, long width)
    {
        if (run.HeadDropout == 0) return null;
        using var generator = new Generator(RandomStream.HeadDropout.Of(run.Seed, epoch), CPU);
        return (rand([images.Train.Count, width], generator: generator) >= run.HeadDropout).to(ScalarType.Float32).div_(1 - run.HeadDropout).to(images.Device);
    }

    internal static long[] Order(int count, ulong seed)
    {
        var order = Enumerable.Range(0, count).Select(i => (long)i).ToArray();
        new NumpyRandom((uint)(seed ^ (seed >> 32))).Shuffle<long>(order);
        return order;
    }

    /// <summary>All images, the last batch smaller; an image that would be alone in it is left out of the epoch, since batch-norm cannot normalise by one value.</summary>
    internal static IEnumerable<(int Start, int Count)> Batches(int count, int batchSize)
    {
        for (var start = 0; start < count; start += batchSize)
        {
            if (Math.Min(batchSize, count - start) is > 1 and var size) yield return (start, size);
        }
    }

    private Evaluation Evaluate(SourceNetwork network, IEnumerable<ResidentImages> parts, CancellationToken cancellation) =>
        Evaluation.Of(network, parts, model.Preprocessing, images.Device, images.IsMultiLabel, cancellation);

    private RunRecord Record(RunConfiguration run, RunProgress progress, Evaluation? test)
    {
        var kept = test is null || progress.BestEpoch is not { } best ? null : progress.Curve[best];
        return new RunRecord
        {
            Id = run.Id,
            Configuration = run,
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
