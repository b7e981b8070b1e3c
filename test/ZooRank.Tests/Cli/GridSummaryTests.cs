using System.Text.Json.Nodes;
using Spectre.Console;
using ZooRank.Cli.Display;
using ZooRank.Runs;
using ZooRank.Tests.Runs;

namespace ZooRank.Tests.Cli;

public sealed class GridSummaryTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_best_run_and_the_spread_of_a_published_grid_are_those_that_pandas_like_arithmetic_gives()
    {
        var file = SharedFolder.Require("paper", "fined_breast.csv");
        var expected = JsonNode.Parse(Python.Run("csv, statistics, json",
            """
            rows = [r for r in csv.DictReader(open(sys.argv[1])) if r['source_flag'] == 'imagenet' and r['Status'] == 'FINISHED' and r['test_auc']]
            best = min(rows, key=lambda r: float(r['val_loss']))
            auc = [float(r['test_auc']) for r in rows]
            cell = [float(r['test_auc']) for r in rows if float(r['lr']) == float(best['lr']) and float(r['momentum']) == float(best['momentum'])]
            f = lambda x: f'{x:.3f}'
            print(json.dumps({'runs': len(rows), 'loss': f"{float(best['val_loss']):.4f}", 'test': f(float(best['test_auc'])), 'low': f(min(auc)), 'high': f(max(auc)), 'median': f(statistics.median(auc)),
                'cell': f'{f(statistics.median(cell))} ({f(max(cell))})'}))
            """, file))!;
        var text = Printed(MadeRuns.OfThePaper(file, "imagenet"));
        Assert.Contains($"imagenet on breastmnist: {expected["runs"]} runs.", text, StringComparison.Ordinal);
        Assert.Contains($"Best by validation loss ({expected["loss"]}): ", text, StringComparison.Ordinal);
        Assert.Contains($", test AUC {expected["test"]}. Over the grid the test AUC runs from {expected["low"]} to {expected["high"]}, its median is {expected["median"]}.", text, StringComparison.Ordinal);
        Assert.Contains((string)expected["cell"]!, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Diverged_runs_are_counted_where_they_are()
    {
        RunRecord[] runs =
        [
            MadeRuns.Finished(MadeRuns.Configuration(0.1, momentum: 0), 5) with { TestAuc = 0.5 },
            MadeRuns.Finished(MadeRuns.Configuration(0.1, momentum: 0, decay: 0), 5) with { TestAuc = 0.75, ValidationLoss = 0.5 },
            Diverged(MadeRuns.Configuration(0.1)),
            Diverged(MadeRuns.Configuration(0.1, decay: 0)),
            MadeRuns.Finished(MadeRuns.Configuration(0.01), 5) with { TestAuc = 0.25, ValidationLoss = 0.125 },
            Diverged(MadeRuns.Configuration(0.01, decay: 0)),
        ];
        var text = Printed(runs);
        Assert.Contains("imagenet on breastmnist: 6 runs, of which 3 diverged.", text, StringComparison.Ordinal);
        Assert.Contains("Best by validation loss (0.1250): learning rate 0.01, momentum 0.9, weight decay 0.0001, batch 64.", text, StringComparison.Ordinal);
        Assert.Contains("Kept: epoch 3 of 5, validation AUC 0.875, test AUC 0.250. Over the grid the test AUC runs from 0.250 to 0.750, its median is 0.500.", text, StringComparison.Ordinal);
        var rows = text.Split('\n').Select(line => line.Split('│', ' ').Where(w => w.Length > 0).ToArray()).ToList();
        Assert.Contains(rows, row => row is ["0.1", "0.625", "(0.750)", "2", "of", "2", "diverged"]);
        Assert.Contains(rows, row => row is ["0.01", "–", "0.250", "(0.250),", "1", "of", "2", "diverged"]);
    }

    [Fact]
    public void Of_several_seeds_P_and_its_standard_error_are_told_beside_the_best_run()
    {
        RunRecord Run(double rate, int seed, double loss, double auc) => MadeRuns.Finished(MadeRuns.Configuration(rate) with { Seed = seed }, 5) with { ValidationLoss = loss, TestAuc = auc };
        // Chosen by loss: 0.8 and 0.9; by hand the mean 0.85, the deviation 0.1/√2, the standard error 0.05.
        Assert.Contains("Over 2 seeds, of each the run with its lowest validation loss: test AUC 0.850 ± 0.050", Printed([Run(0.1, 0, 0.4, 0.8), Run(0.01, 0, 0.5, 0.99), Run(0.1, 1, 0.6, 0.1), Run(0.01, 1, 0.3, 0.9)]), StringComparison.Ordinal);
        Assert.DoesNotContain("seeds", Printed([Run(0.1, 0, 0.4, 0.8), Run(0.01, 0, 0.5, 0.99)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_all_diverged_there_is_no_best()
    {
        Assert.Contains("None has a validation loss to choose by.", Printed([Diverged(MadeRuns.Configuration(1))]), StringComparison.Ordinal);
    }

    [Fact]
    public void Curves_are_drawn_for_each_source_that_has_some()
    {
        Assert.Equal([Path.Combine(folder.Path, "curves.svg"), Path.Combine(folder.Path, "curves.png")], GridSummary.WriteCurves(folder.Path, [MadeRuns.Finished(MadeRuns.Configuration(), 5)]));
        var several = GridSummary.WriteCurves(folder.Path, [MadeRuns.Finished(MadeRuns.Configuration(source: "a/b"), 5), MadeRuns.Finished(MadeRuns.Configuration(), 5) with { Curve = [] }]);
        Assert.Equal(["curves-breastmnist-a_b.svg", "curves-breastmnist-a_b.png"], several.Select(Path.GetFileName));
        Assert.All(several, f => Assert.True(File.Exists(f)));
    }

    private static RunRecord Diverged(RunConfiguration run) => MadeRuns.Finished(run, 2) with { Status = RunStatus.Diverged, TestAuc = null, ValidationLoss = null, ValidationAuc = null };

    private static string Printed(IReadOnlyList<RunRecord> records)
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No });
        console.Profile.Width = 200;
        GridSummary.Print(records, console);
        return output.ToString();
    }
}
