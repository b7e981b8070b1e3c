using ZooRank.Imaging;
using ZooRank.Models;
using ZooRank.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.FineTuning;

/// <summary>How well a network does on images it was not trained on.</summary>
/// <param name="Loss">Mean over the images: cross-entropy, or binary cross-entropy over the findings.</param>
/// <param name="Auc">MedMNIST's (<see cref="Training.Auc"/>).</param>
/// <param name="Accuracy">Share of images whose most probable class is theirs; of findings told rightly at a probability of one half.</param>
internal readonly record struct Evaluation(double Loss, double Auc, double Accuracy)
{
    private const int Batch = 256;

    /// <summary>In evaluation mode: running statistics, no dropout, no augmentation.</summary>
    public static Evaluation Of(SourceNetwork network, IEnumerable<ResidentImages> parts, Preprocessing preprocessing, Device device, bool multiLabel, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        network.eval();
        var (logits, labels) = (new List<Tensor>(), new List<Tensor>());
        foreach (var part in parts)
        {
            labels.Add(part.Labels.to(device, copy: true));
            for (var start = 0; start < part.Count; start += Batch)
            {
                cancellation.ThrowIfCancellationRequested();
                using var batchScope = NewDisposeScope();
                var pixels = part.Pixels.narrow(dim: 0, start, Math.Min(Batch, part.Count - start)).to(device);
                logits.Add(network.call(preprocessing.Normalise(pixels)).to(ScalarType.Float32).MoveToOuterDisposeScope());
            }
        }
        return Of(cat(logits, dim: 0), cat(labels, dim: 0), multiLabel);
    }

    /// <param name="logits">N×C float32.</param>
    /// <param name="labels">N int64, or N×C float32 of 0 and 1.</param>
    /// <param name="multiLabel">Which of the two.</param>
    internal static Evaluation Of(Tensor logits, Tensor labels, bool multiLabel)
    {
        var classes = (int)logits.shape[1];
        var loss = Objective(logits, labels, multiLabel).item<float>();
        var probabilities = multiLabel ? logits.sigmoid() : logits.softmax(dim: 1);
        var right = multiLabel ? (probabilities > 0.5).eq(labels > 0.5) : logits.argmax(dim: 1).eq(labels);
        var accuracy = right.to(ScalarType.Float64).mean().item<double>();
        var values = probabilities.cpu().contiguous().data<float>().ToArray();
        var auc = multiLabel
            ? Training.Auc.OfFindings(values, [.. labels.cpu().contiguous().data<float>().Select(v => (byte)v)], classes)
            : Training.Auc.Of(values, [.. labels.cpu().data<long>().Select(v => (int)v)], classes);
        return new(loss, auc, accuracy);
    }

    /// <summary>What is minimised: the mean cross-entropy, or with several labels for an image the mean binary cross-entropy of the logits.</summary>
    public static Tensor Objective(Tensor logits, Tensor labels, bool multiLabel) => multiLabel ? binary_cross_entropy_with_logits(logits, labels) : cross_entropy(logits, labels);
}
