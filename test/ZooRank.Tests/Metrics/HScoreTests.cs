using ZooRank.Features;
using ZooRank.Metrics;

namespace ZooRank.Tests.Metrics;

public class HScoreTests
{
    [Fact]
    public void With_one_feature_it_is_the_share_of_the_variance_between_the_classes()
    {
        // 0 1 | 2 3: (x − 1.5)² sums to 5, of which the means 0.5 and 2.5 have 4. One feature has no shrinkage.
        var set = new FeatureSet { Width = 1, Values = [0, 1, 2, 3], Labels = [0, 0, 1, 1], ClassCount = 2 };
        Assert.Equal(4 / 5.0, Measured.Of(set, "hscore").Score!.Value, 1e-14);
        Assert.Equal(4 / 5.0, Measured.Of(set, "hscore:shrunk").Score!.Value, 1e-14);
    }

    [Fact]
    public void Of_findings_it_is_the_mean_over_those_that_vary()
    {
        // 0 1 | 2 3 as above: 4/5. 0 | 1 2 3: means 0 and 2, 1·1.5² + 3·0.5² = 3 of 5. The third finding is in all images.
        var set = new FeatureSet { Width = 1, Values = [0, 1, 2, 3], Labels = [], ClassCount = 3, MultiLabels = [0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1] };
        Assert.Equal((4 / 5.0 + 3 / 5.0) / 2, Measured.Of(set, "hscore").Score!.Value, 1e-14);
    }

    [Theory]
    [InlineData(40, 30, 3, 0)]
    [InlineData(200, 20, 4, 3)]
    [InlineData(90, 10, 5, 30)]
    public void It_lies_between_zero_and_one_less_than_the_classes_and_shrinking_lowers_it(int n, int width, int classes, double distance)
    {
        var set = Clouds(n, width, classes, distance);
        var (plain, shrunk) = (Measured.Of(set, "hscore").Score!.Value, Measured.Of(set, "hscore:shrunk").Score!.Value);
        Assert.InRange(plain, 0, classes - 1);
        Assert.InRange(shrunk, 0, plain);
    }

    [Fact]
    public void An_invertible_linear_map_of_the_features_does_not_change_it()
    {
        var set = Clouds(150, 6, 3, 2);
        var random = new Random(5);
        var map = Enumerable.Range(0, 36).Select(i => Points.Normal(random) + (i % 7 == 0 ? 3 : 0)).ToArray();
        float[] mapped = [.. Enumerable.Range(0, 150 * 6).Select(i => (float)(Enumerable.Range(0, 6).Sum(k => map[(i % 6 * 6) + k] * set.Values[(i / 6 * 6) + k]) + i % 6))];
        // The mapped features are rounded to float32.
        Assert.Equal(Measured.Of(set, "hscore").Score!.Value, Measured.Of(set with { Values = mapped }, "hscore").Score!.Value, 1e-5);
    }

    [Fact]
    public void Directions_that_repeat_others_count_once()
    {
        var set = Clouds(100, 5, 3, 2);
        float[] doubled = [.. Enumerable.Range(0, 100).SelectMany(i => set.Values[(5 * i)..(5 * i + 5)].SelectMany(v => new[] { v, 2 * v }))];
        Assert.Equal(Measured.Of(set, "hscore").Score!.Value, Measured.Of(set with { Width = 10, Values = doubled }, "hscore").Score!.Value, 1e-10);
    }

    [Theory]
    [InlineData(30, 30, "D ≥ n")]
    [InlineData(31, 30, "30 independent directions")]
    public void Where_any_labels_would_be_explained_it_is_undefined_and_the_shrunk_one_is_not(int n, int width, string reason)
    {
        var set = Clouds(n, width, 3, 1);
        Assert.Contains(reason, Measured.Of(set, "hscore").Undefined, StringComparison.Ordinal);
        Assert.InRange(Measured.Of(set, "hscore:shrunk").Score!.Value, 0, 2);
    }

    [Theory]
    [InlineData("small")]
    [InlineData("wide")]
    [InlineData("imbalanced")]
    [InlineData("many")]
    public void The_shrinkage_is_that_of_Ledoit_and_Wolf(string file)
    {
        // make.py has it from the definition, and checks that against scikit-learn 1.2.1.
        using var space = new FeatureSpace(StatisticalFixture.Read(file));
        Assert.Equal(StatisticalFixture.Expected(file, "shrinkage").GetDouble(), HScore.Shrinkage(space), 1e-12);
    }

    private static FeatureSet Clouds(int n, int width, int classes, double distance)
    {
        var (values, labels) = Points.Clouds(n, width, classes, distance, seed: n);
        return new() { Width = width, Values = values, Labels = labels, ClassCount = classes };
    }
}
