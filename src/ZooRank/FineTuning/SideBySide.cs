using TorchSharp;
using ZooRank.Models;
using ZooRank.Models.Layers;
using ZooRank.Native;
using ZooRank.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.FineTuning;

/// <summary>
/// The networks of K runs as one: groups of channels of a network K times as wide, where K is above 1 (horizontal fusion; Wang et al., MLSys 2021). One pass trains all,
/// each with its own images, hyperparameters and epoch; none sees another.
/// </summary>
internal sealed class SideBySide : IDisposable
{
    private readonly IReadOnlyList<RunInProgress> members;
    private readonly TargetImages images;
    private readonly Precision precision;
    private readonly SourceNetwork body;
    private readonly StackedHead head;
    private readonly FlatState state;
    private readonly Sgd optimizer;

    /// <summary>Gives the networks the values and velocities that their runs carry.</summary>
    public SideBySide(Architecture architecture, IReadOnlyList<RunInProgress> members, TargetImages images, Precision precision)
    {
        (this.members, this.images, this.precision) = (members, images, precision);
        (body, head) = Construction.FilledLater(() => Build(architecture, members, images));
        body.to(images.Device);
        head.to(images.Device);
        state = new FlatState([body, head], members.Count);
        optimizer = new Sgd(state, [.. members.Select(m => m.Run.Momentum)], [.. members.Select(m => m.Run.WeightDecay)], nesterov: true);
        for (var k = 0; k < members.Count; k++)
        {
            state.Insert(members[k].State.Values, k, state.Values);
            if (members[k].State.Velocity is { } velocity) state.Insert(velocity, k, optimizer.Velocity!);
        }
    }

    /// <summary>One epoch of every run. <see cref="Keep"/> then makes it theirs.</summary>
    /// <returns>Of each the mean loss over the images it was trained on.</returns>
    public IReadOnlyList<double> TrainEpoch(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        body.train();
        // Only networks that stand alone draw numbers of their own (dropout within, stochastic depth).
        RandomStreams.SeedNetworks(images.Device, members[0].Run.Seed, members[0].Epoch);
        var epochs = members.Select(m => new EpochInput(m, images, body.FeatureCount)).ToList();
        var rates = optimizer.Rates(members.Select(m => m.LearningRate));
        var (totals, seen) = (zeros([members.Count], device: images.Device), 0);
        foreach (var (start, count) in TrainingBatches.Of(images.Train.Count, members[0].Run.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var batchScope = NewDisposeScope();
            var features = Features(Together(epochs, e => e.Input(start, count), e => e.Same));
            if (epochs[0].HasDropout) features = features * cat([.. epochs.Select(e => e.Dropout(start, count))], dim: 1);
            var losses = Losses(head.call(features), stack(epochs.Select(e => e.Labels(start, count)), dim: 1));
            losses.sum().backward();
            optimizer.Step(rates);
            totals.add_(losses.detach(), alpha: count);
            seen += count;
        }
        return [.. totals.cpu().data<float>().Select(t => (double)t / seen)];
    }

    /// <summary>Hands the runs that have not ended the values and velocities as they are now.</summary>
    public void Keep()
    {
        for (var k = 0; k < members.Count; k++)
        {
            if (members[k].Ended) continue;
            state.Extract(state.Values, k, members[k].State.Values);
            if (members[k].State.Velocity is { } velocity) state.Extract(optimizer.Velocity!, k, velocity);
        }
    }

    /// <summary>How well each does on images.</summary>
    public IReadOnlyList<Performance> Evaluate(IEnumerable<ResidentImages> parts, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        body.eval();
        var (logits, labels) = TrainingBatches.Answers(parts, images.Device, pixels => head.call(Features(Together(members, m => images.Normalise(m.Model.Preprocessing, pixels), m => m.Model.Preprocessing))), cancellation);
        return [.. Enumerable.Range(0, members.Count).Select(k => Performance.Of(logits.select(dim: 1, k), labels, images.IsMultiLabel))];
    }

    /// <summary>By name: the networks' own tensors, "head.weight" and "head.bias".</summary>
    internal IEnumerable<(string Name, Tensor Values)> State() =>
        body.state_dict().Select(p => (p.Key, p.Value)).Concat(head.state_dict().Select(p => ("head." + p.Key, p.Value))).Where(p => p.Value.is_floating_point());

    public void Dispose()
    {
        optimizer.Dispose();
        state.Dispose();
        head.Dispose();
        body.Dispose();
    }

    /// <summary>A run with the values that it begins with, its source model's and a fresh head's; or with those of its checkpoint.</summary>
    public static RunInProgress Begin(Architecture architecture, FineTuningJob job, TargetImages images)
    {
        using var checkpoint = Checkpoints.Checkpoint.Open(job.Model.Source.Checkpoint);
        using var body = architecture.LoadEncoder(checkpoint);
        using var head = new StackedHead([job.Run], body.FeatureCount, images.OutputCount);
        body.to(images.Device);
        head.to(images.Device);
        using var state = new FlatState([body, head]);
        return new RunInProgress(job.Model, job.Run, job.Claim, state);
    }

    private static (SourceNetwork, StackedHead) Build(Architecture architecture, IReadOnlyList<RunInProgress> members, TargetImages images)
    {
        var body = members.Count == 1 ? architecture.Create(0) : architecture.CreateStacked!(members.Count);
        if (body is GoogLeNet googlenet) googlenet.TransformInput = members[0].Model.TransformInput;
        return (body, new StackedHead([.. members.Select(m => m.Run)], body.FeatureCount, images.OutputCount));
    }

    // N x (K·D) float32: the head and the losses are computed in single precision whatever the body is computed in.
    private Tensor Features(Tensor input)
    {
        using var autocast = precision.Autocast();
        return body.Features(input).to(ScalarType.Float32);
    }

    // N x (K·3) x S x S. Runs that see the same share one computation.
    private static Tensor Together<T>(IReadOnlyList<T> all, Func<T, Tensor> input, Func<T, object> same)
    {
        var made = new Dictionary<object, Tensor>();
        var inputs = all.Select(item => made.TryGetValue(same(item), out var there) ? there : made[same(item)] = input(item)).ToArray();
        return inputs.Length == 1 ? inputs[0] : cat(inputs, dim: 1);
    }

    /// <param name="logits">N×K×C.</param>
    /// <param name="labels">N×K, or N×K×C of 0 and 1.</param>
    /// <returns>K.</returns>
    private Tensor Losses(Tensor logits, Tensor labels) => images.IsMultiLabel
        ? binary_cross_entropy_with_logits(logits, labels, reduction: nn.Reduction.None).mean([0, 2])
        : cross_entropy(logits.flatten(0, 1), labels.flatten(0, 1), reduction: nn.Reduction.None).view(labels.shape).mean([0]);
}
