using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ZooRank.Evaluation;
using ZooRank.Metrics;
using ZooRank.Reports;
using static ZooRank.Reports.Markup;

namespace ZooRank.Tests.Reports;

public partial class ReportTests
{
    public static TheoryData<string> Kinds => ["ranking", "evaluation", "truth"];

    private static string Page(string kind, bool hostile = false) => MadeResults.Pages(hostile ? MadeResults.Hostile : null).Single(p => p.Kind == kind).Page;

    [Fact]
    public void A_hole_is_escaped_and_markup_is_not()
    {
        Assert.Equal("<b title=\"&quot;&#39;\">&lt;i&gt;&amp;</b>", Html($"<b title=\"{"\"'"}\">{"<i>&"}</b>").ToString());
        Assert.Equal("<p><b>&lt;</b></p>", Html($"<p>{Html($"<b>{"<"}</b>")}</p>").ToString());
        Assert.Equal("\uFFFD\uFFFD\uFFFD\uFFFD 😀\n", Html($"{"\0\u001B\uD800\uFFFF 😀\n"}").ToString());
        Assert.Equal("1.5 -3", Html($"{1.5} {-3}").ToString());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_page_of_hostile_names_has_the_elements_of_a_plain_one_and_nothing_else(string kind)
    {
        // Well-formed, or this throws.
        var (plain, hostile) = (XDocument.Parse(Page(kind)), XDocument.Parse(Page(kind, hostile: true)));
        string[] known = [.. plain.Descendants().Select(e => e.Name.LocalName).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(known, hostile.Descendants().Select(e => e.Name.LocalName).Distinct().Order(StringComparer.Ordinal));
        Assert.Single(hostile.Descendants("script"));
        Assert.DoesNotContain(hostile.Descendants().Attributes(), a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        // The names are there, as text.
        Assert.Contains(hostile.Descendants("bdi"), e => e.Value == MadeResults.Hostile[0]);
        Assert.Contains(hostile.Descendants("bdi"), e => e.Value == MadeResults.Hostile[3]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_page_loads_nothing_and_is_small(string kind)
    {
        var page = Page(kind);
        var elements = XDocument.Parse(page).Descendants().ToList();
        Assert.DoesNotContain(elements, e => e.Name.LocalName is "img" or "iframe" or "object" or "embed" or "base" or "form");
        Assert.DoesNotContain(elements.Attributes(), a => a.Name.LocalName is "src" or "srcset" or "poster" or "action");
        // Links that are followed on a click are none.
        Assert.DoesNotContain(elements.Where(e => e.Name.LocalName != "a").Attributes("href"), a => a.Value != "data:,");
        Assert.DoesNotMatch(Loads(), page);
        Assert.Contains("default-src 'none'", (string?)elements.Single(e => (string?)e.Attribute("http-equiv") == "Content-Security-Policy").Attribute("content"), StringComparison.Ordinal);
        Assert.True(Encoding.UTF8.GetByteCount(page) < 2_000_000);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Tables_have_captions_and_scopes_drawings_a_name_and_links_a_place(string kind)
    {
        var page = XDocument.Parse(Page(kind));
        Assert.All(page.Descendants("table"), t => Assert.NotEmpty(t.Element("caption")!.Value));
        Assert.All(page.Descendants("th"), h => Assert.Contains((string?)h.Attribute("scope"), (string[])["col", "row"]));
        Assert.All(page.Descendants("svg"), s => Assert.Equal(("img", true), ((string?)s.Attribute("role"), ((string?)s.Attribute("aria-label"))?.Length > 10)));
        var ids = page.Descendants().Attributes("id").Select(a => a.Value).ToList();
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(page.Descendants("a").Attributes("href").Where(h => h.Value.StartsWith('#')), h => Assert.Contains(h.Value[1..], ids));
        Assert.Single(page.Descendants("h1"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_same_result_gives_the_same_page_whatever_the_culture(string kind)
    {
        var first = Page(kind);
        var before = System.Globalization.CultureInfo.CurrentCulture;
        try
        {
            System.Globalization.CultureInfo.CurrentCulture = new("de-DE");
            Assert.Equal(first, Page(kind));
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_ranking_shows_sections_only_of_what_it_has()
    {
        string[] Sections(ZooRank.Ranking.Ranking r) => [.. XDocument.Parse(RankingReport.Of(r)).Descendants("section").Attributes("id").Select(a => a.Value)];
        var whole = MadeResults.Ranking();
        Assert.Equal(["models", "plane", "classes", "metrics", "history", "data", "caveats", "skipped", "methods", "provenance", "cite"], Sections(whole));
        Assert.Equal(["models", "metrics", "data", "methods", "provenance", "cite"], Sections(whole with
        {
            Structure = null,
            History = null,
            Data = null,
            Caveats = [],
            Skipped = [],
            Models = [.. whole.Models.Select(m => m with { Measures = new Dictionary<string, double?> { ["logme"] = 1 } })],
        }));
    }

    [Fact]
    public void A_ranking_without_any_score_is_a_page_too()
    {
        var whole = MadeResults.Ranking();
        var none = whole with { Models = [.. whole.Models.Select(m => m with { Rank = null, Score = null, Interval = null, Group = null, ProbabilityBest = null, Measures = new Dictionary<string, double?> { ["lp_fu"] = null } })] };
        Assert.DoesNotContain("Ranked first", RankingReport.Of(none), StringComparison.Ordinal);
        Assert.Contains(none.Advice, RankingReport.Of(none), StringComparison.Ordinal);
        Assert.NotEmpty(RankingReport.Of(none with { Models = [] }));
    }

    [Fact]
    public void The_least_evaluation_and_an_empty_store_are_pages_too()
    {
        ScoreTable Table(params double[] values) => new(["a", "b", "c"], ["t"], [.. values.Select(v => (IReadOnlyList<double?>)[v])]);
        string[] Sections(string page) => [.. XDocument.Parse(page).Descendants("section").Attributes("id").Select(a => a.Value)];
        var least = Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["logme"] = Table(1, 1, 1) }, Table(0.7, 0.8, 0.9));
        Assert.Equal(["tau", "regret", "scores", "truth", "provenance", "cite"], Sections(EvaluationReport.Of(least with { Caveats = [] })));
        Assert.Equal(["cite"], Sections(TruthReport.Of("empty", new([], []), [])));
    }

    [Fact]
    public void Thumbnails_that_would_make_the_page_too_large_are_thinned_out_and_it_says_so()
    {
        var whole = MadeResults.Ranking();
        var picture = "data:image/png;base64," + new string('A', 40_000);
        var page = RankingReport.Of(whole with { Structure = whole.Structure! with { Points = [.. whole.Structure.Points.Select(p => p with { Thumbnail = picture })] } });
        Assert.True(page.Length < 2_000_000);
        Assert.Contains("Thumbnails of every 4th image only", page, StringComparison.Ordinal);
        Assert.DoesNotContain("data-picture", RankingReport.Of(whole with { Structure = whole.Structure with { Points = [.. whole.Structure.Points.Select(p => p with { Thumbnail = "https://example.org/x.png" })] } }), StringComparison.Ordinal);
    }

    [Fact]
    public void Terms_are_scaled_over_the_zoo_and_reversed_for_architectures()
    {
        (string, double?, double?)[] models = [("a", 0.2, 10.0), ("b", 0.6, 30.0), ("c", 0.3, 15.0), ("d", null, 99.0)];
        var places = QualityUpdatePlane.Places(models, m => m.Item2, m => m.Item3, reversed: false)!;
        Assert.Equal([("a", 0, 0), ("b", 1, 1), ("c", 0.25, 0.25)], places.Select(p => (p.Model.Item1, Math.Round(p.Quality, 12), Math.Round(p.Update, 12))));
        var reversed = QualityUpdatePlane.Places(models, m => m.Item2, m => m.Item3, reversed: true)!;
        Assert.Equal([("a", 1, 1), ("b", 0, 0), ("c", 0.75, 0.75)], reversed.Select(p => (p.Model.Item1, Math.Round(p.Quality, 12), Math.Round(p.Update, 12))));
        Assert.Null(QualityUpdatePlane.Places(models, m => 1, m => m.Item3, reversed: false));
    }

    [Theory]
    [InlineData(Scenario.Source)]
    [InlineData(Scenario.Architecture)]
    public void On_the_plane_of_the_terms_the_product_is_the_score_that_was_evaluated(Scenario scenario)
    {
        var random = new Random(3);
        string[] sources = ["a", "b", "c", "d", "e"], targets = ["t", "u"];
        ScoreTable Table() => ScoreTable.Of(sources, targets, _ => [.. sources.Select(_ => (double?)random.NextDouble())]);
        var e = Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["lp"] = Table(), ["fu"] = Table() }, Table(), new() { Scenario = scenario });
        foreach (var t in targets)
        {
            var places = QualityUpdatePlane.Places(e.Scores["lp"].Sources, s => e.Scores["lp"][s, t], s => e.Scores["fu"][s, t], scenario == Scenario.Architecture)!;
            Assert.All(places, p => Assert.Equal(e.Scores["lp_fu"][p.Model, t]!.Value, p.Quality * p.Update, 1e-12));
        }
    }

    [Theory]
    [InlineData(new[] { 0.13, 0.87 }, 0, 1, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(new[] { -0.31, 0.79 }, -0.5, 1, "−0.50 −0.25 0.00 0.25 0.50 0.75 1.00")]
    [InlineData(new[] { 0.998, 0.9991 }, 0.998, 0.99925, "0.99800 0.99825 0.99850 0.99875 0.99900 0.99925")]
    [InlineData(new[] { 1200.0, 5100 }, 1000, 6000, "1000 2000 3000 4000 5000 6000")]
    [InlineData(new[] { 0.25, 1.25 }, 0.2, 1.4, "0.2 0.4 0.6 0.8 1.0 1.2 1.4")]
    public void An_axis_has_round_ends_and_ticks(double[] values, double low, double high, string labels)
    {
        var scale = Scale.Around(values);
        Assert.Equal((low, high), (Math.Round(scale.Low, 9), Math.Round(scale.High, 9)));
        Assert.Equal(labels, string.Join(' ', scale.Ticks.Select(scale.Label)));
    }

    [Fact]
    public void The_methods_paragraph_has_what_a_reader_needs_to_repeat_it()
    {
        var methods = RankingReport.Methods(MadeResults.Ranking());
        Assert.All((string[])["ZooRank 0.1.0", "arXiv 2412.20172", "300 labelled", "seed 24", "fold 1", "20 random halves", "libtorch 2.10.0"], part => Assert.Contains(part, methods, StringComparison.Ordinal));
    }

    [Fact]
    public void An_evaluation_numbers_every_cell_and_shows_the_difference_that_counts()
    {
        var evaluation = MadeResults.Evaluation();
        var page = XDocument.Parse(EvaluationReport.Of(evaluation));
        var tau = page.Descendants("section").Single(s => (string?)s.Attribute("id") == "tau").Descendants("table").First();
        foreach (var (metric, values) in evaluation.TauW)
        {
            var row = tau.Descendants("tr").Single(r => r.Element("th")?.Value == metric);
            Assert.Equal([.. evaluation.Targets.Select(t => Words.Fixed(values[t], 2))], row.Elements("td").Skip(2).Select(c => c.Value));
        }
        Assert.Contains($"critical difference {Words.Fixed(evaluation.CriticalDifference, 2)}", page.ToString(), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(")]
    private static partial Regex Loads();
}
