using System.Globalization;
using System.Text;
using System.Xml.Linq;
using ZooRank.Imaging;
using ZooRank.Plots;
using ZooRank.Runs;
using ZooRank.Tests.Runs;

namespace ZooRank.Tests.Plots;

public sealed class LearningCurvesTests : IDisposable
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Cases => ["the paper's grid", "one run", "one epoch", "long names", "nothing finished", "many rates"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void No_text_overlaps_another_or_leaves_the_picture(string name)
    {
        var (runs, best) = Case(name);
        var svg = Drawn(runs, best);
        var view = ((string)svg.Root!.Attribute("viewBox")!).Split(' ').Select(v => double.Parse(v, CultureInfo.InvariantCulture)).ToArray();
        var boxes = svg.Descendants(Svg + "text").Select(Box).ToList();
        Assert.True(boxes.Count > 10);
        Assert.All(boxes, b => Assert.True(b.Left >= 0 && b.Right <= view[2] && b.Top >= 0 && b.Bottom <= view[3], $"'{b.Text}' leaves the picture: {b}"));
        foreach (var (a, i) in boxes.Select((b, i) => (b, i)))
            Assert.All(boxes.Skip(i + 1), b => Assert.False(a.Left < b.Right && b.Left < a.Right && a.Top < b.Bottom && b.Top < a.Bottom, $"'{a.Text}' overlaps '{b.Text}'"));
    }

    [Fact]
    public void Every_run_is_a_line_in_each_panel_and_the_best_is_in_front()
    {
        var runs = MadeRuns.Grid();
        var best = runs.Where(r => r.Status == RunStatus.Finished).MinBy(r => r.ValidationLoss)!;
        var lines = Drawn(runs, best).Descendants(Svg + "path")
            .Where(p => ((string)p.Attribute("d")!) is var d && d.Count(c => c == 'L') > 1 && d.Count(c => c == 'M') == 1).ToList();   // neither ticks nor grid
        // 119 others, and the best with its white edge, in each of three panels.
        Assert.Equal(3 * (runs.Count + 1), lines.Count);
        Assert.Equal(best.Curve.Count - 1, ((string)lines[runs.Count].Attribute("d")!).Count(c => c == 'L'));
        Assert.Equal("#D5490B", (string?)lines[runs.Count].Attribute("stroke"));
    }

    [Fact]
    public void The_picture_says_which_run_was_kept_and_where()
    {
        var record = MadeRuns.Finished(MadeRuns.Configuration(rate: 1e-5), 40);
        var text = string.Join("\n", Drawn([record, MadeRuns.Drawn(MadeRuns.Configuration())], record).Descendants(Svg + "text").Select(t => t.Value));
        Assert.Contains("imagenet, fine-tuned on breastmnist", text, StringComparison.Ordinal);
        Assert.Contains("2 runs.\nBest by validation loss: learning rate 1e−5, momentum 0.9, weight decay 0.0001, batch 64.", text, StringComparison.Ordinal);
        Assert.Contains("Kept (the dot): epoch 38, validation AUC 0.875, test AUC 0.859.", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Png_has_twice_the_size_and_the_best_runs_colour()
    {
        var (runs, best) = Case("the paper's grid");
        LearningCurves.Draw(runs, best).Save(folder["c.png"]);
        var image = ImageDecoder.Decode(folder["c.png"]);
        Assert.Equal(1600, image.Width);
        Assert.InRange(image.Height, 1600, 2400);
    }

    [Fact]
    public void Pdf_is_one_page_with_its_font_in_it()
    {
        var (runs, best) = Case("one run");
        LearningCurves.Draw(runs, best).Save(folder["c.pdf"]);
        var pdf = Encoding.Latin1.GetString(File.ReadAllBytes(folder["c.pdf"]));
        Assert.StartsWith("%PDF-", pdf, StringComparison.Ordinal);
        Assert.Contains("OpenSans", pdf, StringComparison.Ordinal);
        Assert.Contains("/FontFile2", pdf, StringComparison.Ordinal);
        Assert.Contains("/Count 1", pdf, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_ending_is_an_error_that_lists_them()
    {
        var (runs, best) = Case("one run");
        var e = Assert.Throws<InvalidInputException>(() => LearningCurves.Draw(runs, best).Save(folder["c.gif"]));
        Assert.Contains("Choose .svg, .pdf or .png", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_without_curves_are_an_error_and_among_others_left_out()
    {
        var imported = MadeRuns.Finished(MadeRuns.Configuration(), 3) with { Curve = [] };
        Assert.Throws<InvalidInputException>(() => LearningCurves.Draw([imported], imported));
        var text = string.Join("\n", Drawn([imported, MadeRuns.Drawn(MadeRuns.Configuration(rate: 0.1))], imported).Descendants(Svg + "text").Select(t => t.Value));
        Assert.Contains("1 run.", text, StringComparison.Ordinal);
    }

    private static (IReadOnlyList<RunRecord> Runs, RunRecord? Best) Case(string name)
    {
        IReadOnlyList<RunRecord> runs = name switch
        {
            "one run" => [MadeRuns.Drawn(MadeRuns.Configuration(0.001))],
            "one epoch" => [MadeRuns.Finished(MadeRuns.Configuration(), 1)],
            "long names" => MadeRuns.Grid(new string('s', 60) + " pretrained on a very long name", new string('t', 60)),
            "nothing finished" => [.. MadeRuns.Grid().Where(r => r.Status == RunStatus.Diverged)],
            "many rates" => [.. Enumerable.Range(1, 12).Select(i => MadeRuns.Drawn(MadeRuns.Configuration(0.001 * i)))],
            _ => MadeRuns.Grid(),
        };
        return (runs, runs.Where(r => r.Status == RunStatus.Finished).MinBy(r => r.ValidationLoss));
    }

    private XDocument Drawn(IReadOnlyList<RunRecord> runs, RunRecord? best)
    {
        LearningCurves.Draw(runs, best).Save(folder["c.svg"]);
        return XDocument.Load(folder["c.svg"]);
    }

    // Letters stand at most 0.8 of their size above the line and 0.25 below it; turned text does not occur.
    private static (string Text, double Left, double Right, double Top, double Bottom) Box(XElement text)
    {
        double Number(string name, double otherwise = 0) => text.Attribute(name) is { } a ? double.Parse(a.Value, CultureInfo.InvariantCulture) : otherwise;
        var (dx, dy) = (0.0, 0.0);
        foreach (var transform in text.AncestorsAndSelf().Attributes("transform"))
        {
            Assert.StartsWith("translate(", transform.Value, StringComparison.Ordinal);
            var by = transform.Value["translate(".Length..^1].Split(' ', ',').Select(v => double.Parse(v, CultureInfo.InvariantCulture)).ToArray();
            (dx, dy) = (dx + by[0], dy + (by.Length > 1 ? by[1] : 0));
        }
        var (x, y, size) = (Number("x") + dx, Number("y") + dy, Number("font-size"));
        return (text.Value, x, x + Number("textLength", 0.5 * size), y - 0.8 * size, y + 0.25 * size);
    }
}
