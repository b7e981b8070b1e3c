using ZooRank.Cli.Display;
using ZooRank.Runs;
using ZooRank.Tests.Runs;

namespace ZooRank.Tests.Cli;

public class RunProgressTests
{
    // MadeRuns' epochs take two seconds each.
    private static readonly RunConfiguration First = MadeRuns.Configuration(maxEpochs: 100), Second = MadeRuns.Configuration(rate: 1e-5, maxEpochs: 100);

    [Fact]
    public void Until_a_run_is_finished_there_is_only_an_upper_bound()
    {
        var progress = new RunProgress(3);
        Assert.Equal("[1/3] imagenet lr 0.01 momentum 0.9 wd 0.0001 batch 64 seed 0: begins", progress.Started(First, []));
        // 299 epochs at most: 99 of this run and 100 of each other.
        Assert.Equal("[1/3, at most 10 min left] imagenet lr 0.01 momentum 0.9 wd 0.0001 batch 64 seed 0: epoch 1/100, val AUC 0.750, best 0.750 in epoch 1", progress.EpochDone(First, MadeRuns.Epoch(0)));
    }

    [Fact]
    public void Then_it_is_estimated_from_those_that_are()
    {
        var progress = new RunProgress(3);
        progress.Started(First, []);
        foreach (var epoch in MadeRuns.Finished(First, 25).Curve) progress.EpochDone(First, epoch);
        Assert.Equal("[1/3] imagenet lr 0.01 momentum 0.9 wd 0.0001 batch 64 seed 0: val AUC 0.875 in epoch 23 of 25, test AUC 0.859", progress.Finished(MadeRuns.Finished(First, 25)));
        progress.Started(Second, []);
        progress.EpochDone(Second, MadeRuns.Epoch(0) with { ValidationAuc = 0.9 });
        // Runs take 25 epochs: 20 of this one are left and 25 of the last, 90 s; at most 95 and 100, 390 s.
        foreach (var epoch in Enumerable.Range(1, 3)) progress.EpochDone(Second, MadeRuns.Epoch(epoch));
        Assert.Equal("[2/3, about 2 min left, at most 7 min] imagenet lr 0.00001 momentum 0.9 wd 0.0001 batch 64 seed 0: epoch 5/100, val AUC 0.754, best 0.900 in epoch 1", progress.EpochDone(Second, MadeRuns.Epoch(4)));
    }

    [Fact]
    public void A_run_that_lasts_longer_than_the_others_did_is_not_said_to_be_over()
    {
        var progress = new RunProgress(2);
        progress.Started(First, []);
        progress.EpochDone(First, MadeRuns.Epoch(0));
        progress.Finished(MadeRuns.Finished(First, 1));
        progress.Started(Second, []);
        for (var epoch = 0; epoch < 9; epoch++) progress.EpochDone(Second, MadeRuns.Epoch(epoch));
        Assert.StartsWith("[2/2, about 1 s left, at most 3 min]", progress.EpochDone(Second, MadeRuns.Epoch(9)), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_ends_are_told()
    {
        var progress = new RunProgress(2);
        Assert.EndsWith(": goes on after epoch 3", progress.Started(First, [.. Enumerable.Range(0, 3).Select(e => MadeRuns.Epoch(e))]), StringComparison.Ordinal);
        progress.EpochDone(First, MadeRuns.Epoch(3));
        Assert.EndsWith(": stopped after epoch 4; the same command continues it", progress.Interrupted(First), StringComparison.Ordinal);
        progress.Started(Second, []);
        Assert.EndsWith(": diverged in epoch 2", progress.Finished(MadeRuns.Finished(Second, 2) with { Status = RunStatus.Diverged }), StringComparison.Ordinal);
    }
}
