using System.Text.RegularExpressions;

namespace ZooRank.Tests.Cli;

public sealed partial class PaperCommandTests : IDisposable
{
    private readonly CommandLine zoorank = new();

    public void Dispose() => zoorank.Dispose();

    [Fact]
    public void It_prints_the_tables_and_what_differs_from_the_printed_ones()
    {
        var (code, output, error) = zoorank.Run("paper");
        Assert.Equal((0, ""), (code, error));
        foreach (var part in (string[])["Table 2", "Table 3", "Table 4", "Table 5", "p = 0.002", "2.716", "differs", "three of their places", "printed τ_w of single targets are not", "arXiv 2412.20172"]) Assert.Contains(part, output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_folder_holds_every_file_that_its_readme_leads_to_and_none_half_written()
    {
        var (code, output, error) = zoorank.Run("paper", "--out", "paper", "--json");
        Assert.True(code == 0, error);
        Assert.Contains("README.md", error, StringComparison.Ordinal);
        var json = System.Text.Json.Nodes.JsonNode.Parse(output)!;
        Assert.Equal(4, json["tables"]!.AsArray().Count);
        Assert.Equal(13, json["printed"]!.AsArray().Count);
        Assert.Equal(0.5226, (double)json["sources"]!["summary"]!["lp_fu"]!["mean_tau_w"]!, 1e-4);

        var folder = zoorank.Folder["paper"];
        var links = Link().Matches(File.ReadAllText(Path.Combine(folder, "README.md"))).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.Equal([.. links.Append("README.md").Append("paper.json").Order(StringComparer.Ordinal)], Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        foreach (var name in (string[])["table-2-sources.tex", "figure-4-auc.pdf", "figure-6-ablation.svg", "quality-and-update.png", "critical-difference-architectures.svg"]) Assert.Contains(name, links);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_an_error_before_anything_is_printed()
    {
        File.WriteAllText(zoorank.Folder["file"], "");
        Assert.Contains("file", zoorank.Refusal("paper", "--out", "file"), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_writes_tables_and_figures_of_ones_own()
    {
        var truth = "source,x,y\na,0.9,0.8\nb,0.8,0.7\nc,0.7,0.9\n";
        File.WriteAllText(zoorank.Folder["truth.csv"], truth);
        File.WriteAllText(zoorank.Folder["my_metric.csv"], truth);
        File.WriteAllText(zoorank.Folder["other.csv"], truth.Replace("0.9", "0.1", StringComparison.Ordinal));
        var (code, _, error) = zoorank.Run("evaluate", "--truth", "truth.csv", "--scores", "my_metric=my_metric.csv", "other=other.csv", "--figures", "f", "--tables", "t");
        Assert.True(code == 0, error);
        Assert.Contains("not drawn: ablation", error, StringComparison.Ordinal);
        foreach (var file in (string[])["t/weighted-tau.md", "t/summary.tex", "t/auc.csv", "f/auc.svg", "f/critical-difference.pdf", "f/score-against-auc.png"]) Assert.True(File.Exists(zoorank.Folder[file]), file);
        Assert.Contains(@"my\_metric", File.ReadAllText(zoorank.Folder["t/weighted-tau.tex"]), StringComparison.Ordinal);
        Assert.StartsWith("target,my_metric,other\nx,1,", File.ReadAllText(zoorank.Folder["t/weighted-tau.csv"]), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();
}
