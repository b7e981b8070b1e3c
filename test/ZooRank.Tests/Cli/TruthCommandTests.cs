using ZooRank.Runs;
using ZooRank.Tests.Runs;

namespace ZooRank.Tests.Cli;

public sealed class TruthCommandTests : IDisposable
{
    private readonly CommandLine zoorank = new();

    private string Truth => Path.Combine(zoorank.Folder.Path, "truth");

    public void Dispose() => zoorank.Dispose();

    [Fact]
    public void Show_sorts_the_sources_says_what_is_real_and_who_is_at_work()
    {
        using var atWork = Fill();
        var (code, output, error) = zoorank.Run("truth", "show", Truth);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("6 runs", output, StringComparison.Ordinal);
        Assert.Contains("1 at work, 0 interrupted", output, StringComparison.Ordinal);
        Assert.Contains("good is best with 0.9000 ± 0.0058, better than each of the 1 tested (Welch's t-test over the seeds, Holm-adjusted p < 0.05).", output, StringComparison.Ordinal);
        Assert.True(output.IndexOf("good", StringComparison.Ordinal) < output.IndexOf("poor", StringComparison.Ordinal));

        var json = zoorank.Run("truth", "show", Truth, "--json", "--runs").Json;
        var target = Assert.Single(json["targets"]!.AsArray())!;
        Assert.Equal(["good", "poor"], target["sources"]!.AsArray().Select(s => (string?)s!["source"]));
        Assert.Equal(0.9, (double)target["sources"]![0]!["p"]!, 1e-12);
        Assert.True((bool)target["comparisons"]![0]!["significant"]!);
        Assert.Equal(6, json["runs"]!.AsArray().Count);
        Assert.Equal((true, 4), ((bool)json["unfinished"]![0]!["at_work"]!, (int)json["unfinished"]![0]!["epochs"]!));
    }

    [Fact]
    public void Show_filters_and_knows_what_it_could_have_been_asked_for()
    {
        using var atWork = Fill();
        var json = zoorank.Run("truth", "show", Truth, "--source", "poor", "--json").Json;
        Assert.Equal("poor", (string?)Assert.Single(json["targets"]![0]!["sources"]!.AsArray())!["source"]);
        Assert.Contains("Unknown source 'god'. Did you mean good?", zoorank.Refusal("truth", "show", Truth, "--source", "god"), StringComparison.Ordinal);
        Assert.Contains("Unknown target 'x'", zoorank.Refusal("truth", "show", Truth, "--target", "x"), StringComparison.Ordinal);
        Assert.Contains("no such folder", zoorank.Refusal("truth", "show", Truth + "s"), StringComparison.Ordinal);
    }

    [Fact]
    public void Show_names_a_damaged_record_and_export_refuses_it()
    {
        using var atWork = Fill();
        var damaged = Directory.EnumerateFiles(Path.Combine(Truth, "runs"), "*.json", SearchOption.AllDirectories).First();
        File.WriteAllText(damaged, "{");
        Assert.Contains(damaged, zoorank.Run("truth", "show", Truth).Output, StringComparison.Ordinal);
        Assert.Contains(damaged, zoorank.Refusal("truth", "export", Truth, "--out", "x.csv"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(zoorank.Folder.Path, "x.csv")));
    }

    [Fact]
    public void A_log_is_imported_once_and_goes_out_in_every_form()
    {
        var log = zoorank.Folder["log.csv"];
        File.WriteAllText(log, """
            Duration,Run ID,Status,batch_size,lr,momentum,source_flag,target_flag,wd,test_auc,val_loss
            1.9min,r1,FINISHED,64,0.0001,0.9,organsmnist,breastmnist,0.0,0.8047201336675022,0.40
            2.0min,r2,FINISHED,64,0.001,0.9,organsmnist,breastmnist,0.0,0.9,0.41

            """.ReplaceLineEndings("\n"));
        Assert.Contains("2 runs, 2 new", zoorank.Run("truth", "import", log, "--out", "truth").Error, StringComparison.Ordinal);
        Assert.Contains("2 runs, 0 new", zoorank.Run("truth", "import", log, "--out", "truth").Error, StringComparison.Ordinal);
        foreach (var file in (string[])["runs.csv", "runs.parquet"]) Assert.Equal(0, zoorank.Run("truth", "export", "truth", "--out", file).Code);
        Assert.Equal(0, zoorank.Run("truth", "export", "truth", "--table", "--out", "table.csv").Code);
        Assert.Equal(",source,breastmnist\n0,organsmnist,0.8047201336675022\n", File.ReadAllText(zoorank.Folder["table.csv"]));
        Assert.Equal(0, zoorank.Run("truth", "export", "truth", "--mlflow", "--out", "log2.csv").Code);
        Assert.Equal(File.ReadAllLines(log).Order(StringComparer.Ordinal), File.ReadAllLines(zoorank.Folder["log2.csv"]).Order(StringComparer.Ordinal));
        Assert.Contains("Valid endings: .csv, .parquet", zoorank.Refusal("truth", "export", "truth", "--out", "runs.xlsx"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_of_a_broken_log_is_imported()
    {
        var log = zoorank.Folder["log.csv"];
        File.WriteAllText(log, "Run ID,Status,batch_size,lr,momentum,source_flag,target_flag,wd,test_auc,val_loss\nr1,FINISHED,64,0.1,0.9,a,b,0,0.8,0.4\nr2,FINISHED,64,0.1,0.9,a,b,0,high,0.4\n");
        Assert.Contains("line 3, column 'test_auc': 'high'", zoorank.Refusal("truth", "import", log, "--out", "truth"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Truth));
    }

    private RunClaim Fill()
    {
        var store = RunStore.Open(Truth);
        foreach (var (source, aucs) in ((string, double[])[])[("poor", [0.70, 0.71, 0.72]), ("good", [0.89, 0.90, 0.91])])
            foreach (var (seed, auc) in aucs.Index()) store.Add(PlainRuns.Record(PlainRuns.Configuration(source, seed: seed), testAuc: auc));
        var claim = store.TryClaim(PlainRuns.Configuration("good", seed: 3))!;
        claim.Epochs = 4;
        claim.ThrowIfLost();
        return claim;
    }
}
