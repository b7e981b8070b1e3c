using ZooRank.Features;
using ZooRank.Metrics;

namespace ZooRank.Tests.Metrics;

public class EtranTests
{
    [Theory]
    // Energy 2 4 3 scales to 0, 1, ½; classification 0.9 0.5 0.6 to 1, 0, ¼.
    [InlineData("etran", new[] { 1, 1, 0.75 })]
    [InlineData("etran:published", new[] { 0.85, 0.15, 0.15 * 0.5 + 0.85 * 0.25 })]
    public void Over_a_zoo_it_is_the_sum_of_both_parts_scaled(string metric, double[] expected)
    {
        var found = Combine(metric, [(2, 0.9), (4, 0.5), null, (3, 0.6)]);
        Assert.Equal([.. expected[..2], null, expected[2]], found.Select(s => s is { } v ? Math.Round(v, 12) : (double?)null));
    }

    [Fact]
    public void A_part_that_is_the_same_for_all_takes_no_part() => Assert.Equal([0.0, 1.0], Combine("etran", [(2, 0.5), (2, 0.6)]).Select(s => s!.Value));

    [Fact]
    public void One_model_has_its_parts_and_no_score() => Assert.Equal([null, null], Combine("etran", [(2, 0.5), null]));

    [Fact]
    public void With_more_features_than_images_it_is_undefined_and_as_published_it_is_not()
    {
        var set = StatisticalFixture.Read("wide");
        Assert.Contains("D ≥ n", Measured.Of(set, "etran").Undefined, StringComparison.Ordinal);
        Assert.Equal(2, Measured.Of(set, "etran:published").Parts.Count);
    }

    [Fact]
    public void As_published_the_energy_is_that_of_the_lowest_in_two_hundred()
    {
        // 400 images, energies 0, 1, … 399 (one feature): 5·400/1000 = 2 of them.
        var set = new FeatureSet { Width = 1, Values = [.. Enumerable.Range(0, 400).Select(i => (float)i)], Labels = [.. Enumerable.Range(0, 400).Select(i => i % 2)], ClassCount = 2 };
        Assert.Equal(0.5, Measured.Of(set, "etran:published").Parts["energy"], 1e-12);
        Assert.Equal(199.5, Measured.Of(set, "etran").Parts["energy"], 1e-12);
    }

    private static IReadOnlyList<double?> Combine(string metric, IReadOnlyList<(double Energy, double Classification)?> models) => MetricList.Get(metric).Scores(
        [.. models.Select(m => m is var (e, c) ? MetricOutcome.Of(new Dictionary<string, double> { ["energy"] = e, ["classification"] = c }) : MetricOutcome.Not("a part is missing"))], Scenario.Source).Scores;
}
