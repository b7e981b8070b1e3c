using ZooRank.Features;
using ZooRank.Metrics;

namespace ZooRank.Tests.Metrics;

public class FeatureUpdateTests
{
    private static FeatureSet Norms(double[] conv1, double[] conv2) => new() { Width = 1, Values = [0], Labels = [0], ClassCount = 2, Conv1GradientNorms = conv1, Conv2GradientNorms = conv2 };

    [Fact]
    public void The_score_is_the_mean_of_the_second_over_the_mean_of_the_first()
    {
        // (4 + 0 + 2)/3 ÷ (1 + 2 + 1)/3; batches that move nothing count in both means.
        Assert.Equal((6 / 4.0, null), FeatureUpdate.Measure(Norms([1, 2, 1], [4, 0, 2])));
        Assert.Equal((0.0, null), FeatureUpdate.Measure(Norms([1], [0])));
    }

    [Fact]
    public void Without_a_gradient_it_is_undefined_and_says_why()
    {
        var (score, reason) = FeatureUpdate.Measure(Norms([], []));
        Assert.Null(score);
        Assert.Equal("these features came without gradient norms", reason);
        (score, reason) = FeatureUpdate.Measure(Norms([0, 0], [0, 0]));
        Assert.Null(score);
        Assert.StartsWith("1 images make batches of 1, too few for a triplet", reason, StringComparison.Ordinal);
        (score, reason) = FeatureUpdate.Measure(Norms([0, 0], [0, 0]) with { Labels = [0, 1, 0, 1, 0, 1, 0, 1] });
        Assert.Null(score);
        Assert.StartsWith("no triplet of images has a loss", reason, StringComparison.Ordinal);
    }
}
