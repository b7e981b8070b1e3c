using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class LfcTests
{
    [Theory]
    // xxᵀ is the ±1 matrix of the labels itself.
    [InlineData(new[] { 0, 0, 1, 1 }, 1)]
    // Orthogonal to it: each class has one image of either sign.
    [InlineData(new[] { 0, 1, 0, 1 }, 0)]
    // xxᵀ sums to 0, its squares to 16. 10 of 16 pairs agree: mean ¼, variance 15/16. Over those that agree xxᵀ sums to 1² + (1 − 1 − 1)² = 2, over the others to −2: (2 + 2)/16/√(15/16).
    [InlineData(new[] { 0, 1, 1, 1 }, 0.25819888974716110)]
    public void It_is_the_correlation_of_two_matrices(int[] labels, double expected) =>
        Assert.Equal(expected, Measured.Of(new FeatureSet { Width = 1, Values = [1, 1, -1, -1], Labels = labels, ClassCount = 2 }, "lfc").Score!.Value, 1e-14);

    [Theory]
    [InlineData(0, -0.2, 0.2)]
    [InlineData(10, 0.8, 1)]
    public void It_is_near_zero_for_mixed_classes_and_near_one_for_distant_ones(double distance, double least, double most)
    {
        var (values, labels) = Points.Clouds(150, 10, 2, distance, seed: 6);
        float[] opposed = [.. values.Select((v, i) => (float)(v + (labels[i / 10] == 0 ? distance : -distance)))];
        Assert.InRange(Measured.Of(new FeatureSet { Width = 10, Values = opposed, Labels = labels, ClassCount = 2 }, "lfc").Score!.Value, least, most);
    }
}
