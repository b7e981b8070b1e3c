using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Training;

/// <summary>How well a network does on images it was not trained on, in evaluation mode: running statistics, no dropout, no augmentation.</summary>
/// <param name="Loss">Mean over the images: cross-entropy, or binary cross-entropy over the findings.</param>
/// <param name="Auc">MedMNIST's (<see cref="Training.Auc"/>).</param>
/// <param name="Accuracy">Share of images whose most probable class is theirs; of findings told rightly at a probability of one half.</param>
internal readonly record struct Performance(double Loss, double Auc, double Accuracy)
{
    /// <param name="logits">N×C float32, on the CPU as the labels are.</param>
    /// <param name="labels">N int64, or N×C float32 of 0 and 1.</param>
    /// <param name="multiLabel">Which of the two.</param>
    public static Performance Of(Tensor logits, Tensor labels, bool multiLabel)
    {
        using var scope = NewDisposeScope();
        var classes = (int)logits.shape[1];
        var loss = Objective(logits, labels, multiLabel).item<float>();
        var probabilities = multiLabel ? logits.sigmoid() : logits.softmax(dim: 1);
        var right = multiLabel ? (probabilities > 0.5).eq(labels > 0.5) : logits.argmax(dim: 1).eq(labels);
        var accuracy = right.to(ScalarType.Float64).mean().item<double>();
        var values = probabilities.contiguous().data<float>().ToArray();
        var auc = multiLabel
            ? Training.Auc.OfFindings(values, [.. labels.contiguous().data<float>().Select(v => (byte)v)], classes)
            : Training.Auc.Of(values, [.. labels.data<long>().Select(v => (int)v)], classes);
        return new(loss, auc, accuracy);
    }

    /// <summary>What is minimised: the mean cross-entropy, or with several labels for an image the mean binary cross-entropy of the logits.</summary>
    public static Tensor Objective(Tensor logits, Tensor labels, bool multiLabel) => multiLabel ? binary_cross_entropy_with_logits(logits, labels) : cross_entropy(logits, labels);
}
