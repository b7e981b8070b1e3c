using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>NCE: how much is still unknown of the target's label once the source's predicted class is known.</summary>
public static class Nce
{
    public static Metric Metric { get; } = new()
    {
        Name = "nce",
        Meaning = "Negative conditional entropy −H(y|z) in nats of the labels y given the class z that the source's head ranks first.",
        Source = "Tran, Nguyen and Hassner, Transferability and Hardness of Supervised Classification Tasks, ICCV 2019, arXiv 1908.08142, the negative conditional entropy −H(Y|Z)",
        Range = "−H(y), the entropy of the labels (z says nothing), to 0 (z decides y); many source classes for few images raise it by chance",
        Needs = MetricNeeds.Logits,
        Measure = space => MetricOutcome.Of(-Entropy(space)),
        Workspace = (n, _, _) => 2 * n,
    };

    private static double Entropy(FeatureSpace space)
    {
        var (c, s) = (space.ClassCount, space.Set.LogitWidth);
        var z = space.Logits.argmax(1);                                                                     // n
        var joint = (space.Y * s + z).bincount(null, (long)c * s).to(ScalarType.Float64).reshape(c, s);   // n_yz
        var conditional = joint / joint.sum(dim: 0, keepdim: true).clamp(min: 1);                           // P̂(y|z)
        return -(joint * where(joint > 0, conditional, ones_like(joint)).log()).sum().item<double>() / space.Count;
    }
}
