using System.Text;
using ZooRank.Files;

namespace ZooRank.Evaluation;

/// <param name="Text">As people read it, rounded; "–" where there is nothing.</param>
/// <param name="Value">All digits; null where there is no number.</param>
/// <param name="Best">Stands out: the best of its kind.</param>
public sealed record ResultCell(string Text, double? Value = null, bool Best = false);

/// <param name="Name">What the row is of.</param>
/// <param name="Cells">One for each column but the first.</param>
/// <param name="Apart">A line is drawn above it: what follows sums up.</param>
public sealed record ResultRow(string Name, IReadOnlyList<ResultCell> Cells, bool Apart = false);

/// <summary>A table of results, to be printed or written.</summary>
/// <param name="Name">Of its files, without ending.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Columns">The headings: that of the rows' names, then one for each cell.</param>
/// <param name="Rows">In order.</param>
/// <param name="Notes">What the tests say, and what a reader must know: a sentence each.</param>
public sealed record ResultTable(string Name, string Title, IReadOnlyList<string> Columns, IReadOnlyList<ResultRow> Rows, IReadOnlyList<string> Notes);

/// <summary>Tables of results as Markdown, LaTeX (with the package booktabs) and CSV.</summary>
public static class TableFormats
{
    private const int ManyColumns = 9, LongText = 60;   // beyond which a page's width is short

    /// <summary>Markdown and LaTeX hold what people read, the CSV every digit.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".md", ".tex", ".csv"];

    /// <summary>Writes a table into a folder in all three formats.</summary>
    /// <returns>The files.</returns>
    /// <exception cref="InvalidInputException">The place cannot be written.</exception>
    public static IReadOnlyList<string> Write(string folder, ResultTable table)
    {
        string File(string ending) => Path.Combine(folder, table.Name + ending);
        AtomicFile.WriteText(File(".md"), Markdown(table));
        AtomicFile.WriteText(File(".tex"), Latex(table));
        CsvFile.Write(File(".csv"), table.Columns, table.Rows.Select(row => (IEnumerable<string>)[row.Name, .. row.Cells.Select(Csv)]));
        return [.. Endings.Select(File)];
    }

    public static string Markdown(ResultTable table)
    {
        var text = new StringBuilder();
        string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |\n";
        string Cell(ResultCell cell) => cell.Best ? $"**{InMarkdown(cell.Text)}**" : InMarkdown(cell.Text);
        text.Append("**").Append(InMarkdown(table.Title)).Append("**\n\n");
        text.Append(Line(table.Columns.Select(InMarkdown))).Append(Line(["---", .. table.Columns.Skip(1).Select((_, c) => IsNumeric(table, c) ? "--:" : "---")]));
        foreach (var row in table.Rows) text.Append(Line([row.Apart || Summing(table, row) ? $"*{InMarkdown(row.Name)}*" : InMarkdown(row.Name), .. row.Cells.Select(Cell)]));
        foreach (var note in table.Notes) text.Append('\n').Append(InMarkdown(note)).Append('\n');
        return text.ToString();
    }

    public static string Latex(ResultTable table)
    {
        var text = new StringBuilder("% needs \\usepackage{booktabs}\n\\begin{table}\n  \\centering\n");
        string Line(IEnumerable<string> cells) => $"    {string.Join(" & ", cells)} \\\\\n";
        string Cell(ResultCell cell) => cell.Best ? $"\\textbf{{{InLatex(cell.Text)}}}" : InLatex(cell.Text);
        text.Append("  \\caption{").Append(InLatex(string.Join(" ", (string[])[table.Title + ".", .. table.Notes]))).Append("}\n  \\label{tab:").Append(table.Name).Append("}\n");
        if (table.Columns.Count > ManyColumns) text.Append("  \\scriptsize\\setlength{\\tabcolsep}{3pt}\n");
        string Column(int c) => IsNumeric(table, c) ? "r" : table.Rows.Any(r => r.Cells[c].Text.Length > LongText) ? "p{0.4\\linewidth}" : "l";
        text.Append("  \\begin{tabular}{l").AppendJoin("", table.Columns.Skip(1).Select((_, c) => Column(c))).Append("}\n    \\toprule\n");
        text.Append(Line(table.Columns.Select(InLatex))).Append("    \\midrule\n");
        foreach (var row in table.Rows) text.Append(row.Apart ? "    \\midrule\n" : "").Append(Line([InLatex(row.Name), .. row.Cells.Select(Cell)]));
        return text.Append("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n").ToString();
    }

    /// <summary>Text in which nothing means anything to Markdown's tables and emphasis.</summary>
    public static string InMarkdown(string text) => Escaped(text, c => c switch
    {
        '\\' or '|' or '*' or '_' or '`' or '[' or ']' or '#' => $"\\{c}",
        '<' => "&lt;",
        '>' => "&gt;",
        '&' => "&amp;",
        '\n' or '\r' => " ",
        _ => null,
    });

    /// <summary>Text in which nothing means anything to LaTeX; signs that its usual fonts lack in text become mathematics.</summary>
    public static string InLatex(string text) => Escaped(text.Replace("τ_w", "\u0001", StringComparison.Ordinal), c => c switch
    {
        '\u0001' => "$\\tau_w$",
        '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{c}",
        '\\' => "\\textbackslash{}",
        '~' => "\\textasciitilde{}",
        '^' => "\\textasciicircum{}",
        '−' => "$-$",
        '–' => "--",
        '×' => "$\\times$",
        '±' => "$\\pm$",
        '<' => "$<$",
        '>' => "$>$",
        'α' => "$\\alpha$",
        'τ' => "$\\tau$",
        'χ' => "$\\chi$",
        '²' => "$^2$",
        '\n' or '\r' => " ",
        _ => null,
    });

    private static string Escaped(string text, Func<char, string?> escape) => string.Concat(text.Select(c => escape(c) ?? c.ToString()));

    private static string Csv(ResultCell cell) => cell.Value is { } value ? CsvFile.Text(value) : cell.Text is "–" ? "" : cell.Text;

    // A row after a line belongs to those that sum up.
    private static bool Summing(ResultTable table, ResultRow row) => table.Rows.TakeWhile(r => !ReferenceEquals(r, row)).Any(r => r.Apart);

    private static bool IsNumeric(ResultTable table, int column) => table.Rows.Any(r => r.Cells[column].Value is not null);
}
