using System.Globalization;
using System.Text;
using System.Xml.Linq;
using ZooRank.Evaluation;
using ZooRank.Imaging;
using ZooRank.Metrics;
using ZooRank.Plots;

namespace ZooRank.Tests.Plots;

public sealed class EvaluationFiguresTests : IDisposable
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Scenario.Source)]
    [InlineData(Scenario.Architecture)]
    public void Every_figure_is_written_in_all_formats_and_names_what_it_shows(Scenario scenario)
    {
        var evaluation = Published(scenario);
        var (figures, leftOut) = EvaluationFigures.Of(evaluation);
        Assert.Empty(leftOut);
        Assert.Equal(["auc", "quality-and-update", "ablation", "critical-difference", "score-against-auc"], figures.Select(f => f.Name));
        var text = new Dictionary<string, List<string>>();
        foreach (var figure in figures)
        {
            var files = figure.Save(folder.Path);
            Assert.Equal([$"{figure.Name}.svg", $"{figure.Name}.pdf", $"{figure.Name}.png"], files.Select(Path.GetFileName));
            text[figure.Name] = Words(files[0]);
            Assert.StartsWith("%PDF-", Encoding.Latin1.GetString(File.ReadAllBytes(files[1])), StringComparison.Ordinal);
            Assert.Equal(1600, ImageDecoder.Decode(files[2]).Width);
        }
        Assert.Empty(((string[])[.. evaluation.Truth.Sources, .. evaluation.Truth.Targets]).Except(text["auc"]));
        Assert.Equal(evaluation.Truth.Values.Sum(row => row.Count(v => v is not null)), text["auc"].Count(t => t.Length == 5 && t[2] == '.'));
        foreach (var name in (string[])["quality-and-update", "ablation"]) Assert.Empty(evaluation.Targets.Except(text[name]));
        Assert.All(evaluation.Compared, m => Assert.Contains(text["critical-difference"], t => t.StartsWith(m + " ", StringComparison.Ordinal)));
        Assert.Contains("critical difference 2.716", text["critical-difference"]);
        Assert.All(evaluation.Targets, t => Assert.Contains(text["score-against-auc"], w => w.StartsWith(t + " ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(Scenario.Source)]
    [InlineData(Scenario.Architecture)]
    public void No_words_leave_the_picture_and_names_of_points_do_not_overlap(Scenario scenario)
    {
        foreach (var figure in EvaluationFigures.Of(Published(scenario)).Figures)
        {
            var document = XDocument.Load(figure.Save(folder.Path)[0]);
            var view = ((string)document.Root!.Attribute("viewBox")!).Split(' ').Select(v => double.Parse(v, CultureInfo.InvariantCulture)).ToArray();
            var boxes = document.Descendants(Svg + "text").Select(Box).OfType<(string Text, double Left, double Right, double Top, double Bottom)>().ToList();
            Assert.All(boxes, b => Assert.True(b.Left >= 0 && b.Right <= view[2] && b.Top >= 0 && b.Bottom <= view[3], $"{figure.Name}: '{b.Text}' leaves the picture: {b}"));
            foreach (var (i, a) in boxes.Index())
                Assert.All(boxes.Skip(i + 1), b => Assert.False(a.Left < b.Right - 1 && b.Left < a.Right - 1 && a.Top < b.Bottom - 2 && b.Top < a.Bottom - 2, $"{figure.Name}: '{a.Text}' overlaps '{b.Text}'"));
        }
    }

    [Fact]
    public void The_ablation_gives_the_means_of_the_evaluation()
    {
        var words = string.Join("\n", Words(EvaluationFigures.Of(Published(Scenario.Source)).Figures.Single(f => f.Name == "ablation").Save(folder.Path)[0]));
        var summary = Published(Scenario.Source).Summary;
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"LP {summary["lp"].MeanTauW:0.000}, FU {summary["fu"].MeanTauW:0.000}, LP × FU {summary["lp_fu"].MeanTauW:0.000}."), words, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_drawn_is_left_out_with_the_reason()
    {
        var study = PublishedStudy.Of(Scenario.Source);
        var evaluation = Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["leep"] = study.Scores["leep"] }, study.Truth);
        var (figures, leftOut) = EvaluationFigures.Of(evaluation);
        Assert.Equal(["auc", "score-against-auc"], figures.Select(f => f.Name));
        Assert.Equal(3, leftOut.Count);
        Assert.Contains(leftOut, why => why.Contains("lp_fu as their product", StringComparison.Ordinal));
        Assert.Contains("leep against AUC after fine-tuning, sources compared", Words(figures[1].Save(folder.Path)[0]));
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 40)]
    [InlineData(30, 3)]
    public void Other_numbers_of_targets_and_sources_and_long_names_can_be_drawn(int targets, int sources)
    {
        var random = new Random(1);
        ScoreTable Table() => ScoreTable.Of([.. Enumerable.Range(0, sources).Select(i => $"a source with a very long name, the {i}th")], [.. Enumerable.Range(0, targets).Select(i => $"target number {i}")], _ => [.. Enumerable.Range(0, sources).Select(_ => (double?)random.NextDouble())]);
        var evaluation = Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["lp"] = Table(), ["fu"] = Table(), ["leep"] = Table() }, Table());
        var (figures, leftOut) = EvaluationFigures.Of(evaluation);
        Assert.Equal(targets > 1 ? 0 : 1, leftOut.Count);
        foreach (var figure in figures) Assert.NotEmpty(Words(figure.Save(folder.Path)[0]));
    }

    private static MetricEvaluation Published(Scenario scenario) => Evaluator.Evaluate(PublishedStudy.Of(scenario).Scores, PublishedStudy.Of(scenario).Truth, new() { Scenario = scenario });

    private static List<string> Words(string svg) => [.. XDocument.Load(svg).Descendants(Svg + "text").Select(t => t.Value)];

    // Letters stand at most 0.75 of their size above the line and 0.2 below it; null for turned text.
    private static (string Text, double Left, double Right, double Top, double Bottom)? Box(XElement text)
    {
        double Number(string name, double otherwise = 0) => text.Attribute(name) is { } a ? double.Parse(a.Value, CultureInfo.InvariantCulture) : otherwise;
        var (dx, dy) = (0.0, 0.0);
        foreach (var transform in text.AncestorsAndSelf().Attributes("transform"))
        {
            if (!transform.Value.StartsWith("translate(", StringComparison.Ordinal) || transform.Value.Contains("rotate", StringComparison.Ordinal)) return null;
            var by = transform.Value["translate(".Length..^1].Split(' ', ',').Select(v => double.Parse(v, CultureInfo.InvariantCulture)).ToArray();
            (dx, dy) = (dx + by[0], dy + (by.Length > 1 ? by[1] : 0));
        }
        var (x, y, size) = (Number("x") + dx, Number("y") + dy, Number("font-size"));
        return (text.Value, x, x + Number("textLength", 0.5 * size), y - (0.75 * size), y + (0.2 * size));
    }
}
