using System.Globalization;
using Spectre.Console;
using ZooRank.Evaluation;

namespace ZooRank.Cli.Display;

/// <summary>An evaluation for people.</summary>
internal static class EvaluationTables
{
    public static void Print(MetricEvaluation evaluation, IAnsiConsole console)
    {
        var e = evaluation;
        console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]Weighted τ with AUC[/] ({e.Targets.Count} targets; {e.Scenario}s are compared: {e.ScenarioReason}):");
        List<TableColumnOf> columns = [.. e.TauW.Select(m => new TableColumnOf(m.Key, [.. e.Targets.Select(t => Tau(m.Value[t])), Tau(e.Summary[m.Key].MeanTauW), Interval(e.Summary[m.Key])]))];
        if (e.History is { } h)
        {
            columns.Add(new("history", [.. e.Targets.Select(t => Tau(h.Prior[t])), Tau(h.PriorSummary.MeanTauW), Interval(h.PriorSummary)]));
            if (h is { Blend: { } blend, BlendSummary: { } summary }) columns.Add(new("with history", [.. e.Targets.Select(t => Tau(blend[t])), Tau(summary.MeanTauW), Interval(summary)]));
        }
        columns.Add(new("chance, 95 %", [.. e.Targets.Select(t => Tau(e.Random[t].Percentile95)), Tau(e.RandomMean), ""]));
        if (e.NoiseCeiling.Count > 0) columns.Add(new("ceiling", [.. e.Targets.Select(t => Tau(e.NoiseCeiling.GetValueOrDefault(t)?.BetweenHalves)), Tau(e.NoiseCeiling.Values.Average(n => n.BetweenHalves)), ""]));
        WideTable.Print(new("target", [.. e.Targets, "mean", "95 %"], Left: true), columns, console);

        console.MarkupLine("[bold]Over the targets[/]:");
        var order = e.TauW.Keys.OrderBy(m => e.AverageRanks.GetValueOrDefault(m, double.MaxValue)).ToList();
        string Value(Func<MetricSummary, double?> pick, string m, string format) => pick(e.Summary[m])?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
        WideTable.Print(new("metric", order, Left: true),
        [
            new("average rank", [.. order.Select(m => e.AverageRanks.TryGetValue(m, out var rank) ? rank.ToString("0.00", CultureInfo.InvariantCulture) : "–")]),
            new("mean τ_w", [.. order.Select(m => Value(s => s.MeanTauW, m, "0.000"))]),
            new("regret@1", [.. order.Select(m => Value(s => s.Regret1, m, "0.0000"))]),
            new("worst", [.. order.Select(m => Value(s => s.WorstRegret1, m, "0.0000"))]),
            new("regret@3", [.. order.Select(m => Value(s => s.Regret3, m, "0.0000"))]),
            new("Rel@1", [.. order.Select(m => Value(s => s.Rel1, m, "0.0000"))]),
            new("Rel@3", [.. order.Select(m => Value(s => s.Rel3, m, "0.0000"))]),
        ], console);
        foreach (var sentence in EvaluationWords.Sentences(e)) console.WriteLine(sentence);
        foreach (var caveat in e.Caveats) console.WriteLine($"  - {caveat}");
    }

    private static string Interval(MetricSummary s) => s.Interval is { } i ? $"{Tau(i.Low)} to {Tau(i.High)}" : "–";

    private static string Tau(double? value) => value is { } v ? (Math.Round(v, 2) + 0.0).ToString("0.00;−0.00", CultureInfo.InvariantCulture) : "–";
}
