using ZooRank.Metrics;

namespace ZooRank.Evaluation;

/// <summary>The paper's two terms of a source as they enter its score, the product: from 0 to 1 over a target's sources, reversed where architectures are compared.</summary>
/// <param name="Source">Has an AUC on the target.</param>
/// <param name="Lp">Feature quality.</param>
/// <param name="Fu">Feature update.</param>
/// <param name="Auc">As a fraction.</param>
public sealed record ScaledTerms(string Source, double Lp, double Fu, double Auc)
{
    private const double Tolerance = 1e-9;

    public double Score => Lp * Fu;

    /// <summary>Those of a target's sources; none where a term or the score is missing, or their product is not the score (it was scaled over other sources, or reversed).</summary>
    public static IReadOnlyList<ScaledTerms> Of(MetricEvaluation evaluation, string target)
    {
        if (!evaluation.Scores.TryGetValue(FeatureCombination.Lp, out var lp) || !evaluation.Scores.TryGetValue(FeatureCombination.Fu, out var fu) || !evaluation.Scores.TryGetValue(FeatureCombination.Metric.Name, out var product)) return [];
        var sources = lp.Sources.Union(fu.Sources).ToList();
        var scenario = evaluation.Scenario == "architecture" ? Scenario.Architecture : Scenario.Source;
        var (quality, update) = (Evaluator.Scaled(lp.Column(target, sources), scenario), Evaluator.Scaled(fu.Column(target, sources), scenario));
        var both = sources.Select((s, i) => (Source: s, Lp: quality[i], Fu: update[i])).Where(t => t is { Lp: not null, Fu: not null }).ToList();
        if (both.Any(t => !(Math.Abs((product[t.Source, target] ?? double.NaN) - (t.Lp!.Value * t.Fu!.Value)) < Tolerance))) return [];
        return [.. both.Where(t => evaluation.Truth[t.Source, target] is not null).Select(t => new ScaledTerms(t.Source, t.Lp!.Value, t.Fu!.Value, evaluation.Truth[t.Source, target]!.Value))];
    }
}
