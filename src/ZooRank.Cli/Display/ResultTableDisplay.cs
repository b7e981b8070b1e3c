using Spectre.Console;
using ZooRank.Evaluation;

namespace ZooRank.Cli.Display;

/// <summary>A table of results on the terminal.</summary>
internal static class ResultTableDisplay
{
    public static void Print(ResultTable table, IAnsiConsole console)
    {
        console.MarkupLine($"[bold]{Markup.Escape(table.Title)}[/]");
        WideTable.Print(
            new(table.Columns[0], [.. table.Rows.Select(r => r.Name)], Left: true),
            [.. table.Columns.Skip(1).Select((heading, c) => new TableColumnOf(heading, [.. table.Rows.Select(r => r.Cells[c].Text)], Emphasis: row => table.Rows[row].Cells[c].Best))],
            console);
        foreach (var note in table.Notes) console.WriteLine(note);
        console.WriteLine();
    }
}
