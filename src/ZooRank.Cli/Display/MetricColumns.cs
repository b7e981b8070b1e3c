using System.Globalization;
using Spectre.Console;

namespace ZooRank.Cli.Display;

/// <summary>Models against metrics; the best of each column stands out.</summary>
internal static class MetricColumns
{
    public static void Print(IReadOnlyList<string> models, IEnumerable<(string Name, IReadOnlyList<double?> Scores)> metrics, IAnsiConsole console) => WideTable.Print(
        new("model", models, Left: true),
        [.. metrics.Where(m => m.Scores.Any(s => s is not null)).Select(m => new TableColumnOf(m.Name, [.. m.Scores.Select(s => s?.ToString("G4", CultureInfo.InvariantCulture) ?? "–")], Emphasis: row => m.Scores[row] is { } s && s == m.Scores.Max()))],
        console);
}
