using ZooRank.Metrics;
using ZooRank.Ranking;

namespace ZooRank.Tests.Ranking;

public class DoubtTests
{
    private static readonly Metric Plain = MetricList.Get("logme");

    // A model of this score whose halves scatter about it with this standard deviation; models of one seed move together.
    private static (MetricOutcome, IReadOnlyList<MetricOutcome>) Model(double score, double deviation, int seed, int halves = 20)
    {
        if (halves == 0) return (MetricOutcome.Of(score), []);
        var random = new Random(seed);
        var noise = Enumerable.Range(0, halves).Select(_ => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())).ToArray();
        var (mean, spread) = (noise.Average(), Math.Sqrt(noise.Average(x => x * x) - noise.Average() * noise.Average()));
        // Halves may lie elsewhere than the whole (fewer images): only their spread counts.
        return (MetricOutcome.Of(score), [.. noise.Select(x => MetricOutcome.Of(score - 5 + deviation * (x - mean) / spread))]);
    }

    private static (MetricOutcome, IReadOnlyList<MetricOutcome>) Paper(double lp, double fu, double deviation, int seed) =>
        (Terms(lp, fu), [.. Model(0, deviation, seed).Item2.Select(h => Terms(lp + h.Score!.Value + 5, fu * (1 + 0.1 * (h.Score.Value + 5))))]);

    private static MetricOutcome Terms(double lp, double fu) => MetricOutcome.Of(new Dictionary<string, double> { ["lp"] = lp, ["fu"] = fu });

    [Fact]
    public void The_interval_is_that_of_the_normal_distribution_with_the_halves_spread()
    {
        // 90 % of a normal distribution lie within 1.645 standard deviations; a thousand draws put the percentiles within about 0.1 of that.
        var found = Doubt.Of(Plain, [Model(3, 2, 1)], Scenario.Source, 24)[0];
        Assert.InRange((found.Interval!.Value.High - 3) / 2, 1.645 - 0.2, 1.645 + 0.2);
        Assert.InRange((3 - found.Interval.Value.Low) / 2, 1.645 - 0.2, 1.645 + 0.2);
    }

    [Fact]
    public void The_probability_of_being_the_best_is_that_of_two_independent_normals()
    {
        // Halves of two seeds are not quite uncorrelated: the difference's standard deviation is taken from them.
        var (a, b) = (Model(1, 1, 1), Model(0, 1, 2));
        var differences = a.Item2.Zip(b.Item2, (x, y) => x.Score!.Value - y.Score!.Value).ToArray();
        var deviation = Math.Sqrt(differences.Average(d => d * d) - differences.Average() * differences.Average());
        var found = Doubt.Of(Plain, [a, b], Scenario.Source, 24);
        Assert.Equal(NormalBelow(1 / deviation), found[0].ProbabilityBest!.Value, 0.05);   // three standard errors of 1,000 draws
        Assert.Equal(1, found.Sum(f => f.ProbabilityBest!.Value), 1e-9);
    }

    [Fact]
    public void Models_that_move_together_are_told_apart_though_each_is_uncertain()
    {
        // The same halves are easy for both: the difference never changes.
        var together = Doubt.Of(Plain, [Model(1, 1, 1), Model(0.9, 1, 1)], Scenario.Source, 24);
        Assert.Equal([1, 2], together.Select(f => f.Group!.Value));
        Assert.Equal(1, together[0].ProbabilityBest);
        var apart = Doubt.Of(Plain, [Model(1, 1, 1), Model(0.9, 1, 2)], Scenario.Source, 24);
        Assert.Equal([1, 1], apart.Select(f => f.Group!.Value));
    }

    [Fact]
    public void Groups_follow_the_score_and_begin_anew_at_the_first_that_is_clearly_worse()
    {
        var found = Doubt.Of(Plain, [Model(0, 0.1, 1), Model(5, 0.1, 2), Model(4.99, 0.1, 3), Model(-0.01, 0.1, 4), Model(2.5, 0.1, 5)], Scenario.Source, 24);
        Assert.Equal([3, 1, 1, 3, 2], found.Select(f => f.Group!.Value));
    }

    [Theory]
    [InlineData(Scenario.Source, 1)]
    [InlineData(Scenario.Architecture, 0)]
    public void The_papers_metric_is_combined_anew_in_each_draw(Scenario scenario, int winner)
    {
        var found = Doubt.Of(FeatureCombination.Metric, [Paper(0.3, 0.5, 0.01, 1), Paper(0.9, 3, 0.01, 2), Paper(0.4, 1, 0.01, 3)], scenario, 24);
        Assert.Equal(1, found[winner].ProbabilityBest);
        Assert.Equal((1.0, 1.0), found[winner].Interval);   // it is the extreme of both terms in every draw
        Assert.All(found.Where((_, i) => i != winner), f => Assert.True(f.Group > 1));
    }

    [Fact]
    public void Twins_share_their_wins_and_their_group()
    {
        var found = Doubt.Of(Plain, [Model(1, 0.1, 1), Model(1, 0.1, 1), Model(0, 0.1, 2)], Scenario.Source, 24);
        Assert.Equal([0.5, 0.5, 0], found.Select(f => f.ProbabilityBest!.Value));
        Assert.Equal([1, 1, 2], found.Select(f => f.Group!.Value));
    }

    [Fact]
    public void The_seed_alone_decides_the_digits()
    {
        (MetricOutcome, IReadOnlyList<MetricOutcome>)[] models = [Model(1, 1, 1), Model(0.8, 1, 2)];
        Assert.Equal(Doubt.Of(Plain, models, Scenario.Source, 24), Doubt.Of(Plain, models, Scenario.Source, 24));
        Assert.NotEqual(Doubt.Of(Plain, models, Scenario.Source, 24), Doubt.Of(Plain, models, Scenario.Source, 25));
    }

    [Fact]
    public void Without_halves_or_without_a_score_nothing_is_said()
    {
        Assert.All(Doubt.Of(Plain, [Model(1, 1, 1, halves: 0), Model(2, 1, 1, halves: 0)], Scenario.Source, 24), f => Assert.Equal(new ModelDoubt(null, null, null), f));
        var undefined = (MetricOutcome.Not("why"), (IReadOnlyList<MetricOutcome>)[.. Enumerable.Repeat(MetricOutcome.Not("why"), 20)]);
        var found = Doubt.Of(Plain, [Model(1, 1, 1), undefined], Scenario.Source, 24);
        Assert.Equal(new ModelDoubt(null, null, null), found[1]);
        Assert.Equal(1, found[0].ProbabilityBest);
    }

    [Fact]
    public void A_half_in_which_the_metric_is_undefined_is_left_out()
    {
        var (whole, halves) = Model(1, 0.5, 1);
        var holed = (whole, (IReadOnlyList<MetricOutcome>)[.. halves.Select((h, i) => i % 5 == 0 ? MetricOutcome.Not("no class") : h)]);
        var found = Doubt.Of(Plain, [holed], Scenario.Source, 24)[0];
        Assert.InRange(found.Interval!.Value.High - found.Interval.Value.Low, 0.5 * 2 * 1.645 * 0.6, 0.5 * 2 * 1.645 * 1.5);   // sixteen of twenty say nearly the same
    }

    [Fact]
    public void Where_the_spread_of_one_model_is_not_known_nobody_is_called_the_best()
    {
        var certain = (MetricOutcome.Of(2), (IReadOnlyList<MetricOutcome>)[.. Enumerable.Repeat(MetricOutcome.Of(2), 20)]);
        var seldom = (MetricOutcome.Of(2), (IReadOnlyList<MetricOutcome>)[.. Enumerable.Range(0, 20).Select(i => i < 10 ? MetricOutcome.Not("too few images") : MetricOutcome.Of(i))]);
        foreach (var other in new[] { certain, seldom })
        {
            var found = Doubt.Of(Plain, [Model(1, 1, 1), other], Scenario.Source, 24);
            Assert.NotNull(found[0].Interval);
            Assert.Null(found[1].Interval);
            Assert.All(found, f => Assert.Equal((null, null), (f.ProbabilityBest, f.Group)));
        }
    }

    [Fact]
    public void Equal_scores_are_of_one_group() => Assert.Equal([1, 2, 2], Doubt.Of(Plain, [Model(9, 0.1, 1), Model(0, 0.1, 2), Model(0, 3, 3)], Scenario.Source, 24).Select(f => f.Group!.Value));

    // Φ by the series of the error function (Abramowitz and Stegun 7.1.6), exact to rounding for |x| < 3.
    private static double NormalBelow(double x)
    {
        double term = x, sum = x;
        for (var k = 1; k < 100; k++) sum += term *= x * x / (2 * k + 1);
        return 0.5 + sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
    }
}
