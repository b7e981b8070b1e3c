using TorchSharp;
using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.Imaging;
using ZooRank.Models;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>How a source model is trained. The defaults are those of the paper's source models (arXiv 2412.20172), save its early stopping.</summary>
public sealed record SourceTrainingOptions
{
    public int Epochs { get; init; } = 45;
    public double LearningRate { get; init; } = 0.1;
    public double Momentum { get; init; } = 0.9;
    public double WeightDecay { get; init; } = 1e-4;
    public int BatchSize { get; init; } = 128;

    /// <summary>Side of the square input, in pixels.</summary>
    public int InputSize { get; init; } = 224;

    public int Seed { get; init; } = 24;

    /// <summary>Where to train; null: the CPU.</summary>
    public Device? Device { get; init; }
}

/// <param name="Epoch">Epochs finished.</param>
/// <param name="Epochs">All of them.</param>
/// <param name="Fraction">How much is done of everything, 0 to 1.</param>
/// <param name="Loss">Mean training loss of the epoch at work.</param>
public readonly record struct TrainingProgress(int Epoch, int Epochs, double Fraction, double Loss);

/// <summary>
/// Trains a source model from scratch on the train split of a data set: cross-entropy, SGD with momentum, learning rate ×0.1 after each third of the epochs,
/// classes drawn equally often.
/// </summary>
public static class SourceTrainer
{
    /// <summary>Trains and writes a safetensors file with its card.</summary>
    /// <returns>Accuracy on the images trained on, in the last epoch; 0 to 1.</returns>
    /// <exception cref="InvalidInputException">The data set is multi-label or has one class; or training diverged.</exception>
    public static double Train(ImageDataset dataset, Architecture architecture, string path, SourceTrainingOptions? options = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        if (dataset.Kind == TaskKind.MultiLabel) throw new InvalidInputException($"{dataset.Path}: multi-label sets cannot be trained on yet. Use one with a single label for each image.");
        var labels = dataset.Labels(Split.Train);
        var byClass = Enumerable.Range(0, labels.Count).GroupBy(i => labels[i]).Select(g => g.ToArray()).ToArray();
        if (byClass.Length < 2) throw new InvalidInputException($"{dataset.Path}: all training images are of one class; a source model needs at least two.");

        var device = options.Device ?? CPU;
        var preprocessing = Preprocessing.Half with { InputSize = options.InputSize };
        var images = dataset.Load(Split.Train, [.. Enumerable.Range(0, labels.Count)], options.InputSize);
        random.manual_seed(options.Seed);
        using var network = architecture.Create(dataset.ClassNames.Count);
        network.to(device);
        var accuracy = Run(network, images, labels, byClass, preprocessing, options, device, progress, cancellation);
        network.to(CPU);
        Safetensors.Write(path, network.state_dict().Select(p => (p.Key, p.Value)), new Dictionary<string, string>
        {
            [ModelCard.Key] = ModelCard.Write(new SourceModel
            {
                Id = Path.GetFileNameWithoutExtension(path),
                Checkpoint = Path.GetFileName(path),
                Architecture = architecture.Name,
                Source = dataset.Name,
                Mean = preprocessing.Mean,
                Std = preprocessing.Std,
                InputSize = options.InputSize,
                Classes = dataset.ClassNames,
            }),
        });
        return accuracy;
    }

    private static double Run(
        SourceNetwork network, IReadOnlyList<Image> images, IReadOnlyList<int> labels, int[][] byClass, Preprocessing preprocessing, SourceTrainingOptions options, Device device,
        IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        using var optimizer = optim.SGD(network.parameters(), options.LearningRate, options.Momentum, weight_decay: options.WeightDecay);
        var draw = new Random(options.Seed);
        var batches = Math.Max(1, images.Count / options.BatchSize);
        var accuracy = 0.0;
        network.train();
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            foreach (var group in optimizer.ParamGroups) group.LearningRate = options.LearningRate * Math.Pow(0.1, 3 * epoch / options.Epochs);
            var (loss, right, seen) = (0.0, 0L, 0L);
            for (var batch = 0; batch < batches; batch++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var chosen = Enumerable.Range(0, Math.Min(options.BatchSize, images.Count)).Select(_ => byClass[draw.Next(byClass.Length)]).Select(members => members[draw.Next(members.Length)]).ToArray();
                var x = preprocessing.Apply([.. chosen.Select(i => images[i])], device);
                var y = tensor(Array.ConvertAll(chosen, i => (long)labels[i])).to(device);
                optimizer.zero_grad();
                var logits = network.call(x);
                var value = nn.functional.cross_entropy(logits, y);
                value.backward();
                optimizer.step();
                var current = value.item<float>();
                if (!float.IsFinite(current)) throw new InvalidInputException(FormattableString.Invariant($"training diverged in epoch {epoch + 1} (the loss is {current}). Lower the learning rate: --lr {options.LearningRate / 10:G3}."));
                (loss, right, seen) = (loss + current, right + (logits.argmax(1) == y).sum().item<long>(), seen + chosen.Length);
                progress?.Report(new(epoch, options.Epochs, (epoch + (batch + 1.0) / batches) / options.Epochs, loss / (batch + 1)));
            }
            accuracy = (double)right / seen;
        }
        return accuracy;
    }
}
