using System.Text.Json;
using ZooRank.Evaluation;
using ZooRank.Ranking;
using ZooRank.Runs;
using ZooRank.Tests.Reports;

namespace ZooRank.Tests.Cli;

public sealed class ReportCommandTests : IDisposable
{
    private readonly CommandLine zoorank = new();

    public void Dispose() => zoorank.Dispose();

    [Fact]
    public void It_finds_out_what_it_is_given()
    {
        File.WriteAllText(zoorank.Folder["ranking.json"], JsonSerializer.Serialize(MadeResults.Ranking(), RankingJson.Default.Ranking));
        File.WriteAllText(zoorank.Folder["evaluation.json"], JsonSerializer.Serialize(MadeResults.Evaluation(), EvaluationJson.Default.MetricEvaluation));
        var store = RunStore.Open(zoorank.Folder["runs"]);
        foreach (var run in MadeResults.Truth().Runs) store.Add(run);
        foreach (var (input, kind) in ((string, string)[])[("ranking.json", "Ranking"), ("evaluation.json", "Evaluation of metrics"), ("runs", "Ground truth")])
        {
            var (code, output, error) = zoorank.Run("report", input, "--out", "page.html");
            Assert.Equal((0, "", "written: page.html\n"), (code, output, error));
            Assert.Contains($"<span>{kind}</span>", File.ReadAllText(zoorank.Folder["page.html"]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_no_result_is_refused_in_a_line()
    {
        File.WriteAllText(zoorank.Folder["other.json"], """{ "models": [], "zoo": {} }""");
        File.WriteAllText(zoorank.Folder["half.json"], """{ "tau_w": {}, "models": 3 }""");
        File.WriteAllText(zoorank.Folder["text.txt"], "no JSON");
        Directory.CreateDirectory(zoorank.Folder["folder"]);
        Assert.Contains("no such file or folder", zoorank.Refusal("report", "none.json"), StringComparison.Ordinal);
        Assert.Contains("neither a ranking nor an evaluation, but scores", zoorank.Refusal("report", "other.json"), StringComparison.Ordinal);
        Assert.Contains("not an evaluation", zoorank.Refusal("report", "half.json"), StringComparison.Ordinal);
        Assert.Contains("not JSON", zoorank.Refusal("report", "text.txt"), StringComparison.Ordinal);
        Assert.Contains("not a store of runs", zoorank.Refusal("report", "folder"), StringComparison.Ordinal);
        Assert.Contains("that is the input itself", zoorank.Refusal("report", "text.txt", "--out", "text.txt"), StringComparison.Ordinal);
        Assert.False(File.Exists(zoorank.Folder["report.html"]));

        var incomplete = JsonSerializer.SerializeToNode(MadeResults.Ranking(), RankingJson.Default.Ranking)!;
        incomplete["models"]![0]!["interval"] = new System.Text.Json.Nodes.JsonArray();
        File.WriteAllText(zoorank.Folder["incomplete.json"], incomplete.ToJsonString());
        Assert.Contains("incomplete", zoorank.Refusal("report", "incomplete.json"), StringComparison.Ordinal);
    }
}
