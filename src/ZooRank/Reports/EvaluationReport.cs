using System.Globalization;
using ZooRank.Evaluation;
using ZooRank.Metrics;
using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <summary>An evaluation of metrics as a page: how well each predicts what fine-tuning gave, and what that is worth.</summary>
public static class EvaluationReport
{
    private static readonly string[] Combination = [FeatureCombination.Lp, FeatureCombination.Fu, FeatureCombination.Metric.Name];

    public static string Of(MetricEvaluation evaluation)
    {
        var e = evaluation;
        var order = Order(e);
        return Page.Of("Evaluation of metrics", $"How well {e.TauW.Count} metrics predict fine-tuning on {e.Targets.Count} targets", Lead(e, order),
        [
            new("tau", "Agreement with fine-tuning", Tau(e, order)),
            new("ranks", "Which metrics can be told apart", Ranks(e)),
            new("regret", "What the choice costs", Regret(e, order)),
            new("scores", "Scores against AUC", Scores(e, order)),
            new("ablation", "The paper's two terms", Ablation(e)),
            new("history", "What history adds", History(e)),
            new("truth", "AUC after fine-tuning", AucTable.Of(e.Truth, e.Scenario == "architecture" ? "architecture" : "source")),
            new("caveats", "Bear in mind", Parts.Caveats(e.Caveats)),
            new("provenance", "How it was computed", Html($"<p>ZooRank {e.Zoorank}. {(e.Scenario == "architecture" ? "Architectures" : "Sources")} are compared: {e.ScenarioReason}. Intervals: 95 %, percentile bootstrap over the targets, 10,000 draws.</p>{Parts.Command(e.Command)}")),
            new("cite", "Sources", Parts.Citations(e.TauW.Keys, e.Zoorank)),
        ], Parts.Foot(e.Zoorank));
    }

    /// <summary>The compared metrics by average rank, then the others as they came.</summary>
    private static List<string> Order(MetricEvaluation e) => [.. e.TauW.Keys.OrderBy(m => e.AverageRanks.GetValueOrDefault(m, double.MaxValue))];

    private static Markup Lead(MetricEvaluation e, List<string> order)
    {
        var best = order[0];
        return Html($"""
            <p class="about">{(e.Scenario == "architecture" ? "Architectures" : "Sources")} are compared. τ_w is the weighted Kendall correlation of a metric's ranking with that by AUC after fine-tuning: 1 is perfect, 0 chance; errors among the best weigh most.</p>
            <div class="verdict"><p class="first"><span>Best average rank</span> <strong>{Words.Name(best)}</strong></p>
            <ul class="advice">{EvaluationWords.Sentences(e).Select(s => Html($"<li>{s}</li>"))}</ul>
            {Parts.Facts(
            [
                ("mean τ_w", Html($"{Words.Fixed(e.Summary[best].MeanTauW, 2)}{(e.Summary[best].Interval is { } i ? Html($" <small>95 %: {Words.Range(i.Low, i.High, 2)}</small>") : default)}")),
                ("history alone", e.History is { } h ? Html($"{Words.Fixed(h.PriorSummary.MeanTauW, 2)} <small>looks at no target</small>") : default),
                ("chance", Html($"{Words.Fixed(e.RandomMean, 2)} <small>one in 20 of random rankings' means is above it</small>")),
                ("AUC lost", e.Summary[best].Regret1 is { } lost ? Html($"{Words.Fixed(lost, 3)} <small>by its first choice, on average</small>") : default),
            ])}</div>

            """);
    }

    private sealed record TauRow(string Name, Func<string, double?> On, double? Mean, string Interval, bool Colours = true);

    private static Markup Tau(MetricEvaluation e, List<string> order)
    {
        List<(string Name, MetricSummary Summary, Func<string, double?> On)> all = [.. order.Select(m => (m, e.Summary[m], (Func<string, double?>)(t => e.TauW[m].GetValueOrDefault(t))))];
        if (e.History is { } h)
        {
            all.Add(("history", h.PriorSummary, t => h.Prior.GetValueOrDefault(t)));
            if (h is { Blend: { } blend, BlendSummary: { } summary }) all.Add(("with history", summary, t => blend.GetValueOrDefault(t)));
        }
        var rows = all.Select(a => new TauRow(a.Name, a.On, a.Summary.MeanTauW, a.Summary.Interval is { } i ? Words.Range(i.Low, i.High, 2) : Words.None)).ToList();
        List<TauRow> foot = [new("chance, 95 %", t => e.Random.GetValueOrDefault(t)?.Percentile95, e.RandomMean, "", Colours: false)];
        if (e.NoiseCeiling.Count > 0) foot.Add(new("noise ceiling", t => e.NoiseCeiling.GetValueOrDefault(t)?.BetweenHalves, e.NoiseCeiling.Values.Average(n => n.BetweenHalves), "", Colours: false));
        var scale = Scale.Around([0, .. all.Select(a => a.Summary.MeanTauW).OfType<double>(), .. all.SelectMany(a => a.Summary.Interval is { } i ? new[] { i.Low, i.High } : [])]);
        return Html($"""
            {DotRows.Of(Html($"Mean τ_w over the targets, and its 95 % interval when targets are drawn with replacement.{(e.History is null ? "" : " Squares: with what the models gave on the other targets.")}"),
                [.. all.OrderByDescending(a => a.Summary.MeanTauW ?? double.NegativeInfinity).Select(a => new DotRow(Words.Name(a.Name), [new(a.Summary.MeanTauW, a.Summary.Interval?.Low, a.Summary.Interval?.High, a.Name.EndsWith("history", StringComparison.Ordinal) && !e.TauW.ContainsKey(a.Name) ? 1 : 0)],
                    Html($"{Words.Fixed(a.Summary.MeanTauW, 2)} <small>{(a.Summary.Defined < e.Targets.Count ? $"on {a.Summary.Defined} targets" : "")}</small>")))], scale, "τ_w", mark: 0)}
            {DataTable.Of(Html($"Weighted τ of each metric's ranking with that by AUC. Blue agrees, orange contradicts; below the line what chance reaches{(e.NoiseCeiling.Count > 0 ? ", and what one half of the truth's seeds reaches against the other" : "")}."), rows,
                [
                    new Column<TauRow>("metric", r => Cell.Name(r.Name)), new("mean", r => Cell.Number(r.Mean, 2, r.Colours ? r.Mean : null)), new("95 %", r => Cell.Text(r.Interval)),
                    .. e.Targets.Select(t => Column<TauRow>.Of(t, r => Cell.Number(r.On(t), 2, r.Colours ? r.On(t) : null))),
                ], r => r.Name == order[0], foot)}
            {Parts.More("Kendall's τ_b", Correlations(e, order, e.Kendall, "τ_b"))}{Parts.More("Spearman's ρ", Correlations(e, order, e.Spearman, "ρ"))}
            """);
    }

    private static Markup Correlations(MetricEvaluation e, List<string> order, IReadOnlyDictionary<string, IReadOnlyDictionary<string, double?>> values, string name) =>
        DataTable.Of(Html($"{name} of each metric with AUC."), order, [new("metric", Cell.Name), .. e.Targets.Select(t => Column<string>.Of(t, m => Cell.Number(values[m].GetValueOrDefault(t), 2, values[m].GetValueOrDefault(t))))]);

    private static Markup Ranks(MetricEvaluation e) => e is { Friedman: not null, CriticalDifference: { } difference } ? Html($"""
        <figure>{CriticalDifferenceDiagram.Of(e.AverageRanks, difference, e.NotTold)}
        <figcaption>Average rank by τ_w over {e.Targets.Count} targets; 1 is the best. Metrics joined by a bar differ by less than the critical difference of Nemenyi's test (α = 0.05). Terms whose combination is there too take no part.</figcaption></figure>
        {(e.Wilcoxon.Count == 0 ? default : Parts.More($"Wilcoxon's test of every pair ({e.Wilcoxon.Count})", DataTable.Of(Html($"Wilcoxon's signed-rank test over the targets, adjusted by Holm."), e.Wilcoxon,
        [
            new("better", w => Cell.Name(w.First)), new("than", w => Cell.Name(w.Second), numeric: false), new("mean difference of τ_w", w => Cell.Number(w.MeanDifference, 3)), new("W", w => Cell.Number(w.W, 1)),
            new("p", w => new(Html($"{Words.P(w.P)}"), w.P)), new("adjusted p", w => new(Html($"{Words.P(w.AdjustedP)}"), w.AdjustedP)), new("targets", w => Cell.Whole(w.Targets)),
        ], w => w.AdjustedP < 0.05)))}
        """) : default;

    private static Markup Regret(MetricEvaluation e, List<string> order)
    {
        List<(string Name, MetricSummary S)> rows = [.. order.Select(m => (m, e.Summary[m]))];
        if (e.History is { } h)
        {
            rows.Add(("history", h.PriorSummary));
            if (h.BlendSummary is { } blend) rows.Add(("with history", blend));
        }
        var most = rows.Max(r => r.S.Regret1) is { } m and > 0 ? m : 1;
        double? Cost(double? regret) => regret is { } x ? -Math.Min(1, x / most) : null;
        return DataTable.Of(Html($"AUC lost to the best choice, by fine-tuning only the best-ranked (regret@1) or the three best-ranked (regret@3): means over the targets, and the worst target. Rel@k: the best AUC among the k first as a share of the best of all."), rows,
        [
            new("metric", r => Cell.Name(r.Name)), new("average rank", r => Cell.Number(e.AverageRanks.TryGetValue(r.Name, out var rank) ? rank : null, 2)),
            new("regret@1", r => Cell.Number(r.S.Regret1, 4, Cost(r.S.Regret1))), new("worst target", r => Cell.Number(r.S.WorstRegret1, 4)), new("regret@3", r => Cell.Number(r.S.Regret3, 4, Cost(r.S.Regret3))),
            new("Rel@1", r => Cell.Number(r.S.Rel1, 4)), new("Rel@3", r => Cell.Number(r.S.Rel3, 4)),
        ]);
    }

    private static Markup Scores(MetricEvaluation e, List<string> order)
    {
        var shown = order.Where(e.Scores.ContainsKey).ToList();
        var first = Math.Max(0, shown.IndexOf(FeatureCombination.Metric.Name));
        return Html($"""
            <p>Each point is a {e.Scenario}, each panel a target; scores as they were evaluated.</p>
            {Parts.Choice("metric", "Metric", [.. shown.Select(m => (m, Html($"""
            <div class="panels">{e.Targets.Select(t => Panel(e, m, t))}</div>
            {Parts.More("The numbers", DataTable.Of(Html($"Scores of {m}."), e.Scores[m].Sources, [new(e.Scenario, Cell.Name), .. e.Targets.Select(t => Column<string>.Of(t, s => new(Html($"{Words.Short(e.Scores[m][s, t])}"), e.Scores[m][s, t])))]))}
            """)))], first)}
            """);
    }

    private static Markup Panel(MetricEvaluation e, string metric, string target)
    {
        var table = e.Scores[metric];
        var points = e.Truth.Sources.Select(s => (Source: s, Score: table[s, target], Auc: e.Truth[s, target])).Where(p => p is { Score: not null, Auc: not null })
            .Select(p => new Point(p.Score!.Value, p.Auc!.Value, p.Source, string.Create(CultureInfo.InvariantCulture, $"{metric} {Words.Short(p.Score)}, AUC {Words.Fixed(p.Auc, 4)}"))).ToList();
        var tau = e.TauW[metric].GetValueOrDefault(target);
        return points.Count == 0 ? default : Html($"""
            <figure><figcaption>{Words.Name(target)} <small>τ_w {Words.Fixed(tau, 2)}</small></figcaption>{new Scatter
        {
            Title = $"{metric} against AUC on {target}",
            Description = $"Score across, AUC up, {points.Count} points; weighted τ {Words.Fixed(tau, 2)}.",
            Points = points,
            X = Scale.Around(points.Select(p => p.X), 3),
            Y = Scale.Around(points.Select(p => p.Y), 3),
            Width = 250,
            Height = 190,
        }.Draw()}</figure>
            """);
    }

    private static Markup Ablation(MetricEvaluation e)
    {
        if (!Combination.All(e.TauW.ContainsKey)) return default;
        var scale = Scale.Around([0, .. Combination.SelectMany(m => e.Targets.Select(t => e.TauW[m].GetValueOrDefault(t))).OfType<double>()]);
        DotRow Row(Markup name, Func<string, double?> tau, bool strong) => new(name, [.. Combination.Select((m, i) => new Dot(tau(m), Series: i))], Html($"{Join(Html($" · "), Combination.Select(m => Html($"{Words.Fixed(tau(m), 2)}")))}"), strong);
        var reversed = e.Scenario == "architecture";
        var planes = e.Targets.Select(t => (Target: t, Places: QualityUpdatePlane.Places(e.Scores["lp"].Sources.Intersect(e.Scores["fu"].Sources), s => e.Scores["lp"][s, t], s => e.Scores["fu"][s, t], reversed))).Where(p => p.Places is not null).ToList();
        return Html($"""
            {DotRows.Of(Html($"τ_w of feature quality alone, feature update alone and their combination, by target (as figure 6 of the paper){(reversed ? "; the single terms as they are, the combination of the reversed terms" : "")}."),
                [Row(Html($"mean"), m => e.Summary[m].MeanTauW, true), .. e.Targets.Select(t => Row(Words.Name(t), m => e.TauW[m].GetValueOrDefault(t), false))], scale, "τ_w", Combination, 0)}
            <h3>The plane of the two terms, by target</h3>
            <p>Scaled S_LP across and S_FU up{(reversed ? ", both reversed" : "")}; the score is their product, equal along each line. The square is the {e.Scenario} with the highest AUC: it should stand at the upper right.</p>
            <div class="panels">{planes.Select(p => Html($"""
            <figure><figcaption>{Words.Name(p.Target)}</figcaption>{QualityUpdatePlane.Plane($"The two terms on {p.Target}", [.. p.Places!.Select(m => new Point(m.Quality, m.Update, m.Model, $"product {Words.Fixed(m.Quality * m.Update, 3)}, AUC {Words.Fixed(e.Truth[m.Model, p.Target], 4)}", e.Truth[m.Model, p.Target] is { } auc && e.Truth.Column(p.Target, e.Truth.Sources).Max() == auc ? 1 : 0))], reversed, small: true).Draw()}</figure>
            """))}</div>
            """);
    }

    private static Markup History(MetricEvaluation e)
    {
        if (e.History is not { } h) return default;
        var metric = h.Terms.Count > 0 && e.TauW.ContainsKey(h.Terms[0]) ? h.Terms[0] : null;
        List<(string Name, Func<string, double?> On, double? Mean)> series = [];
        if (metric is not null) series.Add((metric, t => e.TauW[metric].GetValueOrDefault(t), e.Summary[metric].MeanTauW));
        series.Add(("history", t => h.Prior.GetValueOrDefault(t), h.PriorSummary.MeanTauW));
        if (h.Blend is { } blend) series.Add(("both", t => blend.GetValueOrDefault(t), h.BlendSummary?.MeanTauW));
        var scale = Scale.Around([0, .. series.SelectMany(s => e.Targets.Select(s.On)).OfType<double>()]);
        DotRow Row(Markup name, Func<int, double?> tau, bool strong) => new(name, [.. series.Select((_, i) => new Dot(tau(i), Series: i))], Html($"{Join(Html($" · "), series.Select((_, i) => Html($"{Words.Fixed(tau(i), 2)}")))}"), strong);
        return Html($"""
            <p>History is the mean rank of a {e.Scenario} by AUC on the other targets: it looks at no image of the target. Each target is judged by what was learned on the others alone.{(h.Gain is { } gain ? Html($" Both together against {metric}: {Words.Signed(gain, 3)} in mean τ_w{(h.GainInterval is { } i ? Html($" (95 %: {Words.Range(i.Low, i.High, 3)})") : default)}.") : default)}</p>
            {DotRows.Of(Html($"τ_w of the metric, of history, and of both together, by target."), [Row(Html($"mean"), i => series[i].Mean, true), .. e.Targets.Select(t => Row(Words.Name(t), i => series[i].On(t), false))], scale, "τ_w", [.. series.Select(s => s.Name)], 0)}
            {(h.Weights is { } w ? Html($"<p>Weights of the terms, means over the targets left out in turn: {Join(Html($", "), w.OrderByDescending(x => x.Value).ThenBy(x => x.Key, StringComparer.Ordinal).Select(x => Html($"{Words.Name(x.Key)} {Words.Fixed(x.Value, 2)}")))}.</p>") : default)}
            """);
    }
}
