using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class GbcTests
{
    [Theory]
    [InlineData("gbc")]
    [InlineData("gbc:diagonal")]
    [InlineData("gbc:published")]
    public void With_one_feature_all_variants_are_the_coefficient_of_two_normal_distributions(string metric)
    {
        // −1 1 | 3 5: variances 1, means 4 apart, D_B = 16/8. −1 1 | −2 2: variances 1 and 4, D_B = ½ ln(2.5/2).
        Assert.Equal(-2 * Math.Exp(-2), Score(metric, 1, [-1, 1, 3, 5], [0, 0, 1, 1]), 1e-12);
        Assert.Equal(-2 * Math.Sqrt(0.8), Score(metric, 1, [-1, 1, -2, 2], [0, 0, 1, 1]), 1e-12);
    }

    [Theory]
    [InlineData("gbc", -2 * 0.8)]                               // D_B = 2·½ ln(2.5/2)
    [InlineData("gbc:published", -2 * 0.89442719099991588)]     // half of it: −2·√0.8
    public void The_published_code_counts_the_variance_of_a_sphere_once(string metric, double expected) =>
        Assert.Equal(expected, Score(metric, 2, [-1, -1, -1, 1, 1, -1, 1, 1, -2, -2, -2, 2, 2, -2, 2, 2], [0, 0, 0, 0, 1, 1, 1, 1]), 1e-12);

    [Theory]
    [InlineData("gbc")]
    [InlineData("gbc:diagonal")]
    [InlineData("gbc:published")]
    public void It_lies_between_full_overlap_of_all_pairs_and_none(string metric)
    {
        foreach (var distance in new[] { 0.0, 1, 5, 50 })
        {
            var (values, labels) = Points.Clouds(120, 10, 4, distance, seed: 2);
            Assert.InRange(Score(metric, 10, values, labels), -12, 0);
        }
        float[] same = [.. Points.Clouds(30, 10, 1, 0, seed: 3).Values];
        Assert.Equal(-6, Score(metric, 10, [.. same, .. same, .. same], [.. Enumerable.Range(0, 90).Select(i => i / 30)]), 1e-9);
    }

    [Theory]
    [InlineData("gbc")]
    [InlineData("gbc:diagonal")]
    public void The_scale_of_the_features_has_no_say(string metric)
    {
        var (values, labels) = Points.Clouds(120, 10, 4, 2, seed: 4);
        // 2^−40 and 2^40: exact.
        foreach (var scale in new[] { 9.094947e-13f, 1.0995116e12f }) Assert.Equal(Score(metric, 10, values, labels), Score(metric, 10, [.. values.Select(v => v * scale)], labels), 1e-9);
    }

    [Fact]
    public void A_class_with_one_image_takes_almost_no_part()
    {
        var (values, labels) = Points.Clouds(120, 10, 3, 2, seed: 5);
        var before = Score("gbc", 10, values, labels);
        Assert.Equal(before, Score("gbc", 10, [.. values, .. values[..10].Select(v => v + 0.5f)], [.. labels, 3]), 0.01 * Math.Abs(before));
    }

    [Fact]
    public void Without_two_classes_of_two_images_it_is_undefined() =>
        Assert.StartsWith("fewer than two classes have two images", Measured.Of(Set(1, [1, 2, 3, 4], [0, 0, 1, 2]), "gbc").Undefined, StringComparison.Ordinal);

    private static FeatureSet Set(int width, float[] values, int[] labels) => new() { Width = width, Values = values, Labels = labels, ClassCount = labels.Max() + 1 };

    private static double Score(string metric, int width, float[] values, int[] labels) => Measured.Of(Set(width, values, labels), metric).Score!.Value;
}
