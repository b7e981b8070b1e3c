using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class LogMeTests
{
    [Fact]
    public void A_finding_that_no_image_has_or_all_have_does_not_count()
    {
        // Without it the value is the mean over the others: by the definition, and not by the guard in the denominators, which alone was worth +7.
        var (values, _) = Points.Clouds(80, 12, 2, 1, seed: 5);
        byte[] two = [.. Enumerable.Range(0, 80).SelectMany(i => new[] { (byte)(i % 2), (byte)(i % 3 == 0 ? 1 : 0) })];
        byte[] four = [.. Enumerable.Range(0, 80).SelectMany(i => new byte[] { two[2 * i], 0, two[2 * i + 1], 1 })];
        FeatureSet Findings(byte[] y, int count) => new() { Width = 12, Values = values, Labels = [], MultiLabels = y, ClassCount = count };
        Assert.Equal(Measured.Of(Findings(two, 2), "logme").Score!.Value, Measured.Of(Findings(four, 4), "logme").Score!.Value, 1e-12);   // the same numbers added up
        Assert.StartsWith("all images have the same labels", Measured.Of(Findings(new byte[80], 1), "logme").Undefined, StringComparison.Ordinal);
    }
}
