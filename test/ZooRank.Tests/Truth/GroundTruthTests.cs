using ZooRank.Runs;
using ZooRank.Tests.Runs;
using ZooRank.Truth;

namespace ZooRank.Tests.Truth;

public class GroundTruthTests
{
    private static RunRecord Run(string source, int seed, double learningRate, double validationLoss, double testAuc, Func<RunConfiguration, RunConfiguration>? change = null) =>
        PlainRuns.Record((change ?? (c => c))(PlainRuns.Configuration(source, learningRate: learningRate, seed: seed)), validationLoss, testAuc);

    [Fact]
    public void P_is_the_mean_over_seeds_of_the_test_auc_where_the_validation_loss_is_lowest()
    {
        var truth = GroundTruth.Of([Run("a", 0, 0.1, 0.5, 0.99), Run("a", 0, 0.01, 0.4, 0.80), Run("a", 1, 0.1, 0.3, 0.90), Run("a", 1, 0.01, 0.31, 0.10), Run("a", 2, 0.1, 0.2, 0.85), Run("a", 2, 0.01, 0.7, 0.95)]);
        var a = Assert.Single(Assert.Single(truth.Targets).Sources);
        Assert.Equal([(0, 0.80), (1, 0.90), (2, 0.85)], a.Selected.Select(s => (s.Seed, s.TestAuc)));
        // By hand: mean 0.85, deviations −0.05, 0.05, 0: √(0.005/2) = 0.05, and 0.05/√3.
        Assert.Equal(0.85, a.P, 1e-12);
        Assert.Equal(0.05, a.StandardDeviation!.Value, 1e-12);
        Assert.Equal(0.05 / Math.Sqrt(3), a.StandardError!.Value, 1e-12);
        // 0.10 0.80 0.85 0.90 0.95 0.99
        Assert.Equal((0.10, 0.875, 0.99), (a.Worst, Math.Round(a.Median, 12), a.Best));
        Assert.Equal(6 * 61.5 / 3600, a.Hours, 1e-12);
        Assert.Empty(truth.Caveats);
    }

    [Fact]
    public void Of_equal_validation_losses_the_first_by_id_is_selected_whatever_the_order_of_the_records()
    {
        var runs = ((double[])[0.1, 0.01, 0.001]).Select(lr => Run("a", 0, lr, 0.5, lr)).ToList();
        var first = runs.Select(r => r.Id).Min(StringComparer.Ordinal);
        Assert.Equal(first, Assert.Single(GroundTruth.Of(runs).Targets[0].Sources[0].Selected).Id);
        runs.Reverse();
        Assert.Equal(first, Assert.Single(GroundTruth.Of(runs).Targets[0].Sources[0].Selected).Id);
    }

    [Fact]
    public void A_diverged_run_is_done_and_never_selected()
    {
        var diverged = Run("a", 0, 1, 0, 0) with { Status = RunStatus.Diverged, ValidationLoss = null, TestAuc = null };
        var truth = GroundTruth.Of([diverged, Run("a", 0, 0.1, 0.5, 0.7)]);
        var a = truth.Targets[0].Sources[0];
        Assert.Equal((0.7, 1, 1), (a.P, a.Finished, a.Diverged));
        Assert.Empty(truth.Caveats);
        Assert.Contains(GroundTruth.Of([diverged]).Caveats, c => c.Code == "no-result");
        Assert.Empty(GroundTruth.Of([diverged]).Targets[0].Sources);
    }

    [Fact]
    public void A_grid_that_one_source_has_not_finished_is_a_caveat()
    {
        var truth = GroundTruth.Of([Run("a", 0, 0.1, 0.5, 0.7), Run("a", 0, 0.01, 0.5, 0.7), Run("b", 0, 0.1, 0.5, 0.7)]);
        var caveat = Assert.Single(truth.Caveats, c => c.Code == "incomplete-grid");
        Assert.Contains("of the 2 points of the grid, b has 1", caveat.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("images")]
    [InlineData("epochs")]
    [InlineData("augmentation")]
    [InlineData("precision")]
    public void Runs_on_other_images_or_under_another_protocol_are_kept_apart(string what)
    {
        RunConfiguration Change(RunConfiguration c) => what switch
        {
            "images" => c with { Target = c.Target with { TestSha256 = "dd" } },
            "epochs" => c with { MaxEpochs = 200 },
            "augmentation" => c with { Augmentation = "none" },
            _ => c with { Precision = "bfloat16" },
        };
        var truth = GroundTruth.Of([Run("a", 0, 0.1, 0.5, 0.7), Run("a", 0, 0.1, 0.4, 0.8, Change)]);
        Assert.Equal([0.7, 0.8], truth.Targets.Select(t => Assert.Single(t.Sources).P).Order());
        Assert.All(truth.Targets, t => Assert.StartsWith("breastmnist (", t.Target, StringComparison.Ordinal));
        Assert.Equal("breastmnist", Assert.Single(truth.Caveats, c => c.Code == "several-protocols").About);
    }

    [Fact]
    public void Dropout_before_the_head_is_the_source_s_and_may_differ_between_sources_of_one_table()
    {
        var truth = GroundTruth.Of([Run("a", 0, 0.1, 0.5, 0.7), Run("b", 0, 0.1, 0.5, 0.8, c => c with { HeadDropout = 0.5 })]);
        Assert.Equal(["b", "a"], Assert.Single(truth.Targets).Sources.Select(s => s.Source));
    }

    [Fact]
    public void Two_checkpoints_of_one_name_are_two_sources()
    {
        var truth = GroundTruth.Of([Run("a", 0, 0.1, 0.5, 0.7), Run("a", 0, 0.1, 0.5, 0.8, c => c with { Source = c.Source with { Sha256 = "e0" } })]);
        Assert.Equal(["a (source.sha256 e0)", "a (source.sha256 5c106cde)"], Assert.Single(truth.Targets).Sources.Select(s => s.Source));
        Assert.Contains(truth.Caveats, c => c.Code == "several-sources");
    }

    [Fact]
    public void A_source_that_is_another_checkpoint_on_another_target_is_said_to_be_that()
    {
        RunRecord On(string target, string sha) => Run("left out", 0, 0.1, 0.5, 0.7, c => c with { Target = c.Target with { Name = target }, Source = c.Source with { Sha256 = sha } });
        var truth = GroundTruth.Of([On("a", "e0"), On("b", "e1"), Run("same", 0, 0.1, 0.5, 0.6, c => c with { Target = c.Target with { Name = "a" } }), Run("same", 0, 0.1, 0.5, 0.6, c => c with { Target = c.Target with { Name = "b" } })]);
        Assert.StartsWith("left out: another model", Assert.Single(truth.Caveats, c => c.Code == "source-differs-between-targets").Message, StringComparison.Ordinal);
        Assert.All(truth.Targets, t => Assert.Contains(t.Sources, s => s.Source == "left out"));
    }

    [Fact]
    public void With_several_seeds_it_is_said_which_sources_can_be_told_from_the_best()
    {
        List<RunRecord> runs = [];
        foreach (var (source, aucs) in ((string, double[])[])[("best", [0.90, 0.91, 0.92, 0.91]), ("close", [0.89, 0.92, 0.90, 0.91]), ("far", [0.70, 0.72, 0.71, 0.70]), ("once", [0.5])])
            runs.AddRange(aucs.Select((auc, seed) => Run(source, seed, 0.1, 0.5, auc)));
        var truth = GroundTruth.Of(runs);
        var table = Assert.Single(truth.Targets);
        Assert.Equal([("best", null), ("close", false), ("far", true), ("once", (bool?)null)], table.Sources.Select(s => (s.Source, s.ToldFromBest)));
        Assert.Equal([("best", "close"), ("best", "far"), ("close", "far")], table.Comparisons.Select(c => (c.First, c.Second)));
        var smallest = table.Comparisons.MinBy(c => c.Test.P)!;
        Assert.Equal(3 * smallest.Test.P, smallest.AdjustedP, 1e-12);
        Assert.All(table.Comparisons, c => Assert.True(c.Difference > 0 && c.Test.T > 0));
        Assert.Contains("once: one seed", Assert.Single(truth.Caveats, c => c.Code == "one-seed").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_known_of_no_runs() => Assert.Empty(GroundTruth.Of([]).Targets);

    [Fact]
    public void Hyperparameters_may_be_chosen_over_all_seeds()
    {
        List<RunRecord> runs =
        [
            Run("a", 0, 0.1, 0.5, 0.9), Run("a", 0, 0.01, 0.6, 0.7),
            Run("a", 1, 0.1, 0.8, 0.88), Run("a", 1, 0.01, 0.6, 0.72),
            Run("a", 0, 1, 0.1, 0.99),   // the lowest loss, but one seed alone has tried it
        ];
        // By hand. Seed 0 chooses rate 1, seed 1 rate 0.01. In the mean rate 0.01 has 0.6 and rate 0.1 has 0.65.
        Assert.Equal((0.99 + 0.72) / 2, GroundTruth.Of(runs).Targets.Single().Sources.Single().P, 1e-12);
        var truth = GroundTruth.Of(runs, RunSelection.Mean);
        Assert.Equal([0.7, 0.72], truth.Targets.Single().Sources.Single().Selected.Select(s => s.TestAuc));
        Assert.Contains(truth.Caveats, c => c.Code == "selected-over-seeds");
    }
}
