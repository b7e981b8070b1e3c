using System.Globalization;

namespace ZooRank.Tests.Cli;

public sealed class EvaluateCommandTests : IDisposable
{
    private readonly CommandLine zoorank = new();

    public void Dispose() => zoorank.Dispose();

    private static string Paper(string file) => SharedFolder.Require("paper", file);

    private static string[] Scores(string scenario, params string[] metrics) => [.. metrics.SelectMany(m => (string[])["--scores", $"{m}={Paper($"{m}_{scenario}.csv")}"])];

    [Fact]
    public void The_paper_s_files_give_its_tests_as_text_and_as_JSON()
    {
        string[] arguments = ["evaluate", .. Scores("dataset", "logme", "leep", "nleep", "parc", "sfda", "ncti", "lp", "fu"), "--truth", Paper("AUCs_dataset.csv")];
        var (code, output, error) = zoorank.Run(arguments);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Friedman: χ² = 20.77, p = 0.002", output, StringComparison.Ordinal);
        var json = zoorank.Run([.. arguments, "--json"]).Json;
        Assert.Equal(0.002, (double)json["friedman"]!["p"]!, 5e-4);
        Assert.Equal(20.766, (double)json["friedman"]!["statistic"]!, 5e-4);
        Assert.Equal(1.91, (double)json["average_ranks"]!["lp_fu"]!, 5e-3);
        Assert.Null(json["tau_w"]!["sfda"]!["breastmnist"]);
        Assert.Equal(2.716, (double)json["critical_difference"]!, 5e-4);
        // scipy.stats.weightedtau on the two columns.
        var expected = double.Parse(Python.Run("scipy, csv", """
            from scipy.stats import weightedtau
            def column(path): return {r['source']: r['bloodmnist'] for r in csv.DictReader(open(path))}
            a, b = column(sys.argv[1]), column(sys.argv[2])
            k = [s for s in b if b[s]]
            print(weightedtau([float(a[s]) for s in k], [float(b[s]) for s in k])[0])
            """, Paper("nleep_dataset.csv"), Paper("AUCs_dataset.csv")), CultureInfo.InvariantCulture);
        Assert.Equal(expected, (double)json["tau_w"]!["nleep"]!["bloodmnist"]!, 1e-12);
    }

    [Fact]
    public void Architectures_are_known_by_their_names_and_the_paper_s_reversals_can_be_refused()
    {
        string[] arguments = ["evaluate", .. Scores("model", "leep", "lp", "fu"), "--truth", Paper("AUCs_model.csv"), "--json"];
        var json = zoorank.Run(arguments).Json;
        Assert.Equal("architecture", (string?)json["scenario"]);
        var plain = zoorank.Run([.. arguments, "--reverse", "none"]).Json;
        // τ_b turns its sign with the scores; the weighted one does not, since other elements are then on top.
        Assert.Equal(-(double)plain["kendall"]!["leep"]!["octmnist"]!, (double)json["kendall"]!["leep"]!["octmnist"]!, 1e-12);
        Assert.Equal((double)plain["summary"]!["lp_fu"]!["mean_tau_w"]!, (double)json["summary"]!["lp_fu"]!["mean_tau_w"]!, 1e-12);
    }

    [Fact]
    public void What_is_written_is_what_is_printed()
    {
        var file = Path.Combine(zoorank.Folder.Path, "evaluation.json");
        var outcome = zoorank.Run(["evaluate", .. Scores("dataset", "leep"), "--truth", "published:source", "--json", "--out", file]);
        Assert.Equal(outcome.Output.Trim(), File.ReadAllText(file).Trim());
    }

    [Fact]
    public void A_mistake_is_answered_with_one_line()
    {
        Assert.Contains("no scores", zoorank.Refusal("evaluate", "--truth", "published:source"), StringComparison.Ordinal);
        Assert.Contains("expected is a metric's name and a file", zoorank.Refusal("evaluate", "--truth", "published:source", "--scores", "leep.csv"), StringComparison.Ordinal);
        Assert.Contains("no such file", zoorank.Refusal("evaluate", "--truth", "published:source", "--scores", "leep=leep.csv"), StringComparison.Ordinal);
        Assert.Contains("no such file", zoorank.Refusal("evaluate", "--truth", "truth.csv", "--rankings", "r.json"), StringComparison.Ordinal);
        Assert.Contains("Unknown metric to reverse 'lep'. Did you mean leep", zoorank.Refusal(["evaluate", .. Scores("dataset", "leep"), "--truth", "published:source", "--reverse", "lep"]), StringComparison.Ordinal);
    }
}
