using System.Diagnostics;
using TorchSharp;
using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.Imaging;
using ZooRank.Models;
using ZooRank.Native;
using ZooRank.Runs;
using ZooRank.Training.Augmentation;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>A source model that was trained.</summary>
public sealed record SourceTraining
{
    /// <summary>As its file says it: with how it was trained and what came out.</summary>
    public required SourceModel Model { get; init; }

    /// <summary>Every epoch, in order; empty where <see cref="WasFinished"/>.</summary>
    public required IReadOnlyList<EpochRecord> Curve { get; init; }

    /// <summary>What a reader of the validation numbers must know.</summary>
    public required IReadOnlyList<Caveat> Caveats { get; init; }

    /// <summary>The very training had been done before: nothing was computed.</summary>
    public bool WasFinished { get; init; }
}

/// <summary>
/// Trains a source model from scratch: SGD with momentum and a stepwise falling learning rate, classes drawn equally often, the best epoch on validation images kept,
/// early stopping. Cross-entropy where an image has one label; where it may have several (also a <see cref="JoinedDataset"/>), binary cross-entropy over all labels.
/// </summary>
/// <remarks>
/// A training that is interrupted leaves a file beside the model's and goes on from there when it is started again; on one machine's CPU the result is that of an uninterrupted one, bit for bit.
/// One training at a time in a process: networks draw from libtorch's one global generator, which each epoch seeds anew.
/// </remarks>
public sealed class SourceTrainer : IDisposable
{
    private const double HeldOutShare = 0.1;

    // So often the host looks at the loss of a GPU's batches, to show it and to end what has diverged; in between it does not wait for the device.
    private const int LookEvery = 16;

    private readonly ImageDataset dataset;
    private readonly Architecture architecture;
    private readonly string path;
    private readonly SourceTrainingOptions options;
    private readonly Device device;
    private readonly Preprocessing preprocessing;
    private readonly Normalisation normalisation;
    private readonly IProgress<TrainingProgress>? progress;
    private readonly CancellationToken cancellation;
    private readonly List<IDisposable> owned = [];

    private SourceTrainer(ImageDataset dataset, Architecture architecture, string path, SourceTrainingOptions options, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        (this.dataset, this.architecture, this.path, this.options, this.progress, this.cancellation) = (dataset, architecture, path, options, progress, cancellation);
        device = options.Device ?? CPU;
        preprocessing = Preprocessing.Half with { InputSize = options.InputSize };
        owned.Add(normalisation = new Normalisation(preprocessing, device));
    }

    private bool MultiLabel => dataset.Kind == TaskKind.MultiLabel;

    private bool Augments => options.Augment ?? dataset is JoinedDataset;

    private bool Validates => options.Selection != EpochSelection.Last;

    /// <summary>Trains and writes a safetensors file with its card; or finds that it is there already.</summary>
    /// <param name="dataset">The training data. Where they have no validation split, a tenth of the training images is held out for it, whole patients where these are known.</param>
    /// <param name="architecture">The network.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told after each part of the images read, every few batches and after each epoch.</param>
    /// <param name="cancellation">Ends it after the batch at work.</param>
    /// <exception cref="InvalidInputException">There is nothing to learn (one class); the memory is too small; training diverged; or the file, or a training in progress beside it, is another's.</exception>
    public static SourceTraining Train(
        ImageDataset dataset, Architecture architecture, string path, SourceTrainingOptions? options = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        CheckTask(dataset);
        using var trainer = new SourceTrainer(options.Selection == EpochSelection.Last ? dataset : WithValidation(dataset, options.Seed), architecture, path, options, progress, cancellation);
        return trainer.Train();
    }

    public void Dispose() => owned.ForEach(o => o.Dispose());

    private static ImageDataset WithValidation(ImageDataset dataset, int seed)
    {
        ImageDataset Complete(ImageDataset set) => HeldOutDataset.HoldOut(set, [Split.Validation], HeldOutShare, unchecked((uint)seed));
        return dataset is JoinedDataset join ? join.With(Complete) : Complete(dataset);
    }

    private SourceTraining Train()
    {
        var caveats = dataset.Caveats.Concat(NotValidated()).ToList();
        var plan = Plan();
        var unfinished = SourceTrainingState.PathFor(path);
        if (options.Overwrite) SourceTrainingState.Delete(unfinished);
        else if (File.Exists(path) && Finished(plan, mayDiffer: File.Exists(unfinished)) is { } there) return new SourceTraining { Model = there, Curve = [], Caveats = caveats, WasFinished = true };

        using var scope = NewDisposeScope();
        using var precision = Precision.Set(options.Precision, device);
        random.manual_seed(options.Seed);
        using var network = architecture.Create(dataset.ClassNames.Count);
        network.to(device);
        using var flat = new FlatState([network]);
        using var sgd = new Sgd(flat, [options.Momentum], [options.WeightDecay], nesterov: false);
        using var carried = new CarriedState(flat, momentum: sgd.Velocity is not null);
        var state = File.Exists(unfinished) ? SourceTrainingState.Continue(unfinished, plan, carried) : new SourceTrainingState { Plan = plan };

        var place = PlaceForImages();
        var count = dataset.Count(Split.Train) + (Validates ? dataset.Count(Split.Validation) : 0);
        var train = Load(Split.Train, place, 0, count);
        var validation = Validates ? Load(Split.Validation, place, dataset.Count(Split.Train), count) : [];

        Resume(carried, flat, sgd);
        state = Run(state, network, precision, flat, sgd, carried, train, validation, unfinished);
        using (no_grad())
        {
            flat.Values.copy_(carried.Best);
            SetBatchesSeen(network, Best(state.Curve) is { } kept ? kept.Epoch + 1 : state.Curve.Count);
        }
        var model = plan with { Training = plan.Training! with { Outcome = Outcome(state) } };
        Save(network, model);
        SourceTrainingState.Delete(unfinished);
        return new SourceTraining { Model = model, Curve = state.Curve, Caveats = caveats };
    }

    private SourceTrainingState Run(
        SourceTrainingState state, SourceNetwork network, Precision precision, FlatState flat, Sgd sgd, CarriedState carried,
        IReadOnlyList<ResidentImages> train, IReadOnlyList<ResidentImages> validation, string unfinished)
    {
        var order = new TrainingOrder(dataset, options.Sampling);
        var (sinceWritten, written) = (Stopwatch.StartNew(), state.Curve.Count);
        try
        {
            while (state.Curve.Count < options.Epochs && !OutOfPatience(state.Curve))
            {
                var epoch = state.Curve.Count;
                var clock = Stopwatch.StartNew();
                var rate = options.LearningRate * Math.Pow(options.DecayFactor, epoch / options.DecayEvery);
                RandomStreams.SeedNetworks(device, options.Seed, epoch);
                var loss = TrainEpoch(network, precision, sgd, train, order.Of(options.Seed, epoch), rate, epoch);
                Performance? found = Validates ? Evaluate(network, precision, validation) : null;
                var ended = new EpochRecord(epoch, rate, loss, Finite(found?.Loss), Finite(found?.Auc), found?.Accuracy, Math.Round(clock.Elapsed.TotalSeconds, 3));
                state = state with { Curve = [.. state.Curve, ended] };
                Keep(carried, flat, sgd);
                var bestSoFar = Best(state.Curve);
                if (bestSoFar is null || bestSoFar == ended) carried.MarkBest();
                progress?.Report(new() { Epoch = epoch + 1, Epochs = options.Epochs, Fraction = (epoch + 1.0) / options.Epochs, Loss = loss, Ended = ended, Best = bestSoFar });
                if (sinceWritten.Elapsed < options.CheckpointEvery || state.Curve.Count == options.Epochs) continue;
                state.Save(unfinished, carried);
                written = state.Curve.Count;
                sinceWritten.Restart();
            }
        }
        catch (OperationCanceledException) when (state.Curve.Count > written)
        {
            state.Save(unfinished, carried);
            throw;
        }
        return state;
    }

    private double TrainEpoch(SourceNetwork network, Precision precision, Sgd sgd, IReadOnlyList<ResidentImages> images, int[] order, double rate, int epoch)
    {
        using var epochScope = NewDisposeScope();
        network.train();
        var rates = sgd.Rates([rate]);
        var pick = new Picker(images, order, device);
        var total = zeros([], dtype: ScalarType.Float64, device: device);
        var (batches, seen, batch) = (TrainingBatches.Of(order.Length, options.BatchSize).Count(), 0, 0);
        foreach (var (start, count) in TrainingBatches.Of(order.Length, options.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (x, y) = Batch(pick, epoch, start, count);
            var loss = Performance.Objective(Logits(network, precision, x), y, MultiLabel);
            loss.backward();
            sgd.Step(rates);
            total.add_(loss.detach(), alpha: count);
            (seen, batch) = (seen + count, batch + 1);
            if (device.type != DeviceType.CPU && batch % LookEvery != 0 && batch < batches) continue;
            var mean = total.item<double>() / seen;
            if (!double.IsFinite(mean)) throw Diverged(epoch, mean);
            progress?.Report(new() { Epoch = epoch, Epochs = options.Epochs, Fraction = (epoch + ((double)batch / batches)) / options.Epochs, Loss = mean });
        }
        return total.item<double>() / seen;
    }

    private static Tensor Logits(SourceNetwork network, Precision precision, Tensor images)
    {
        using var autocast = precision.Autocast();
        return network.call(images).to(ScalarType.Float32);
    }

    /// <summary>Images of several data sets by their places in an epoch: B×3×S×S, and their labels.</summary>
    private (Tensor Images, Tensor Labels) Batch(Picker pick, int epoch, int start, int count)
    {
        var (x, y) = (new List<Tensor>(), new List<Tensor>());
        foreach (var (pixels, labels, places) in pick.Batch(start, count))
        {
            // By the place in the epoch and not by the image: one that is drawn twice is augmented in two ways.
            var changed = Augments ? BatchAugmentation.Apply(pixels, Array.ConvertAll(places, place => ImageAugmentation.Draw(options.Seed, epoch, place, options.InputSize, options.InputSize)), options.InputSize) : pixels;
            x.Add(normalisation.Apply(changed));
            y.Add(labels);
        }
        return x.Count == 1 ? (x[0], y[0]) : (cat(x, dim: 0), cat(y, dim: 0));
    }

    private Performance Evaluate(SourceNetwork network, Precision precision, IReadOnlyList<ResidentImages> sets)
    {
        network.eval();
        using var scope = NewDisposeScope();
        var (logits, labels) = TrainingBatches.Answers(sets, device, pixels => Logits(network, precision, normalisation.Apply(pixels)), cancellation);
        return Performance.Of(logits, labels, MultiLabel);
    }

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? value : null;

    // Null where no epoch can be compared: then the last is kept.
    private EpochRecord? Best(IReadOnlyList<EpochRecord> curve) => options.Selection switch
    {
        EpochSelection.Auc => curve.Where(e => e.ValidationAuc is not null).MaxBy(e => e.ValidationAuc),
        EpochSelection.Loss => curve.Where(e => e.ValidationLoss is not null).MinBy(e => e.ValidationLoss),
        _ => null,
    };

    private bool OutOfPatience(IReadOnlyList<EpochRecord> curve) => Best(curve) is { } best && curve.Count - 1 - best.Epoch >= options.Patience;

    private static void CheckTask(ImageDataset dataset)
    {
        var counts = dataset.LabelCounts(Split.Train);
        if (dataset.Kind != TaskKind.MultiLabel && counts.Count(c => c > 0) < 2) throw new InvalidInputException($"{dataset.Path}: all training images are of one class; a source model needs at least two.");
        if (counts.All(c => c == 0 || c == dataset.Count(Split.Train))) throw new InvalidInputException($"{dataset.Path}: no finding is in some of the training images and absent from others, so there is nothing to learn.");
    }

    private IEnumerable<Caveat> NotValidated()
    {
        if (!Validates) yield break;
        var counts = dataset.LabelCounts(Split.Validation);
        var left = Enumerable.Range(0, counts.Length).Where(c => counts[c] == 0 || counts[c] == dataset.Count(Split.Validation)).ToList();
        if (left.Count == counts.Length)
        {
            yield return new Caveat("no-validation-auc", $"no class tells the {dataset.Count(Split.Validation)} validation images apart, so they have no AUC{(options.Selection == EpochSelection.Auc ? " and the last epoch is kept" : "")}.");
        }
        else if (left.Count > 0)
        {
            yield return new Caveat("class-not-validated", $"{string.Join(", ", left.Take(5).Select(c => $"'{dataset.ClassNames[c]}'"))}{(left.Count > 5 ? $" and {left.Count - 5} more" : "")}: all validation images have it or all lack it, so the validation AUC is the mean over the other classes.");
        }
    }

    /// <summary>What the file will say, without the outcome.</summary>
    private SourceModel Plan()
    {
        var sets = dataset is JoinedDataset join ? join.Sets : [dataset];
        string? Hash(ImageDataset set, Split split) => set.Count(split) == 0 ? null : set.ContentHash(split, [.. Enumerable.Range(0, set.Count(split))]);
        return new SourceModel
        {
            Id = Path.GetFileNameWithoutExtension(path),
            Checkpoint = Path.GetFileName(path),
            Architecture = architecture.Name,
            Source = options.Epochs == 0 ? "untrained" : dataset.Name,
            Mean = preprocessing.Mean,
            Std = preprocessing.Std,
            InputSize = options.InputSize,
            Classes = dataset.ClassNames,
            Training = new TrainingCard
            {
                Data = options.Epochs == 0 ? [] : [.. sets.Select(set => new TrainingData
                {
                    Name = set.Name,
                    TrainImages = set.Count(Split.Train),
                    ValidationImages = Validates ? set.Count(Split.Validation) : 0,
                    HeldOut = Validates && set is HeldOutDataset ? true : null,
                    TrainSha256 = Hash(set, Split.Train) ?? "",
                    ValidationSha256 = Validates ? Hash(set, Split.Validation) : null,
                })],
                Loss = MultiLabel ? "binary_cross_entropy" : "cross_entropy",
                Epochs = options.Epochs,
                LearningRate = options.LearningRate,
                DecayEvery = options.DecayEvery,
                DecayFactor = options.DecayFactor,
                Momentum = options.Momentum,
                WeightDecay = options.WeightDecay,
                BatchSize = options.BatchSize,
                Augmentation = Augments ? "paper" : "none",
                Sampling = options.Sampling.ToString().ToLowerInvariant(),
                Selection = options.Selection.ToString().ToLowerInvariant(),
                Patience = Validates ? options.Patience : null,
                Seed = options.Seed,
                Precision = options.Precision == "float32" ? null : options.Precision,
                StoredAs = options.HalfPrecision ? "float16" : "float32",
            },
        };
    }

    private TrainingOutcome Outcome(SourceTrainingState state)
    {
        var best = Best(state.Curve);
        return new TrainingOutcome
        {
            EpochsTrained = state.Curve.Count,
            BestEpoch = best?.Epoch + 1,
            ValidationAuc = best?.ValidationAuc,
            ValidationAccuracy = best?.ValidationAccuracy,
            ValidationLoss = best?.ValidationLoss,
            Seconds = Math.Round(state.Curve.Sum(e => e.Seconds), 3),
            Interruptions = state.Interruptions,
            Finished = DateTimeOffset.UtcNow,
            Zoorank = Product.Version,
            Libtorch = TorchRuntime.Load().Description,
            Device = device.ToString(),
            Command = options.Command,
        };
    }

    // The model that is there, if it is this plan's. Another may only be replaced where that was begun by --force: then a training in progress lies beside it.
    private SourceModel? Finished(SourceModel plan, bool mayDiffer)
    {
        var difference = "no card of a model trained here";
        try
        {
            using var checkpoint = Checkpoint.Open(path);
            if (ModelCard.Read(checkpoint.Metadata, path) is { Training.Outcome: not null } card)
            {
                if (SourceTrainingState.Difference(card, plan) is not { } found) return card;
                difference = found;
            }
        }
        catch (InvalidInputException)
        {
        }
        return mayDiffer ? null : throw new InvalidInputException($"{path}: is there already and is not what this training makes ({difference}). Give another --out, or replace it with --force.");
    }

    /// <summary>The device where it can hold the images beside the training, else the CPU, from which each batch is then brought over.</summary>
    private Device PlaceForImages()
    {
        Split[] splits = Validates ? [Split.Train, Split.Validation] : [Split.Train];
        var bytes = Places().Sum(p => splits.Sum(s => ResidentImages.Estimate(dataset, s, p(s), options.InputSize)));
        if (device.type != DeviceType.CPU)
        {
            // What the largest of the architectures takes for a batch of 128 at 224 pixels; what a device has left can only be found out by asking for it.
            var working = (long)(16e9 * options.BatchSize / 128 * options.InputSize * options.InputSize / 224 / 224);
            try
            {
                using var trial = empty(bytes + working, dtype: ScalarType.Byte, device: device);
                return device;
            }
            catch (System.Runtime.InteropServices.ExternalException)
            {
            }
        }
        if (bytes > FreeMemory.Bytes())
        {
            throw new InvalidInputException(FormattableString.Invariant(
                $"{dataset.Path}: the images take {bytes / 1e9:0.0} GB of memory at {options.InputSize} pixels, and {FreeMemory.Bytes() / 1e9:0.0} GB are free. Choose a smaller --input-size, or leave data sets out."));
        }
        return CPU;
    }

    // Of each data set, its positions in a split of the whole.
    private IEnumerable<Func<Split, int[]>> Places() => dataset is JoinedDataset join
        ? Enumerable.Range(0, join.Sets.Count).Select(set => (Func<Split, int[]>)(split => [.. Enumerable.Range(join.Start(set, split), join.Sets[set].Count(split))]))
        : [split => [.. Enumerable.Range(0, dataset.Count(split))]];

    // Each data set by itself, so that grey ones keep their one channel.
    private List<ResidentImages> Load(Split split, Device place, int before, int all)
    {
        var loaded = new List<ResidentImages>();
        foreach (var places in Places().Select(p => p(split)).Where(p => p.Length > 0))
        {
            var start = before + loaded.Sum(l => l.Count);
            loaded.Add(ResidentImages.Load(dataset, split, places, preprocessing, place, new Relay(n => progress?.Report(new() { Images = (start + n, all), Epochs = options.Epochs })), cancellation));
            owned.Add(loaded[^1]);
        }
        return loaded;
    }

    private static void Resume(CarriedState carried, FlatState flat, Sgd sgd)
    {
        using var frozen = no_grad();
        flat.Values.copy_(carried.Values);
        if (carried.Velocity is { } velocity) sgd.Velocity!.copy_(velocity);
    }

    private static void Keep(CarriedState carried, FlatState flat, Sgd sgd)
    {
        using var frozen = no_grad();
        carried.Values.copy_(flat.Values);
        carried.Velocity?.copy_(sgd.Velocity!);
    }

    // The one thing that a state dict counts and a flat state does not hold.
    private void SetBatchesSeen(SourceNetwork network, int epochs)
    {
        foreach (var (name, counter) in network.named_buffers())
            if (name.EndsWith(".num_batches_tracked", StringComparison.Ordinal)) counter.fill_((long)epochs * TrainingBatches.Of(dataset.Count(Split.Train), options.BatchSize).Count());
    }

    private void Save(SourceNetwork network, SourceModel model)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var state = network.state_dict().Select(p => (p.Key, Values: p.Value.is_floating_point() && options.HalfPrecision ? p.Value.to(ScalarType.Float16) : p.Value)).ToList();
        foreach (var (name, values) in state)
        {
            if (!values.is_floating_point() || values.isfinite().all().item<bool>()) continue;
            throw options.HalfPrecision
                ? new InvalidInputException($"{path}: '{name}' has values that half precision cannot hold. Save in single precision: --save-dtype float32.")
                : Diverged(model.Training!.Outcome!.EpochsTrained - 1, double.NaN);
        }
        Safetensors.Write(path, state, new Dictionary<string, string> { [ModelCard.Key] = ModelCard.Write(model) });
    }

    private InvalidInputException Diverged(int epoch, double loss)
    {
        SourceTrainingState.Delete(SourceTrainingState.PathFor(path));   // it leads here again
        return new InvalidInputException(FormattableString.Invariant($"training diverged in epoch {epoch + 1} (the loss is {loss}). Lower the learning rate: --lr {options.LearningRate / 10:G3}."));
    }

    private sealed class Relay(Action<int> tell) : IProgress<int>
    {
        public void Report(int value) => tell(value);
    }
}
