using Spectre.Console;

namespace ZooRank.Cli.Display;

/// <param name="Heading">Above the column.</param>
/// <param name="Cells">One for each row, as plain text.</param>
/// <param name="Left">Words stand left, numbers right.</param>
/// <param name="Emphasis">Rows whose cell stands out.</param>
internal sealed record TableColumnOf(string Heading, IReadOnlyList<string> Cells, bool Left = false, Func<int, bool>? Emphasis = null);

/// <summary>A table with many columns: where the terminal is too narrow, it goes on in another below, the first column repeated. Nothing is cut or broken.</summary>
internal static class WideTable
{
    private const int Padding = 3;   // of each column, border included

    public static void Print(TableColumnOf key, IReadOnlyList<TableColumnOf> columns, IAnsiConsole console)
    {
        for (var from = 0; from < columns.Count;)
        {
            var (width, to) = (1 + Width(key), from);
            while (to < columns.Count && (to == from || width + Width(columns[to]) <= console.Profile.Width)) width += Width(columns[to++]);
            var table = new Table().Border(console.Profile.Out.IsTerminal ? TableBorder.Rounded : TableBorder.Simple);
            TableColumnOf[] shown = [key, .. columns.Take(to).Skip(from)];
            foreach (var column in shown)
            {
                var heading = new TableColumn(Markup.Escape(column.Heading)).NoWrap();
                table.AddColumn(column.Left ? heading : heading.RightAligned());
            }
            for (var row = 0; row < key.Cells.Count; row++)
                table.AddRow([.. shown.Select(c => c.Emphasis?.Invoke(row) == true ? $"[bold]{Markup.Escape(c.Cells[row])}[/]" : Markup.Escape(c.Cells[row]))]);
            console.Write(table);
            from = to;
        }
    }

    private static int Width(TableColumnOf column) => column.Cells.Append(column.Heading).Max(c => c.Length) + Padding;
}
