using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class FeatureUpdateTests
{
    private static FeatureSet Norms(double[] conv1, double[] conv2) => new() { Width = 1, Values = [0], Labels = [0], ClassCount = 2, Conv1GradientNorms = conv1, Conv2GradientNorms = conv2 };

    [Fact]
    public void The_score_is_the_mean_of_the_second_over_the_mean_of_the_first()
    {
        // (4 + 0 + 2)/3 ÷ (1 + 2 + 1)/3; batches that move nothing count in both means.
        Assert.Equal(6 / 4.0, Measured.Of(Norms([1, 2, 1], [4, 0, 2]), "fu").Score);
        Assert.Equal(0.0, Measured.Of(Norms([1], [0]), "fu").Score);
    }

    [Theory]
    [InlineData(1, 0, "these features came without gradient norms")]
    [InlineData(1, 2, "1 images make batches of 1, too few for a triplet")]
    [InlineData(8, 2, "no triplet of images has a loss")]
    public void Without_a_gradient_it_is_undefined_and_says_why(int images, int batches, string reason)
    {
        var found = Measured.Of(Norms(new double[batches], new double[batches]) with { Values = new float[images], Labels = [.. Enumerable.Range(0, images).Select(i => i % 2)] }, "fu");
        Assert.Null(found.Score);
        Assert.StartsWith(reason, found.Undefined, StringComparison.Ordinal);
    }
}
