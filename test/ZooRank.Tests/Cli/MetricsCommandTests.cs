using System.Text.RegularExpressions;
using ZooRank.Metrics;

namespace ZooRank.Tests.Cli;

public sealed class MetricsCommandTests : IDisposable
{
    private readonly CommandLine program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void The_list_has_a_line_for_every_metric()
    {
        var (code, output, error) = program.Run("metrics");
        Assert.Equal((0, ""), (code, error));
        var lines = output.Split('\n').Select(l => l.Trim()).ToList();
        foreach (var metric in MetricList.All) Assert.Single(lines, l => l.StartsWith(metric.Name + " ", StringComparison.Ordinal) && l.EndsWith(metric.Meaning, StringComparison.Ordinal));
        Assert.Contains("Higher is better, always.", output, StringComparison.Ordinal);
    }

    [Fact]
    public void One_is_told_in_full()
    {
        var text = program.Run("metrics", "ETran").Output;
        var metric = MetricList.Get("etran");
        Assert.StartsWith($"etran: {metric.Meaning}", text, StringComparison.Ordinal);
        foreach (var part in new[] { metric.Source, metric.Range, metric.UndefinedWhen, "see also:   etran:published", "several labels per image: no" }) Assert.Contains(part, text, StringComparison.Ordinal);
        // What a metric needs, from its definition: LEEP and energy read the logits, FU the gradients, the paper's metric both terms over a zoo.
        Assert.Matches(@"needs: +labels, logits\s", program.Run("metrics", "leep").Output);
        Assert.Matches(@"needs: +features, labels, gradient norms, several models\s", program.Run("metrics", "lp_fu").Output);
    }

    [Fact]
    public void As_JSON_nothing_is_missing()
    {
        var all = program.Run("metrics", "--json").Json.AsArray();
        Assert.Equal(MetricList.All.Select(m => m.Name), all.Select(m => (string)m!["name"]!));
        foreach (var (json, metric) in all.Zip(MetricList.All))
        {
            Assert.Equal(["name", "meaning", "source", "range", "undefined_when", "needs", "multi_label"], json!.AsObject().Select(p => p.Key));
            Assert.Equal((metric.Meaning, metric.Source, metric.Range, metric.UndefinedWhen, metric.MultiLabel),
                ((string)json["meaning"]!, (string)json["source"]!, (string)json["range"]!, (string)json["undefined_when"]!, (bool)json["multi_label"]!));
            string[] needs = [.. json["needs"]!.AsArray().Select(n => (string)n!)];
            Assert.Equal((metric.Needs.HasFlag(MetricNeeds.Logits), metric.Needs.HasFlag(MetricNeeds.Gradients), metric.Needs.HasFlag(MetricNeeds.Zoo)),
                (needs.Contains("logits"), needs.Contains("gradient norms"), needs.Contains("several models")));
        }
        Assert.Equal("parc:published", (string)Assert.Single(program.Run("metrics", "parc:published", "--json").Json.AsArray())!["name"]!);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_what_is_meant() =>
        Assert.Contains("Unknown metric 'sdfa'. Did you mean sfda", program.Refusal("metrics", "sdfa"), StringComparison.Ordinal);

    [Fact]
    public void The_page_about_metrics_names_every_one()
    {
        var page = File.ReadAllText(Path.Combine(HouseTests.Root(), "docs", "metrics.md"));
        Assert.All(MetricList.All.Select(m => m.Family).Distinct(), family => Assert.Matches($"`{Regex.Escape(family)}[`:]", page));
        // And no metric that there is not.
        foreach (Match variant in Regex.Matches(page, "`([a-z]+:[a-z]+)`")) Assert.Contains(MetricList.All, m => m.Name == variant.Groups[1].Value);
    }
}
