using ZooRank.Features;
using ZooRank.Metrics;
using ZooRank.Ranking;
using ZooRank.Tests.Metrics;

namespace ZooRank.Tests.Ranking;

public sealed class FeatureScoringTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Saved(string name, FeatureSet set)
    {
        FeatureFile.Write(folder[name], set);
        return folder[name];
    }

    private static FeatureScoring Of(IReadOnlyList<string> files, string metrics, int halves = 0, Scenario scenario = Scenario.Source) =>
        FeatureScoring.Of(files, MetricList.Parse(metrics), new() { Halves = halves, Seed = 24 }, scenario, cancellation: TestContext.Current.CancellationToken);

    [Fact]
    public void A_model_without_a_value_has_neither_score_nor_rank_and_the_others_are_ranked()
    {
        var scored = Of([Saved("a.npz", MadeFeatures.Of(1)), Saved("encoder.npz", MadeFeatures.Of(6).Bare()), Saved("c.npz", MadeFeatures.Of(4))], "leep,logme,lp_fu", halves: 4);
        Assert.Equal([2, null, 1], scored.Zoo["leep"].Select(z => z.Rank));
        Assert.Equal(new ZooScore(null, null, new ModelDoubt(null, null, null)), scored.Zoo["leep"][1]);
        Assert.Equal(1, scored.Zoo["leep"].Sum(z => z.Doubt.ProbabilityBest ?? 0), 1e-9);
        Assert.Contains("logits", scored.Models[1].Scores.Outcomes["leep"].Undefined, StringComparison.Ordinal);
        Assert.Equal([3, 1, 2], scored.Zoo["logme"].Select(z => z.Rank));
        // Nor does it take part in the scaling of the paper's terms: of two models one has the larger of each.
        Assert.Equal([0, null, 1], scored.Zoo["lp_fu"].Select(z => z.Score));
    }

    [Theory]
    [InlineData(Scenario.Source)]
    [InlineData(Scenario.Architecture)]
    public void The_scenario_decides_the_direction_of_the_papers_terms(Scenario scenario)
    {
        var scored = Of([Saved("a.npz", MadeFeatures.Of(0.5)), Saved("b.npz", MadeFeatures.Of(2)), Saved("c.npz", MadeFeatures.Of(6))], "lp_fu,lp,fu", scenario: scenario);
        double[] lp = [.. scored.Zoo["lp"].Select(z => z.Score!.Value)], fu = [.. scored.Zoo["fu"].Select(z => z.Score!.Value)];
        double Scaled(double[] v, int i) => scenario == Scenario.Source ? (v[i] - v.Min()) / (v.Max() - v.Min()) : (v.Max() - v[i]) / (v.Max() - v.Min());   // eq. 5 and 8
        for (var i = 0; i < 3; i++) Assert.Equal(Scaled(lp, i) * Scaled(fu, i), scored.Zoo["lp_fu"][i].Score!.Value, 1e-12);
        Assert.Equal(scenario == Scenario.Source ? 2 : 0, Enumerable.Range(0, 3).Single(i => scored.Zoo["lp_fu"][i].Rank == 1));
        Assert.Equal(1, scored.Zoo["lp"][2].Rank);   // a term alone is what it is
    }

    [Fact]
    public void Equal_models_share_the_better_rank()
    {
        var files = new[] { "a.npz", "b.npz", "c.npz" }.Select((name, i) => Saved(name, MadeFeatures.Of(i < 2 ? 6 : 1))).ToList();
        Assert.Equal([1, 1, 3], Of(files, "logme").Zoo["logme"].Select(z => z.Rank));
    }

    [Fact]
    public void Findings_are_compared_by_the_metrics_that_have_them()
    {
        byte[] findings = [.. Enumerable.Range(0, 48 * 3).Select(i => (byte)(i % 5 % 2))];
        FeatureSet Several(double distance) => MadeFeatures.Of(distance) with { Labels = [], MultiLabels = findings };
        var scored = Of([Saved("a.npz", Several(1)), Saved("b.npz", Several(2))], "logme,leep");
        Assert.All(scored.Zoo["logme"], z => Assert.NotNull(z.Score));
        Assert.All(scored.Zoo["leep"], z => Assert.Null(z.Score));
        byte[] other = [.. findings];
        other[7] ^= 1;
        var files = new[] { folder["a.npz"], Saved("c.npz", Several(1) with { MultiLabels = other }) };
        Assert.Contains("its labels are not those of", Assert.Throws<InvalidInputException>(() => Of(files, "logme")).Message, StringComparison.Ordinal);
    }
}
