using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class SeparabilityTests
{
    [Fact]
    public void It_is_the_variance_between_the_classes_over_that_within()
    {
        // 0 2 | 4 6: the means 1 and 5 are 2 from 3, 4·2² = 16; within, each is 1 from its mean.
        var set = new FeatureSet { Width = 1, Values = [0, 2, 4, 6], Labels = [0, 0, 1, 1], ClassCount = 2 };
        Assert.Equal(16 / 4.0, Measured.Of(set, "separability").Score!.Value, 1e-12);
        // As a finding it is the same task; 0 | 2 4 6 has 1·3² + 3·1² = 12 of 20 between.
        Assert.Equal((16 / 4.0 + 12 / 8.0) / 2, Measured.Of(set with { Labels = [], MultiLabels = [0, 0, 0, 1, 1, 1, 1, 1] }, "separability").Score!.Value, 1e-12);
    }

    [Fact]
    public void Classes_without_spread_have_none() =>
        Assert.Equal("the features do not vary within the classes", Measured.Of(new FeatureSet { Width = 1, Values = [0.1f, 0.1f, 0.3f, 0.3f], Labels = [0, 0, 1, 1], ClassCount = 2 }, "separability").Undefined);
}
