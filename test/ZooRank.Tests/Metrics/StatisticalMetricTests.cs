using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class StatisticalMetricTests
{
    private static readonly string[] Scores =
    [
        "hscore", "hscore:shrunk", "nce", "gbc", "gbc:diagonal", "gbc:published", "transrate", "transrate:published", "energy", "energy:features", "lfc", "separability",
    ];

    private static readonly string[] Parts = ["etran", "etran:published"];
    private static readonly string[] OfFindings = ["hscore", "hscore:shrunk", "energy", "energy:features", "lfc", "separability"];

    // Both sides are float64 and take other ways to the same number: ten digits.
    private const double Tolerance = 1e-10;

    public static TheoryData<string, string> Cases() =>
        [.. StatisticalFixture.OneLabel.SelectMany(file => Scores.Select(metric => (file, metric))).Concat(OfFindings.Select(metric => ("findings", metric))).Where(c => c != ("wide", "hscore"))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_metric_gives_the_value_of_its_formula(string file, string metric)
    {
        var right = StatisticalFixture.Expected(file, metric).GetDouble();
        Assert.Equal(right, Measured.Of(StatisticalFixture.Read(file), metric).Score!.Value, Tolerance * Math.Max(1e-3, Math.Abs(right)));
    }

    public static TheoryData<string, string> CasesOfParts() => [.. StatisticalFixture.OneLabel.SelectMany(file => Parts.Select(metric => (file, metric))).Where(c => c != ("wide", "etran"))];

    [Theory]
    [MemberData(nameof(CasesOfParts))]
    public void A_metric_over_a_zoo_gives_the_parts_of_its_formula(string file, string metric)
    {
        var right = StatisticalFixture.Expected(file, metric);
        var found = Measured.Of(StatisticalFixture.Read(file), metric).Parts;
        Assert.Equal(2, found.Count);
        foreach (var (part, value) in found) Assert.Equal(right.GetProperty(part).GetDouble(), value, Tolerance * value);
    }

    public static TheoryData<string, string> Degenerate() =>
        [.. Scores.Concat(Parts).SelectMany(metric => Inputs.Keys.Select(input => (metric, input)))];

    private static readonly Dictionary<string, Func<FeatureSet>> Inputs = new()
    {
        ["more features than images"] = () => Clouds(20, 50, 3),
        ["as many images less one as features"] = () => Clouds(21, 20, 3),
        ["two classes"] = () => Clouds(40, 5, 2),
        ["one feature"] = () => Clouds(40, 1, 3),
        ["every image twice"] = () => Clouds(40, 5, 2) is var set ? set with { Values = [.. set.Values, .. set.Values], Logits = [.. set.Logits, .. set.Logits], Labels = [.. set.Labels, .. set.Labels] } : set,
        ["one image for all"] = () => Clouds(30, 4, 3) with { Values = [.. Enumerable.Range(0, 120).Select(i => 0.1f * (1 + i % 4))], Logits = new float[30 * 6] },
        ["nothing but zero"] = () => Clouds(30, 4, 3) with { Values = new float[120] },
        ["a feature that never varies"] = () => Clouds(40, 5, 2) is var set ? set with { Values = [.. set.Values.Select((v, i) => i % 5 == 2 ? 0.1f : v)] } : set,
        ["a class of one image"] = () => Clouds(40, 5, 2) is var set ? set with { Labels = [.. set.Labels.Skip(1), 2], ClassCount = 3 } : set,
        ["classes of one image"] = () => Clouds(4, 5, 4),
        ["classes without spread"] = () => Clouds(30, 3, 3) is var set ? set with { Values = [.. set.Labels.SelectMany(y => new float[] { y, y * y, 1 })] } : set,
        ["one class"] = () => Clouds(30, 3, 1),
        ["huge features"] = () => Scaled(1e30f),
        ["tiny features"] = () => Scaled(1e-30f),
        ["far from the origin"] = () => Clouds(60, 5, 3) is var set ? set with { Values = [.. set.Values.Select(v => v + 1e6f)] } : set,
    };

    [Theory]
    [MemberData(nameof(Degenerate))]
    public void On_degenerate_input_there_is_a_finite_value_or_a_reason(string metric, string input)
    {
        var found = Measured.Of(Inputs[input](), metric);
        if (found.Undefined is { } why) Assert.DoesNotContain("the computation", why, StringComparison.Ordinal);   // neither failed nor overflowed
        else Assert.All(found.Numbers.Values, v => Assert.True(double.IsFinite(v)));
    }

    [Fact]
    public void Features_that_are_the_same_for_all_images_are_said_to_be_so()
    {
        // 0.1 + 0.1 + … is not thirty times 0.1 in float64: the mean is off by its rounding, which is not a feature.
        foreach (var metric in new[] { "hscore", "hscore:shrunk", "gbc", "lfc", "separability" })
            Assert.Equal("the features do not vary", Measured.Of(Inputs["one image for all"](), metric).Undefined);
    }

    [Theory]
    [InlineData("hscore")]
    [InlineData("lfc")]
    [InlineData("separability")]
    public void Findings_that_no_image_or_each_image_has_tell_nothing(string metric)
    {
        var set = Clouds(30, 3, 2) with { Labels = [], MultiLabels = [.. Enumerable.Range(0, 60).Select(i => (byte)(i % 2))], ClassCount = 2 };
        Assert.StartsWith("no finding is present in some of the images", Measured.Of(set, metric).Undefined, StringComparison.Ordinal);
    }

    private static FeatureSet Scaled(float scale) => Clouds(60, 5, 3) is var set ? set with { Values = [.. set.Values.Select(v => v * scale)] } : set;

    private static FeatureSet Clouds(int n, int width, int classes)
    {
        var (values, labels) = Points.Clouds(n, width, classes, 2, seed: n + width);
        var random = new Random(n);
        return new() { Width = width, Values = values, Labels = labels, ClassCount = classes, Logits = [.. Enumerable.Range(0, n * 6).Select(_ => (float)Points.Normal(random))] };
    }
}
