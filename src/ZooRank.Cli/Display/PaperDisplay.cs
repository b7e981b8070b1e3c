using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;
using ZooRank.Evaluation;
using ZooRank.Files;
using ZooRank.Plots;

namespace ZooRank.Cli.Display;

/// <summary>The paper's tables and figures: printed, as JSON, and as a folder.</summary>
internal static class PaperDisplay
{
    private static readonly PaperJson Context = new(new JsonSerializerOptions(PaperJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    // Of the paper's figures these two are known by number; the others are named by what they show.
    private static readonly Dictionary<string, string> Numbered = new() { ["auc"] = "figure-4-auc", ["ablation"] = "figure-6-ablation" };

    public static string Json(PaperReproduction paper) => JsonSerializer.Serialize(paper, Context.PaperReproduction);

    public static void Print(PaperReproduction paper, IAnsiConsole console)
    {
        foreach (var table in paper.Tables) ResultTableDisplay.Print(table, console);
        console.MarkupLine("[bold]Printed and recomputed[/]");
        WideTable.Print(
            new("where", [.. paper.Printed.Select(p => p.Where)], Left: true),
            [new("printed", [.. paper.Printed.Select(p => p.Printed)]), new("recomputed", [.. paper.Printed.Select(p => p.Recomputed)]), new("", [.. paper.Printed.Select(p => p.Agrees ? "agrees" : "differs")], Left: true, row => !paper.Printed[row].Agrees)],
            console);
        foreach (var why in paper.Printed.Where(p => !p.Agrees).GroupBy(p => p.Explanation)) console.WriteLine($"{string.Join("; ", why.Select(p => p.Where))}: {why.Key}");
        console.WriteLine(PaperReproduction.Scope);
        console.WriteLine($"{paper.Citation}. Published numbers: {paper.DataLicence}.");
    }

    /// <summary>The printed numbers beside the recomputed ones.</summary>
    public static ResultTable Compared(PaperReproduction paper) => new(
        "printed-and-recomputed", "Printed and recomputed", ["where", "printed", "recomputed", "explanation"],
        [.. paper.Printed.Select(p => new ResultRow(p.Where, [new(p.Printed), new(p.Recomputed), new(p.Agrees ? "agrees" : p.Explanation!)]))],
        [PaperReproduction.Scope]);

    public static IEnumerable<EvaluationFigure> Figures(PaperReproduction paper) =>
    [
        .. EvaluationFigures.Of(paper.Sources).Figures.Select(f => f with { Name = Numbered.GetValueOrDefault(f.Name, f.Name), Shows = $"Sources under ResNet18: {f.Shows}" }),
        .. EvaluationFigures.Of(paper.Architectures).Figures.Select(f => f with { Name = f.Name + "-architectures", Shows = $"Architectures from ImageNet: {f.Shows}" }),
    ];

    /// <summary>Writes the tables as Markdown, LaTeX and CSV, the figures as SVG, PDF and PNG, all as JSON, and a README.md that leads to them.</summary>
    public static void Write(PaperReproduction paper, string folder)
    {
        List<ResultTable> tables = [.. paper.Tables, Compared(paper)];
        foreach (var table in tables) TableFormats.Write(folder, table);
        var figures = Figures(paper).ToList();
        foreach (var figure in figures) figure.Save(folder);
        AtomicFile.WriteText(Path.Combine(folder, "paper.json"), Json(paper) + "\n");

        var text = new StringBuilder("# The tables and figures of arXiv 2412.20172, recomputed\n\n");
        text.Append(paper.Citation).Append(".\nRecomputed from the numbers published with it: ").Append(paper.DataLicence).Append(". Written by `zoorank paper`, version ").Append(paper.Sources.Zoorank).Append(".\n\n");
        text.Append("Only the numbers of tables 2 to 5, figure 4 (the heat map) and figure 6 (the ablation) are taken from the paper; the other figures are named by what they show. `paper.json` holds everything.\n\n## Tables\n");
        foreach (var table in tables) text.Append("\n<a id=\"").Append(table.Name).Append("\"></a>\n").Append(TableFormats.Markdown(table)).Append("\nFiles: ").Append(Links(table.Name, TableFormats.Endings)).Append('\n');
        text.Append("\n## Figures\n");
        foreach (var figure in figures) text.Append("\n### ").Append(figure.Shows).Append("\n\n![").Append(figure.Shows).Append("](").Append(figure.Name).Append(".svg)\n\nFiles: ").Append(Links(figure.Name, Figure.Endings)).Append('\n');
        AtomicFile.WriteText(Path.Combine(folder, "README.md"), text.ToString());
    }

    private static string Links(string name, IEnumerable<string> endings) => string.Join(", ", endings.Select(e => $"[{name}{e}]({name}{e})"));
}
