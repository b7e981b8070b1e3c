using System.Globalization;
using Spectre.Console;

namespace ZooRank.Cli.Display;

/// <summary>Models against metrics, broken into as many tables as the width needs; the best of each column stands out.</summary>
internal static class MetricColumns
{
    private const int Gap = 3;

    public static void Print(IReadOnlyList<string> models, IReadOnlyList<(string Name, IReadOnlyList<double?> Scores)> metrics, IAnsiConsole console)
    {
        var columns = metrics.Where(m => m.Scores.Any(s => s is not null)).Select(m => (m.Name, Best: m.Scores.Max(), Cells: m.Scores.Select(s => s?.ToString("G4", CultureInfo.InvariantCulture) ?? "–").ToList(), m.Scores)).ToList();
        for (var from = 0; from < columns.Count;)
        {
            var (width, to) = (models.Max(m => m.Length) + Gap, from);
            while (to < columns.Count && (to == from || width + Width(columns[to]) <= console.Profile.Width)) width += Width(columns[to++]);
            var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("model").NoWrap());
            foreach (var column in columns[from..to]) table.AddColumn(new TableColumn(Markup.Escape(column.Name)).RightAligned().NoWrap());
            for (var i = 0; i < models.Count; i++)
                table.AddRow([Markup.Escape(models[i]), .. columns[from..to].Select(c => c.Scores[i] is { } s && s == c.Best ? $"[bold]{Markup.Escape(c.Cells[i])}[/]" : Markup.Escape(c.Cells[i]))]);
            console.Write(table);
            from = to;
        }

        static int Width((string Name, double? Best, List<string> Cells, IReadOnlyList<double?> Scores) column) => Math.Max(column.Name.Length, column.Cells.Max(c => c.Length)) + Gap;
    }
}
