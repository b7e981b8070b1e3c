using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class EnergyTests
{
    // ln(1 + 1) and ln(3 + 1).
    private static readonly float[] Rows = [0, 0, MathF.Log(3), 0];

    [Fact]
    public void It_is_the_mean_log_of_the_summed_exponentials_of_the_logits()
    {
        var set = new FeatureSet { Width = 1, Values = [1, 2], Labels = [0, 1], ClassCount = 2, Logits = Rows };
        Assert.Equal(1.5 * Math.Log(2), Measured.Of(set, "energy").Score!.Value, 1e-7);   // ln 3 in float32
        Assert.Equal(1.5 * Math.Log(2) + 1000, Measured.Of(set with { Logits = [.. Rows.Select(v => v + 1000)] }, "energy").Score!.Value, 1e-4);
        Assert.Contains("without logits", Measured.Of(set with { Logits = [] }, "energy").Undefined, StringComparison.Ordinal);
    }

    [Fact]
    public void Or_of_the_features() => Assert.Equal(1.5 * Math.Log(2), Measured.Of(new FeatureSet { Width = 2, Values = Rows, Labels = [0, 1], ClassCount = 2 }, "energy:features").Score!.Value, 1e-7);
}
