using ZooRank.Evaluation;
using ZooRank.Metrics;
using ZooRank.Tests.Runs;
using ZooRank.Truth;

namespace ZooRank.Tests.Evaluation;

public class EvaluatorTests
{
    private static readonly string[] Sources = ["a", "b", "c", "d"], Targets = ["t", "u", "v"];

    private static ScoreTable Table(params double?[][] rows) => new([.. Sources.Take(rows.Length)], [.. Targets.Take(rows[0].Length)], rows);

    private static readonly ScoreTable Truth = Table([0.9, 0.8, 0.7], [0.8, 0.7, 0.9], [0.7, 0.9, 0.6], [0.6, 0.5, 0.5]);

    [Theory]
    [InlineData(Scenario.Source)]
    [InlineData(Scenario.Architecture)]
    public void The_published_scores_give_the_published_ranks(Scenario scenario)
    {
        var study = PublishedStudy.Of(scenario);
        var evaluation = Evaluator.Evaluate(study.Scores, study.Truth, new() { Scenario = scenario });
        // As printed in the paper, except sfda and nleep of the architectures, which are printed as 3.91 and 4.73 (docs/paper.md); there the others were computed with SciPy 1.10.
        var expected = scenario == Scenario.Source
            ? new Dictionary<string, double> { ["logme"] = 4.00, ["parc"] = 4.00, ["sfda"] = 5.82, ["ncti"] = 4.91, ["leep"] = 3.91, ["nleep"] = 3.45, ["lp_fu"] = 1.91 }
            : new Dictionary<string, double> { ["logme"] = 4.91, ["parc"] = 4.09, ["sfda"] = 4.18, ["ncti"] = 4.64, ["leep"] = 2.91, ["nleep"] = 4.45, ["lp_fu"] = 2.82 };
        Assert.Equal(expected.Keys.Order(), evaluation.AverageRanks.Keys.Order());
        foreach (var (metric, rank) in expected) Assert.Equal(rank, evaluation.AverageRanks[metric], 0.005);
        Assert.Equal(scenario == Scenario.Source ? 0.0020 : 0.1433, evaluation.Friedman!.P, 5e-5);   // scipy.stats.friedmanchisquare
        Assert.Equal(2.716, evaluation.CriticalDifference!.Value, 5e-4);
        Assert.Equal(11, evaluation.Targets.Count);
    }

    [Fact]
    public void History_is_judged_on_targets_that_it_did_not_see()
    {
        // Mean τ_w of the prior over the 11 targets with SciPy, from the same tables (chestmnist's column, for which there are no scores, counts as another target).
        var study = PublishedStudy.Of(Scenario.Architecture);
        var evaluation = Evaluator.Evaluate(study.Scores, study.Truth, new() { Scenario = Scenario.Architecture });
        Assert.Equal(0.500, evaluation.History!.PriorSummary.MeanTauW!.Value, 5e-4);

        // An AUC changed on one target changes what is foretold of the others, never what is foretold of that target.
        var prior = new SourceHistory(Truth);
        var changed = new SourceHistory(Table([0.1, 0.8, 0.7], [0.8, 0.7, 0.9], [0.7, 0.9, 0.6], [0.6, 0.5, 0.5]));
        Assert.Equal(prior.Term(Sources, "t"), changed.Term(Sources, "t"));
        Assert.NotEqual(prior.Term(Sources, "u"), changed.Term(Sources, "u"));
        Assert.Equal(new SourceStanding(2, Math.Round(1 / 3.0, 12), 2), prior.Of("a", "t"));   // second of four on u and on v
    }

    [Fact]
    public void Places_on_targets_of_many_and_of_few_sources_are_put_together()
    {
        // b is last of two on one target, c to h are first to sixth on another.
        var sources = new[] { "a", "b", "c", "d", "e", "f", "g", "h" };
        var truth = ScoreTable.Of(sources, ["x", "y"], t => t == "x" ? [0.9, 0.8, .. new double?[6]] : [null, null, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]);
        var history = new SourceHistory(truth);
        Assert.Equal((1, -1, 1, -1), (history.Of("a")!.Place, history.Of("b")!.Place, history.Of("c")!.Place, history.Of("h")!.Place));
        Assert.Equal(-0.2, history.Of("f")!.Place, 1e-12);
    }

    [Theory]
    [InlineData("busi_64", "busi", true)]
    [InlineData("breastmnist", "busi", true)]
    [InlineData("ham10000", "isic2018_224", true)]
    [InlineData("organamnist_28", "OrganAMNIST", true)]
    [InlineData("pbcblood_64", "bloodmnist", true)]
    [InlineData("business", "busi", false)]
    [InlineData("organamnist", "organcmnist", false)]
    public void Names_of_the_same_pictures_are_known(string one, string other, bool same) => Assert.Equal((same, same), (SameData.As(one, other), SameData.As(other, one)));

    [Fact]
    public void The_same_data_under_another_name_teaches_nothing_of_itself()
    {
        // Target t under two names: without the second nothing would be known of a.
        var truth = new ScoreTable(["a", "b", "c"], ["busi_64", "breastmnist", "v"], [[0.9, 0.9, 0.1], [0.8, 0.8, 0.2], [0.7, 0.7, 0.3]]);
        Assert.Equal([-1, 0, 1], new SourceHistory(truth).Term(truth.Sources, "busi_64").Select(v => v!.Value));
    }

    [Theory]
    [InlineData("resnet18,densenet121,efficientnet_v2_s,googlenet,mnasnet1_0,mobilenet_v3_small,vgg11,convnext_tiny,shufflenet_v2_x0_5,vgg16_bn,vit_b_16", "architecture")]
    [InlineData("densenet,efficientnet,resnet,vgg", "architecture")]
    [InlineData("resnet18_imagenet,resnet18_radimagenet,resnet18_medmnist", "source")]
    [InlineData("imagenet,radimagenet,vgg", "source")]
    public void Architectures_are_told_from_sources_by_their_whole_names(string names, string scenario)
    {
        var sources = names.Split(',');
        var table = ScoreTable.Of(sources, ["t"], _ => [.. sources.Select((_, i) => (double?)(0.5 + (0.01 * i)))]);
        Assert.Equal(scenario, Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["leep"] = table }, table).Scenario);
    }

    [Fact]
    public void What_the_blend_foretells_of_a_target_does_not_depend_on_its_AUCs()
    {
        var study = PublishedStudy.Of(Scenario.Source);
        var target = study.Truth.Targets[0];
        var shuffled = ScoreTable.Of(study.Truth.Sources, study.Truth.Targets, t => study.Truth.Column(t, study.Truth.Sources) is var column && t == target ? [.. column.Select(v => 1 - v)] : column);
        var metrics = new Dictionary<string, ScoreTable> { ["nleep"] = study.Scores["nleep"] };
        var (one, other) = (HistoryBlend.Learn(new(study.Truth), metrics, target)!, HistoryBlend.Learn(new(shuffled), metrics, target)!);
        Assert.Equal(one.Terms, other.Terms);
        Assert.Equal(1, one.Terms.Values.Sum(), 1e-12);
        Assert.NotEqual(one.Terms, HistoryBlend.Learn(new(shuffled), metrics)!.Terms);
    }

    [Fact]
    public void A_metric_that_foretells_everything_is_weighed_more_than_one_that_foretells_nothing()
    {
        var random = new Random(2);
        ScoreTable Drawn(Func<double?, double?> of) => ScoreTable.Of(PublishedStudy.Of(Scenario.Source).Truth.Sources, PublishedStudy.Of(Scenario.Source).Truth.Targets, t => [.. PublishedStudy.Of(Scenario.Source).Truth.Column(t, PublishedStudy.Of(Scenario.Source).Truth.Sources).Select(of)]);
        var weights = HistoryBlend.Learn(new(PublishedStudy.Of(Scenario.Source).Truth), new Dictionary<string, ScoreTable> { ["oracle"] = Drawn(v => v), ["noise"] = Drawn(_ => random.NextDouble()) })!.Terms;
        Assert.True(weights["oracle"] > 2 * weights["noise"], $"{weights["oracle"]} and {weights["noise"]}");
    }

    [Fact]
    public void A_source_without_history_is_judged_by_the_metrics_alone()
    {
        var blend = new HistoryBlend(new Dictionary<string, double> { [HistoryBlend.History] = 0.75, ["m"] = 0.25 }, 5);
        var scores = blend.Scores(new Dictionary<string, IReadOnlyList<double?>> { [HistoryBlend.History] = [-1, -3, null], ["m"] = [1, 2, 3] });
        Assert.Equal([0.75 - 0.25, -0.75, 1], scores.Select(s => s!.Value));
    }

    [Fact]
    public void A_metric_without_a_tau_takes_the_lowest_rank_and_ties_share_theirs()
    {
        var perfect = Truth;
        var constant = Table([1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]);
        var evaluation = Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["perfect"] = perfect, ["again"] = perfect, ["constant"] = constant }, Truth);
        Assert.Equal((1.5, 1.5, 3), (evaluation.AverageRanks["perfect"], evaluation.AverageRanks["again"], evaluation.AverageRanks["constant"]));
        Assert.Null(evaluation.TauW["constant"]["t"]);
        Assert.Equal(1, evaluation.Summary["perfect"].MeanTauW!.Value, 1e-12);
        Assert.Equal(0, evaluation.Summary["perfect"].Regret1!.Value, 1e-12);
        Assert.Null(evaluation.Summary["constant"].MeanTauW);
        // By lot: on t the four AUCs have the mean 0.75, on u 0.725, on v 0.675, and their best are 0.9.
        Assert.Equal((0.15 + 0.175 + 0.225) / 3, evaluation.Summary["constant"].Regret1!.Value, 1e-12);
    }

    [Fact]
    public void Quality_and_update_are_combined_over_all_sources_scored_but_evaluated_where_there_is_an_AUC()
    {
        var truth = Table([null, 0.8, 0.7], [0.8, 0.7, 0.9], [0.7, 0.9, 0.6], [0.6, 0.5, 0.5]);
        var (lp, fu) = (Table([1, 1, 1], [0.5, 0.2, 0.1], [0.2, 0.3, 0.3], [0, 0, 0]), Table([2, 2, 2], [1, 1, 1], [1.5, 0.5, 1], [0, 0, 0]));
        var evaluation = Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["lp"] = lp, ["fu"] = fu }, truth);
        Assert.Equal([1, 0.25, 0.15, 0], evaluation.Scores["lp_fu"].Column("t", Sources).Select(v => Math.Round(v!.Value, 12)));
        Assert.Equal(["lp_fu"], evaluation.Compared);
        Assert.Equal(1, evaluation.TauW["lp_fu"]["t"]!.Value, 1e-12);
        Assert.Null(evaluation.Friedman);
    }

    [Fact]
    public void Names_that_do_not_fit_are_said_and_nothing_in_common_is_refused()
    {
        var other = new ScoreTable(["a", "b", "c", "e"], ["t", "w"], [[1, 1], [2, 2], [3, 3], [4, 4]]);
        var evaluation = Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["m"] = other }, Truth);
        Assert.Equal(["t"], evaluation.Targets);
        Assert.Contains(evaluation.Caveats, c => c.Code == "targets-left-out" && c.Message.Contains("u, v, w", StringComparison.Ordinal));
        Assert.Contains(evaluation.Caveats, c => c.Code == "sources-without-scores" && c.Message.Contains('d'));
        Assert.Contains(evaluation.Caveats, c => c.Code == "sources-without-auc" && c.Message.Contains('e'));
        var none = other with { Targets = ["w", "x"] };
        Assert.Contains("no target has scores and AUCs", Assert.Throws<InvalidInputException>(() => Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["m"] = none }, Truth)).Message, StringComparison.Ordinal);
        Assert.Contains("mixes fractions", Assert.Throws<InvalidInputException>(() => Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["m"] = other }, Table([0.9], [80], [70]))).Message, StringComparison.Ordinal);
        Assert.Contains("no AUC", Assert.Throws<InvalidInputException>(() => Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["m"] = other }, Table([-0.9], [80], [70]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_noise_ceiling_is_how_seeds_rank_each_other()
    {
        // Seeds 0 and 1 agree, seed 2 says the opposite, half as loud: τ_w 1, −1, −1.
        var runs = new List<ZooRank.Runs.RunRecord>();
        foreach (var (s, source) in Sources.Take(3).Index())
            for (var seed = 0; seed < 3; seed++) runs.Add(PlainRuns.Record(PlainRuns.Configuration(source, "t", seed: seed), testAuc: 0.5 + (seed == 2 ? 0.05 * (2 - s) : 0.1 * s)));
        var ceiling = NoiseCeiling.Of(GroundTruth.Of(runs).Targets.Single())!;
        Assert.Equal(3, ceiling.Seeds);
        Assert.Equal(-1 / 3.0, ceiling.BetweenSeeds, 1e-12);
        // Of three seeds a half is one: 0 and 1 agree with the mean of the others, 2 does not.
        Assert.Equal(1 / 3.0, ceiling.BetweenHalves, 1e-12);
        // By hand: P is 0.5333, 0.5833, 0.6333, their variance 0.0025; the seeds' variances 1/300, 1/1200 and 1/75 make a mean SE² of 7/3600.
        Assert.Equal(2 / 9.0, ceiling.Reliability, 1e-9);
        Assert.Equal(1, NoiseCeiling.Of(GroundTruth.Of([.. runs.Where(r => r.Configuration.Seed < 2)]).Targets.Single())!.BetweenHalves, 1e-12);
        Assert.Null(NoiseCeiling.Of(GroundTruth.Of(runs).Targets.Single(), [Sources[0]]));
        Assert.Null(NoiseCeiling.Of(new TargetTruth("all failed", new() { Name = "all failed" }, [], [])));
        Assert.Null(NoiseCeiling.Of(GroundTruth.Of([.. runs.Where(r => r.Configuration.Seed == 0)]).Targets.Single()));
    }

    [Fact]
    public void An_evaluation_that_lacks_a_number_is_refused_and_not_read_as_zero()
    {
        using var folder = new TemporaryFolder();
        var study = Path.Combine(HouseTests.Root(), "docs", "study", "results", "sources.json");
        Assert.Equal(11, MetricEvaluation.Read(study).NoiseCeiling.Count);
        File.WriteAllText(folder["old.json"], File.ReadAllText(study).Replace("between_halves", "against_others", StringComparison.Ordinal));
        Assert.Contains("not an evaluation", Assert.Throws<InvalidInputException>(() => MetricEvaluation.Read(folder["old.json"])).Message, StringComparison.Ordinal);
    }
}
