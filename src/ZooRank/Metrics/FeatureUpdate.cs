using ZooRank.Features;

namespace ZooRank.Metrics;

/// <summary>
/// Feature update S_FU (arXiv 2412.20172, eq. 3–4): how much more a step of learning would move the network's second convolution than its first,
/// mean ‖∇conv2‖ ÷ mean ‖∇conv1‖ over the batches of the probe, under the triplet loss of the target's labels.
/// </summary>
public static class FeatureUpdate
{
    /// <summary>S_FU; null, with the reason, where no batch moves the first convolution.</summary>
    public static (double? Score, string? Undefined) Measure(FeatureSet features)
    {
        var (conv1, conv2) = (features.Conv1GradientNorms.Sum(), features.Conv2GradientNorms.Sum());
        return features.Conv1GradientNorms.Count == 0 ? (null, "these features came without gradient norms")
            : conv1 > 0 ? (conv2 / conv1, null)
            : features.Count < 4 * features.Conv1GradientNorms.Count ? (null, $"{features.Count} images make batches of {Math.Max(1, features.Count / 6)}, too few for a triplet; about 24 images are needed at least")
            : (null, "no triplet of images has a loss: each batch separates its classes by more than the margin, or holds one class");
    }
}
