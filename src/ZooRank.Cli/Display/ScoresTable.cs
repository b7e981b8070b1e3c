using System.Globalization;
using Spectre.Console;
using ZooRank.Ranking;

namespace ZooRank.Cli.Display;

/// <summary>Scores of feature files for people.</summary>
internal static class ScoresTable
{
    private const int Named = 3;

    public static void Print(FeatureScoring scored, IAnsiConsole console)
    {
        foreach (var m in scored.Models.Take(1)) console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"{(scored.Models.Count == 1 ? m.File : $"{scored.Models.Count} models")}: {m.Images} images of {m.Classes} classes.");
        if (scored.Models.Count == 1) PrintOne(scored, console);
        else PrintZoo(scored, console);
        foreach (var caveat in scored.Caveats) console.WriteLine($"  - {caveat}");
    }

    private static void PrintOne(FeatureScoring scored, IAnsiConsole console)
    {
        var (model, withDoubt) = (scored.Models[0], scored.Models[0].Scores.Halves.Values.Any(h => h.Count > 0));
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("metric").NoWrap()).AddColumn(new TableColumn("value").NoWrap());
        if (withDoubt) table.AddColumn(new TableColumn("90 % interval").NoWrap());
        table.AddColumn(new TableColumn("seconds").RightAligned().NoWrap());
        foreach (var metric in scored.Metrics)
        {
            var outcome = model.Scores.Outcomes[metric.Name];
            var interval = withDoubt ? [Interval(scored.Zoo[metric.Name][0].Doubt)] : Array.Empty<string>();
            List<(string Name, string Value)> lines = outcome.Undefined is not null ? [(metric.Name, "undefined")]
                : outcome.Score is { } score ? [(metric.Name, Number(score))]
                : [.. outcome.Parts.Select(p => ($"{metric.Name}.{p.Key}", Number(p.Value)))];
            foreach (var (i, line) in lines.Index())
                table.AddRow([.. ((string[])[line.Name, line.Value, .. interval, i == 0 ? model.Scores.Seconds[metric.Name].ToString("0.000", CultureInfo.InvariantCulture) : ""]).Select(Markup.Escape)]);
        }
        console.Write(table);
        foreach (var reason in model.Scores.Outcomes.Where(o => o.Value.Undefined is not null).GroupBy(o => o.Value.Undefined!)) console.WriteLine($"undefined: {string.Join(", ", reason.Select(r => r.Key))}: {reason.Key}.");
    }

    private static void PrintZoo(FeatureScoring scored, IAnsiConsole console)
    {
        var best = new Table().Border(TableBorder.Simple);
        foreach (var heading in new[] { "metric", "prefers", "best in", "cannot be told from it" }) best.AddColumn(new TableColumn(heading));
        foreach (var metric in scored.Metrics)
        {
            var zoo = scored.Zoo[metric.Name].Select((z, i) => (z, scored.Models[i].Id)).ToList();
            var first = zoo.Where(z => z.z.Rank == 1).ToList();
            if (first.Count == 0)
            {
                var undefined = scored.Models.Any(m => m.Scores.Outcomes[metric.Name].Undefined is not null);
                best.AddRow(Markup.Escape(metric.Name), undefined ? "undefined" : "none: nothing tells them apart", "", "");
                continue;
            }
            var rest = zoo.Where(z => z.z.Doubt.Group == 1 && z.z.Rank != 1).Select(z => z.Id).ToList();
            var share = first[0].z.Doubt.ProbabilityBest is { } p ? string.Create(CultureInfo.InvariantCulture, $"{100 * p:0} %") : "–";
            best.AddRow([.. new[] { metric.Name, Some([.. first.Select(f => f.Id)]), share, rest.Count > 0 ? Some(rest) : first[0].z.Doubt.Group is null ? "–" : "none" }.Select(Markup.Escape)]);
        }
        console.Write(best);
        foreach (var reason in scored.Models.SelectMany(m => m.Scores.Outcomes.Where(o => o.Value.Undefined is not null).Select(o => (m.Id, Metric: o.Key, Why: o.Value.Undefined!))).GroupBy(u => u.Why))
            console.WriteLine($"undefined: {string.Join(", ", reason.Select(r => r.Metric).Distinct())} of {Some([.. reason.Select(r => r.Id).Distinct()])}: {reason.Key}.");
        MetricColumns.Print([.. scored.Models.Select(m => m.Id)], [.. scored.Metrics.Select(m => (m.Name, (IReadOnlyList<double?>)[.. scored.Zoo[m.Name].Select(z => z.Score)]))], console);
    }

    private static string Some(List<string> ids) => ids.Count <= Named ? string.Join(", ", ids) : $"{string.Join(", ", ids.Take(Named))} and {ids.Count - Named} more";

    private static string Interval(ModelDoubt doubt) => doubt.Interval is { } i ? string.Create(CultureInfo.InvariantCulture, $"{i.Low:G4} to {i.High:G4}") : "–";

    private static string Number(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
