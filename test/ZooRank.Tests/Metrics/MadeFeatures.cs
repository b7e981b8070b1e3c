using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

/// <summary>Small feature sets of one task, as several models might see it: the same labels, clouds that stand nearer or farther apart.</summary>
internal static class MadeFeatures
{
    public static FeatureSet Of(double distance, int n = 48, int width = 10, int classes = 3, int seed = 7)
    {
        var (values, labels) = Points.Clouds(n, width, classes, distance, seed);
        var random = new Random(seed + 1);
        return new()
        {
            Width = width,
            Values = values,
            Labels = labels,
            ClassCount = classes,
            Logits = [.. labels.SelectMany(y => Enumerable.Range(0, classes + 1).Select(z => (float)(Points.Normal(random) + (z == y ? distance : 0))))],
            Conv1GradientNorms = [1.5, 1.25, 1.75, 1],
            Conv2GradientNorms = [2.5 + distance, 2.25, 3, 2],
        };
    }

    /// <summary>As a user has them who saved features and labels alone.</summary>
    public static FeatureSet Bare(this FeatureSet set) => set with { Logits = [], Conv1GradientNorms = [], Conv2GradientNorms = [] };
}
