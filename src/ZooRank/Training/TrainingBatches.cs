using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>How images are gone through, in training and in evaluation.</summary>
internal static class TrainingBatches
{
    private const int EvaluationBatch = 256;

    /// <summary>All images, the last batch smaller; an image that would be alone in it is left out of the epoch, since batch-norm cannot normalise by one value.</summary>
    public static IEnumerable<(int Start, int Count)> Of(int images, int size)
    {
        for (var start = 0; start < images; start += size)
        {
            if (Math.Min(size, images - start) is > 1 and var count) yield return (start, count);
        }
    }

    /// <summary>What networks answer to all images, in order. The host waits for the device once, at the end.</summary>
    /// <param name="parts">The images, wherever they lie; one part at a time is asked for.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="logits">Of N×C×S×S bytes on the device.</param>
    /// <param name="cancellation">Asked between two batches.</param>
    /// <returns>Logits and labels, on the CPU.</returns>
    public static (Tensor Logits, Tensor Labels) Answers(IEnumerable<ResidentImages> parts, Device device, Func<Tensor, Tensor> logits, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (answers, labels) = (new List<Tensor>(), new List<Tensor>());
        foreach (var part in parts)
        {
            labels.Add(part.Labels.to(CPU, copy: true));
            for (var start = 0; start < part.Count; start += EvaluationBatch)
            {
                cancellation.ThrowIfCancellationRequested();
                using var batchScope = NewDisposeScope();
                var pixels = part.Pixels.narrow(dim: 0, start, Math.Min(EvaluationBatch, part.Count - start)).to(device);
                answers.Add(logits(pixels).MoveToOuterDisposeScope());
            }
        }
        return (cat(answers, dim: 0).cpu().MoveToOuterDisposeScope(), cat(labels, dim: 0).MoveToOuterDisposeScope());
    }
}
