using ZooRank.Features;

namespace ZooRank.Metrics;

/// <summary>
/// Feature update S_FU (arXiv 2412.20172, eq. 3–4): how much more a step of learning would move the network's second convolution than its first,
/// mean ‖∇conv2‖ ÷ mean ‖∇conv1‖ over the batches of the probe, under the triplet loss of the target's labels.
/// </summary>
public static class FeatureUpdate
{
    public static Metric Metric { get; } = new()
    {
        Name = "fu",
        Meaning = "Feature update: mean norm of the triplet loss's gradient at the network's second convolution ÷ that at its first, over the batches of the probe.",
        Source = "On dataset transferability in medical image classification, arXiv 2412.20172, eq. 3–4",
        Range = "above 0",
        UndefinedWhen = "no batch of images has a triplet with a loss, or the features came without gradient norms",
        Needs = MetricNeeds.Gradients,
        Measure = space => Ratio(space.Set),
        Workspace = (_, _, _) => 0,
    };

    private static MetricOutcome Ratio(FeatureSet features)
    {
        var (conv1, conv2) = (features.Conv1GradientNorms.Sum(), features.Conv2GradientNorms.Sum());
        return conv1 > 0 ? MetricOutcome.Of(conv2 / conv1)
            : features.Count < 4 * features.Conv1GradientNorms.Count ? MetricOutcome.Not($"{features.Count} images make batches of {Math.Max(1, features.Count / 6)}, too few for a triplet; about 24 images are needed at least")
            : MetricOutcome.Not("no triplet of images has a loss: each batch separates its classes by more than the margin, or holds one class");
    }
}
