using System.Globalization;
using Spectre.Console;
using ZooRank.Ranking;

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
        string[] shown = [ranking.Metric, .. MainMeasures.Select(m => m.Name)];
        var others = ranking.Provenance.Metrics.Except(shown).Except(["nca_objective"]).ToList();
        var columns = Columns(ranking);
        TableColumnOf Column((string Heading, Func<RankedModel, string> Cell) c, bool left = false) => new(c.Heading, [.. ranking.Models.Select(c.Cell)], left, row => ranking.Models[row].Rank == 1);
        WideTable.Print(Column(("model", m => m.Id), left: true), [.. columns.Select(c => Column(c))], console);
        console.WriteLine(ranking.Advice);
        if (others.Count > 0)
        {
            console.WriteLine();
            console.MarkupLine("[bold]Every metric[/] (higher is better; what they mean: zoorank metrics):");
            MetricColumns.Print([.. ranking.Models.Select(m => m.Id)], [.. others.Select(name => (name, (IReadOnlyList<double?>)[.. ranking.Models.Select(m => m.Measures.GetValueOrDefault(name))]))], console);
            foreach (var reason in ranking.Models.SelectMany(m => m.Undefined).Where(u => others.Contains(u.Key)).GroupBy(u => u.Value)) console.WriteLine($"  undefined: {string.Join(", ", reason.Select(r => r.Key).Distinct())}: {reason.Key}.");
        }
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

    private static readonly (string Name, string Heading)[] MainMeasures = [("lp", "S_LP"), ("fu", "S_FU"), ("knn", "k-NN")];

    private static List<(string Heading, Func<RankedModel, string> Cell)> Columns(Ranking.Ranking ranking)
    {
        var models = ranking.Models;
        var columns = new List<(string, Func<RankedModel, string>)>
        {
            ("rank", m => m.Rank?.ToString(CultureInfo.InvariantCulture) ?? "–"),
            (ranking.Metric is "lp_fu" ? "score" : ranking.Metric, m => Number(m.Score, "0.000")),
        };
        if (models.Any(m => m.Interval is not null)) columns.Add(("90 % within", m => m.Interval is { } i && i[1] > i[0] ? $"{Number(i[0], "0.00")}{(i[0] < 0 ? " to " : "–")}{Number(i[1], "0.00")}" : "–"));
        columns.Add(("best in", m => m.ProbabilityBest is { } p ? Math.Round(100 * p, MidpointRounding.AwayFromZero).ToString(CultureInfo.InvariantCulture) + " %" : "–"));
        if (models.Any(m => m.Group is not null)) columns.Add(("group", m => m.Group?.ToString(CultureInfo.InvariantCulture) ?? "–"));
        foreach (var (name, heading) in MainMeasures.Where(x => x.Name != ranking.Metric && models.Any(m => m.Measures.ContainsKey(x.Name)))) columns.Add((heading, m => Number(m.Measures.GetValueOrDefault(name), "0.0000")));
        // What looks at no image of the target stands beside what does: it is hard to beat.
        columns.Add(("params", m => string.Create(CultureInfo.InvariantCulture, $"{m.Parameters / 1e6:0.0} M")));
        if (models.Any(m => m.ImagenetTop1 is not null)) columns.Add(("ImageNet", m => Number(m.ImagenetTop1, "0.0")));
        if (models.Any(m => m.Prior is not null)) columns.Add(("prior", m => m.Prior is { } p ? string.Create(CultureInfo.InvariantCulture, $"{p.MeanRank:0.0} of {p.Of}") : "–"));
        return columns;
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
