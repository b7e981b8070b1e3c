using static TorchSharp.torch;

namespace ZooRank.Tests.Metrics;

public class NleepTests
{
    // The reference: least and largest of 8 runs of the published code, scikit-learn 1.2, one mixture each (../shared/oracle/README.md).
    // One mixture has a standard deviation of up to 0.018 there; for other seeds than the defaults (of the library, and of the commands) the mean over them is compared.
    [Theory]
    [InlineData("binary_small")]
    [InlineData("nine_class")]
    [InlineData("five_imbalanced")]
    [InlineData("eleven_class")]
    public void It_lies_within_the_spread_of_the_published_code(string file)
    {
        var expected = OracleFeatures.Expected(file).GetProperty("nleep");
        var (least, largest) = (expected.GetProperty("min").GetDouble(), expected.GetProperty("max").GetDouble());
        var features = OracleFeatures.Read(file);
        double Score(int seed) => Measured.Of(features, "nleep", new() { Seed = seed }).Score!.Value;
        Assert.InRange(Score(0), least - 1e-12, largest + 1e-12);
        Assert.InRange(Score(24), least - 1e-12, largest + 1e-12);
        Assert.InRange(Enumerable.Range(1, 4).Average(s => Score(100 * s)), least - 1e-12, largest + 1e-12);
    }

    [Fact]
    public void Components_are_kept_as_scikit_learn_keeps_them()
    {
        // By hand: 0.5, 0.8 and 1 of the variance. searchsorted on the right side passes a share of exactly 0.8.
        using var scope = NewDisposeScope();
        Assert.Equal(3, ZooRank.Metrics.Nleep.Kept(tensor(new[] { 0.5, 0.25, 0.0625, 0.0625, 0.125 }).sort(descending: true).Values));
        Assert.Equal(1, ZooRank.Metrics.Nleep.Kept(tensor(new[] { 9.0, 1.0 })));
        Assert.Equal(1, ZooRank.Metrics.Nleep.Kept(tensor(new[] { 3.0 })));
    }

    [Fact]
    public void Fewer_images_than_Gaussians_are_undefined()
    {
        var (values, labels) = Points.Clouds(9, 4, 2, 3, seed: 1);
        Assert.Contains("9 images", Measured.Of(new() { Width = 4, Values = values, Labels = labels, ClassCount = 2 }, "nleep").Undefined);
    }
}
