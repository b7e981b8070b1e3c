using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class NceTests
{
    [Theory]
    // Labels 0 0 0 0 1 1 1 1. A source class per label: nothing is unknown.
    [InlineData(new[] { 2, 2, 2, 2, 0, 0, 0, 0 }, 0)]
    // One source class for all: ln 2 is unknown.
    [InlineData(new[] { 1, 1, 1, 1, 1, 1, 1, 1 }, -0.69314718055994531)]
    // Three of four agree on both sides: ¾ ln ¾ + ¼ ln ¼.
    [InlineData(new[] { 0, 0, 0, 2, 0, 2, 2, 2 }, -0.56233514461880829)]
    public void It_is_minus_what_the_predicted_class_leaves_unknown(int[] predicted, double expected) => Assert.Equal(expected, Score(predicted, [0, 0, 0, 0, 1, 1, 1, 1]), 1e-15);

    [Fact]
    public void It_lies_between_minus_the_entropy_of_the_labels_and_zero()
    {
        var random = new Random(3);
        for (var trial = 0; trial < 5; trial++)
        {
            int[] labels = [.. Enumerable.Range(0, 90).Select(i => i % 9 == 0 ? 2 : i % 2)];
            var entropy = labels.GroupBy(y => y).Sum(g => -g.Count() / 90.0 * Math.Log(g.Count() / 90.0));
            Assert.InRange(Score([.. labels.Select(_ => random.Next(3))], labels), -entropy - 1e-12, 0);   // rounding of the logarithms
        }
    }

    [Fact]
    public void Without_logits_it_is_undefined() =>
        Assert.Contains("without logits", Measured.Of(new FeatureSet { Width = 1, Values = [1, 2], Labels = [0, 1], ClassCount = 2 }, "nce").Undefined, StringComparison.Ordinal);

    private static double Score(int[] predicted, int[] labels) => Measured.Of(new FeatureSet
    {
        Width = 1,
        Values = [.. labels.Select((_, i) => (float)i)],
        Labels = labels,
        ClassCount = labels.Max() + 1,
        Logits = [.. predicted.SelectMany(z => Enumerable.Range(0, 3).Select(s => s == z ? 1f : -1f))],
    }, "nce").Score!.Value;
}
