using System.Globalization;
using Spectre.Console;

namespace ZooRank.Cli.Display;

/// <summary>A ranking for people: the table, the advice, what to bear in mind.</summary>
internal static class RankingTable
{
    private const int ShownCaveats = 12;

    public static void Print(Ranking.Ranking ranking) => Print(ranking, Terminal.Output);

    public static void Print(Ranking.Ranking ranking, IAnsiConsole console)
    {
        var target = ranking.Target;
        console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]{target.Name}[/]: {target.ProbeImages} images of {target.Classes.Count} classes measured. Compared: {ranking.ScenarioReason}.");
        var table = new Table().Border(console.Profile.Out.IsTerminal ? TableBorder.Rounded : TableBorder.Simple);
        table.AddColumn(new TableColumn("rank").RightAligned());
        table.AddColumn(new TableColumn("model").NoWrap());
        foreach (var heading in new[] { "score", "S_LP", "S_FU", "best in", "seconds" }) table.AddColumn(new TableColumn(heading).RightAligned().NoWrap());
        foreach (var m in ranking.Models)
        {
            var first = m.Rank == 1;
            Markup Cell(string text) => new(first ? $"[bold]{Markup.Escape(text)}[/]" : Markup.Escape(text));
            table.AddRow(
                Cell(m.Rank?.ToString(CultureInfo.InvariantCulture) ?? "–"), Cell(m.Id), Cell(Number(m.Score, "0.000")), Cell(Number(m.Measures["lp"], "0.0000")), Cell(Number(m.Measures["fu"], "0.0000")),
                Cell(m.ProbabilityBest is { } p ? Math.Round(100 * p, MidpointRounding.AwayFromZero).ToString(CultureInfo.InvariantCulture) + " %" : "–"),
                Cell(m.Seconds.ToString("0.0", CultureInfo.InvariantCulture) + (m.Cached ? " (cached)" : "")));
        }
        console.Write(table);
        console.WriteLine(ranking.Advice);
        if (ranking.Skipped.Count > 0)
        {
            console.WriteLine();
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]Skipped[/] ({ranking.Skipped.Count}):");
            foreach (var s in ranking.Skipped) console.WriteLine($"  {s.Id}: {s.Reason}");
        }
        if (ranking.Caveats.Count > 0)
        {
            console.WriteLine();
            console.MarkupLine("[bold]Bear in mind[/]:");
            var lines = Merged(ranking.Caveats).ToList();
            foreach (var line in lines.Take(ShownCaveats)) console.WriteLine($"  - {line}");
            if (lines.Count > ShownCaveats) console.WriteLine($"  - and {lines.Count - ShownCaveats} more: see them all with --json.");
        }
    }

    // The same caveat about several models is one line.
    private static IEnumerable<string> Merged(IReadOnlyList<Caveat> caveats) =>
        caveats.GroupBy(c => (c.Code, c.Message)).Select(g =>
        {
            var about = g.Select(c => c.About).OfType<string>().ToList();
            return about.Count switch
            {
                0 => g.Key.Message,
                <= 3 => $"{string.Join(", ", about)}: {g.Key.Message}",
                _ => $"{about.Count} of the models ({string.Join(", ", about.Take(2))}, …): {g.Key.Message}",
            };
        });

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
