using System.Globalization;

namespace ZooRank.Evaluation;

/// <summary>The tables of an evaluation, as the paper has them: τ_w of every metric on every target, what sums it up, and the AUCs.</summary>
public static class ResultTables
{
    /// <summary>All tables of an evaluation, under names that do for files.</summary>
    public static IReadOnlyList<ResultTable> Of(MetricEvaluation e) =>
        [WeightedTau(e, "weighted-tau", $"Weighted τ of the metrics with AUC, {e.Scenario}s compared", [.. e.TauW.Keys]), Summary(e), Auc(e, "auc", $"AUC × 100 after fine-tuning: {e.Scenario}s and targets")];

    /// <summary>τ_w to two decimals, a row for each target, then mean and average rank; the best of each row stands out.</summary>
    /// <param name="e">Whose.</param>
    /// <param name="name">Of the files.</param>
    /// <param name="title">What it shows.</param>
    /// <param name="metrics">In the columns.</param>
    public static ResultTable WeightedTau(MetricEvaluation e, string name, string title, IReadOnlyList<string> metrics)
    {
        ResultRow Row(string rowName, Func<string, double?> value, bool lowest = false, bool apart = false, string format = "0.00")
        {
            var known = metrics.Select(value).OfType<double>().ToList();
            double? best = known.Count == 0 ? null : lowest ? known.Min() : known.Max();
            return new(rowName, [.. metrics.Select(m => new ResultCell(Number(value(m), format), value(m), value(m) is { } v && v == best))], apart);
        }
        return new(name, title, ["target", .. metrics],
        [
            .. e.Targets.Select(t => Row(t, m => e.TauW[m][t])),
            Row("mean", m => e.Summary[m].MeanTauW, apart: true),
            Row("average rank", m => e.AverageRanks.TryGetValue(m, out var rank) ? rank : null, lowest: true),
        ], Tests(e));
    }

    /// <summary>A row for each metric, by average rank.</summary>
    public static ResultTable Summary(MetricEvaluation e)
    {
        (string Name, Func<string, double?> Value, bool Lowest, string Format)[] columns =
        [
            ("average rank", m => e.AverageRanks.TryGetValue(m, out var rank) ? rank : null, true, "0.00"),
            ("mean τ_w", m => e.Summary[m].MeanTauW, false, "0.000"),
            ("from", m => e.Summary[m].Interval?.Low, false, "0.000"),
            ("to", m => e.Summary[m].Interval?.High, false, "0.000"),
            ("defined on", m => e.Summary[m].Defined, false, "0"),
            ("regret@1", m => e.Summary[m].Regret1, true, "0.0000"),
            ("worst regret@1", m => e.Summary[m].WorstRegret1, true, "0.0000"),
            ("regret@3", m => e.Summary[m].Regret3, true, "0.0000"),
            ("Rel@1", m => e.Summary[m].Rel1, false, "0.0000"),
            ("Rel@3", m => e.Summary[m].Rel3, false, "0.0000"),
        ];
        string[] unjudged = ["from", "to", "defined on"];
        var metrics = e.TauW.Keys.OrderBy(m => e.AverageRanks.GetValueOrDefault(m, double.MaxValue)).ToList();
        var best = columns.Select(c => metrics.Select(c.Value).OfType<double>().ToList() is { Count: > 0 } known && !unjudged.Contains(c.Name) ? c.Lowest ? known.Min() : known.Max() : (double?)null).ToList();
        return new("summary", $"The metrics over {e.Targets.Count} targets, {e.Scenario}s compared", ["metric", .. columns.Select(c => c.Name)],
            [.. metrics.Select(m => new ResultRow(m, [.. columns.Select((c, i) => new ResultCell(Number(c.Value(m), c.Format), c.Value(m), c.Value(m) is { } v && v == best[i]))]))],
            ["from, to: 95 % interval of the mean, targets drawn with replacement. Regret: AUC lost by fine-tuning the best-ranked source alone, or the three best-ranked. Rel: their AUC as a share of the best.", .. Tests(e)]);
    }

    /// <summary>AUC × 100 to two decimals, a row for each source; the best of each target stands out.</summary>
    public static ResultTable Auc(MetricEvaluation e, string name, string title)
    {
        var truth = e.Truth.Map(value => value * 100);
        var best = truth.Targets.ToDictionary(t => t, t => truth.Column(t, truth.Sources).Max());
        return new(name, title, [e.Scenario, .. truth.Targets],
            [.. truth.Sources.Select(s => new ResultRow(s, [.. truth.Targets.Select(t => new ResultCell(Number(truth[s, t], "0.00"), truth[s, t], truth[s, t] is { } v && v == best[t]))]))], []);
    }

    /// <summary>Of Friedman and Nemenyi, a sentence each.</summary>
    private static IReadOnlyList<string> Tests(MetricEvaluation e) => e.Friedman is not { } f ? [] :
    [
        string.Create(CultureInfo.InvariantCulture, $"Friedman: χ² = {f.Statistic:0.00}, p {EvaluationWords.P(f.P)}, {e.Compared.Count} metrics on {e.Targets.Count} targets."),
        string.Create(CultureInfo.InvariantCulture, $"Nemenyi: critical difference of average ranks {e.CriticalDifference:0.000} at α = 0.05."),
    ];

    /// <summary>With a minus sign; what rounds to zero has none. "–" where there is no number.</summary>
    internal static string Number(double? value, string format)
    {
        var text = value?.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−') ?? "–";
        return text[0] == '−' && !text.Any(c => c is >= '1' and <= '9') ? text[1..] : text;
    }
}
