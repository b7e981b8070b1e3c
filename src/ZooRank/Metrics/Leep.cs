using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>LEEP: how well the target's labels are foretold by the source's own classes.</summary>
public static class Leep
{
    public static Metric Metric { get; } = new()
    {
        Name = "leep",
        Meaning = "Log expected empirical prediction: the mean log-likelihood of the labels when each image's source-class probabilities are turned into target classes by their empirical joint distribution.",
        Source = "Nguyen, Hassner, Seeger and Archambeau, LEEP: A New Measure to Evaluate Transferability of Learned Representations, ICML 2020, arXiv 2002.12462, eq. 2",
        Range = "at most 0 (the source's classes decide the label); −H(y), the entropy of the labels, where they say nothing",
        Needs = MetricNeeds.Logits,
        Measure = space => MetricOutcome.Of(Likelihoods(space.Logits.softmax(1), space).log().mean().item<double>()),
        Workspace = (n, _, _) => 2 * n,
    };

    /// <summary>Σ_z P̂(y_i|z) θ_iz of each image, n.</summary>
    /// <param name="theta">θ: n×Z probabilities of source classes.</param>
    /// <param name="space">Whose labels.</param>
    internal static Tensor Likelihoods(Tensor theta, FeatureSpace space)
    {
        var joint = space.OneHot.T.matmul(theta) / space.Count;             // P̂(y, z), C x Z
        var source = joint.sum(dim: 0, keepdim: true);                       // P̂(z)
        var conditional = joint / where(source > 0, source, ones_like(source));   // P̂(y|z); 0 where no image speaks for z
        return (conditional[space.Y] * theta).sum(dim: 1).clamp(max: 1);     // rounding may go beyond
    }
}
