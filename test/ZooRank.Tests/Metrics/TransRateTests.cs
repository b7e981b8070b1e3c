using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class TransRateTests
{
    [Fact]
    public void Classes_on_axes_of_their_own_have_the_rate_of_the_whole_less_their_own()
    {
        // (±1, 0) | (0, ±1): ZᵀZ/n is diag(½, ½), that of a class has one 1. ε = 1e-4.
        var set = Set([1, 0, -1, 0, 0, 1, 0, -1], [0, 0, 1, 1]);
        Assert.Equal(Math.Log(5001) - Math.Log(10001) / 2, Measured.Of(set, "transrate").Score!.Value, 1e-12);
        Assert.Equal(Math.Log(5001) - Math.Log(10001) / 2, Measured.Of(set, "transrate:published").Score!.Value, 1e-12);
    }

    [Fact]
    public void Classes_count_by_their_size_and_in_the_printed_code_alike()
    {
        // (±1, 0) once, (0, ±2) three times: ZᵀZ/n is diag(¼, 3), of the classes 1 and 4.
        var set = Set([1, 0, -1, 0, 0, 2, 0, -2, 0, 2, 0, -2, 0, 2, 0, -2], [0, 0, 1, 1, 1, 1, 1, 1]);
        var (whole, small, large) = ((Math.Log(2501) + Math.Log(30001)) / 2, Math.Log(10001) / 2, Math.Log(40001) / 2);
        Assert.Equal(whole - small / 4 - 3 * large / 4, Measured.Of(set, "transrate").Score!.Value, 1e-12);
        Assert.Equal(whole - small / 2 - large / 2, Measured.Of(set, "transrate:published").Score!.Value, 1e-12);
    }

    [Fact]
    public void Classes_of_one_scatter_about_the_mean_of_all_have_none() =>
        Assert.Equal(0, Measured.Of(new FeatureSet { Width = 1, Values = [-3, -1, 1, 3], Labels = [0, 0, 1, 1], ClassCount = 2 }, "transrate").Score!.Value, 1e-12);

    [Theory]
    [InlineData(50, 5)]
    [InlineData(40, 90)]
    [InlineData(300, 20)]
    public void It_is_never_below_zero_and_grows_as_the_classes_part(int n, int width)
    {
        var scores = new[] { 0.0, 3, 12 }.Select(distance =>
        {
            var (values, labels) = Points.Clouds(n, width, 3, distance, seed: 1);
            return Measured.Of(new FeatureSet { Width = width, Values = values, Labels = labels, ClassCount = 3 }, "transrate").Score!.Value;
        }).ToList();
        Assert.True(scores[0] >= 0);
        Assert.Equal(scores.Order(), scores);
    }

    private static FeatureSet Set(float[] values, int[] labels) => new() { Width = 2, Values = values, Labels = labels, ClassCount = 2 };
}
