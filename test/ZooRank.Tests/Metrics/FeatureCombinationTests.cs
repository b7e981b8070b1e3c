using System.Globalization;
using ZooRank.Metrics;
using ZooRank.Tests.Ranking;

namespace ZooRank.Tests.Metrics;

public class FeatureCombinationTests
{
    [Fact]
    public void Sources_get_the_product_of_both_terms_scaled()
    {
        // LP 0.2 … 1: 0, 1/2, 1. FU 1 … 5: 1, 3/4, 0.
        var found = Combine([(0.2, 5), (0.6, 4), (1.0, 1)], Scenario.Source);
        Assert.Equal([0, 0.5 * 0.75, 0], found.Scores.Select(s => Math.Round(s!.Value, 12)));
        Assert.Empty(found.Caveats);
    }

    [Fact]
    public void Architectures_get_the_product_of_both_terms_reversed()
    {
        // (max − v)/(max − min): LP 1, 1/2, 0; FU 0, 1/4, 1.
        var found = Combine([(0.2, 5), (0.6, 4), (1.0, 1)], Scenario.Architecture);
        Assert.Equal([0, 0.5 * 0.25, 0], found.Scores.Select(s => Math.Round(s!.Value, 12)));
    }

    [Theory]
    [InlineData(Scenario.Source, new[] { 0, 0.5, 1 })]
    [InlineData(Scenario.Architecture, new[] { 1, 0.5, 0 })]
    public void A_term_that_is_the_same_for_all_leaves_the_other_to_decide_and_is_named(Scenario scenario, double[] expected)
    {
        var found = Combine([(0.8, 1), (0.8, 2), (0.8, 3)], scenario);
        Assert.Equal(expected, found.Scores.Select(s => s!.Value));
        var caveat = Assert.Single(found.Caveats);
        Assert.Equal("constant-term", caveat.Code);
        Assert.StartsWith("feature quality (LP) is 0.8 for all 3 models", caveat.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_tells_the_models_apart_there_is_no_score()
    {
        var found = Combine([(0.8, 1), (0.8, 1)], Scenario.Source);
        Assert.Equal([null, null], found.Scores);
        Assert.Equal(2, found.Caveats.Count);
    }

    [Fact]
    public void One_model_has_no_score()
    {
        var found = Combine([(0.8, 1)], Scenario.Source);
        Assert.Null(Assert.Single(found.Scores));
        Assert.All(found.Caveats, c => Assert.Contains("with one model to rank", c.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_with_an_undefined_term_has_no_score_and_takes_no_part_in_the_scaling()
    {
        var found = Combine([(0.2, 1), (0.6, 3), (99, null), (null, 99), (0.4, 2)], Scenario.Source);
        Assert.Equal([0, 1, null, null, 0.25], found.Scores.Select(s => s is { } v ? Math.Round(v, 12) : (double?)null));
    }

    [Fact]
    public void Without_any_defined_term_there_are_neither_scores_nor_caveats_about_them()
    {
        var found = Combine([(0.5, null), (0.6, null)], Scenario.Source);
        Assert.Equal([null, null], found.Scores);
        Assert.Empty(found.Caveats);
    }

    [Fact]
    public void The_published_terms_combine_to_the_product_of_their_equation()
    {
        // bloodmnist, arithmetic on the CSVs' own digits. Extremes over the sources, the target's own included.
        var (lp, fu) = (PublishedTables.Read("lp_dataset"), PublishedTables.Read("fu_dataset"));
        string[] sources = [.. lp.Keys.Where(s => s != "bloodmnist")];   // its LP was not published, and its FU is no extreme
        var found = Combine([.. sources.Select(s => ((double?)lp[s]["bloodmnist"], (double?)fu[s]["bloodmnist"]))], Scenario.Source).Scores;
        double Extreme(Dictionary<string, Dictionary<string, double>> table, bool most) => sources.Aggregate(most ? double.MinValue : double.MaxValue, (e, s) => most ? Math.Max(e, table[s]["bloodmnist"]) : Math.Min(e, table[s]["bloodmnist"]));
        foreach (var (source, lpHere, fuHere) in new[] { ("imagenet", 0.85725, 1.0756931593708023), ("radimagenet", 0.83075, 0.5508331440653642) })
        {
            var expected = (lpHere - Extreme(lp, false)) / (Extreme(lp, true) - Extreme(lp, false)) * ((fuHere - Extreme(fu, false)) / (Extreme(fu, true) - Extreme(fu, false)));
            Assert.Equal(expected, found[Array.IndexOf(sources, source)]!.Value, 1e-12);
        }
    }

    [Fact]
    public void On_the_published_terms_it_agrees_with_fine_tuning_as_the_paper_says()
    {
        // Weighted Kendall τ per target, and its mean of Table 2 (0.523), as scipy.stats.weightedtau gives them on the published files.
        var expected = "bloodmnist .78, breastmnist .44, dermamnist .70, octmnist .45, organamnist .57, organcmnist .11, organsmnist .22, pathmnist .62, pneumoniamnist .61, retinamnist .60, tissuemnist .65"
            .Split(", ").Select(entry => entry.Split(' ')).ToDictionary(pair => pair[0], pair => double.Parse(pair[1], CultureInfo.InvariantCulture));
        var taus = Taus("dataset", Scenario.Source);
        Assert.Equal(expected, taus.ToDictionary(t => t.Key, t => Math.Round(t.Value, 2)));
        Assert.Equal(0.523, taus.Values.Average(), 5e-4);
    }

    [Fact]
    public void For_architectures_it_agrees_as_the_paper_says()
    {
        // Mean of Table 3: 0.261 of the paper, as its own files give it.
        Assert.Equal(0.261, Taus("model", Scenario.Architecture).Values.Average(), 5e-4);
    }

    private static Dictionary<string, double> Taus(string kind, Scenario scenario)
    {
        var (lp, fu, auc) = (PublishedTables.Read("lp_" + kind), PublishedTables.Read("fu_" + kind), PublishedTables.Read("AUCs_" + kind));
        string[] sources = [.. lp.Keys];
        return lp[sources[0]].Keys.ToDictionary(target => target, target =>
        {
            // The target's own source takes part in the scaling of FU; its LP was not published, and any other's serves, since only the extremes matter.
            var anyLp = lp.Values.First(row => row.ContainsKey(target))[target];
            var scores = Combine([.. sources.Select(s => ((double?)lp[s].GetValueOrDefault(target, anyLp), (double?)fu[s][target]))], scenario).Scores;
            // The pair source = target has no AUC and is left out.
            var pairs = sources.Select((s, i) => (Score: scores[i]!.Value, Truth: auc[s].GetValueOrDefault(target, double.NaN))).Where(p => !double.IsNaN(p.Truth)).ToList();
            return WeightedTau([.. pairs.Select(p => p.Score)], [.. pairs.Select(p => p.Truth)]);
        });
    }

    // Vigna 2015 over all pairs: weight 1/(1+r_i) + 1/(1+r_j) by the rank in decreasing order (ties: by the other, as scipy.stats.weightedtau), mean of both rankings.
    private static double WeightedTau(double[] x, double[] y)
    {
        return (Under(x, y) + Under(y, x)) / 2;

        double Under(double[] first, double[] second)
        {
            var rank = new int[x.Length];
            var order = Enumerable.Range(0, x.Length).OrderByDescending(i => first[i]).ThenByDescending(i => second[i]).ToArray();
            for (var r = 0; r < order.Length; r++) rank[order[r]] = r;
            var (both, ofX, ofY) = (0.0, 0.0, 0.0);
            for (var i = 0; i < x.Length; i++)
                for (var j = 0; j < x.Length; j++)
                {
                    if (i == j) continue;
                    var weight = 1.0 / (1 + rank[i]) + 1.0 / (1 + rank[j]);
                    var (a, b) = (Math.Sign(x[i] - x[j]), Math.Sign(y[i] - y[j]));
                    both += weight * a * b;
                    ofX += weight * a * a;
                    ofY += weight * b * b;
                }
            return both / Math.Sqrt(ofX * ofY);
        }
    }

    private static CombinedScores Combine(IReadOnlyList<(double? Lp, double? Fu)> terms, Scenario scenario) => FeatureCombination.Metric.Scores(
        [.. terms.Select(t => t is { Lp: { } lp, Fu: { } fu } ? MetricOutcome.Of(new Dictionary<string, double> { ["lp"] = lp, ["fu"] = fu }) : MetricOutcome.Not("a term is missing"))], scenario);
}
