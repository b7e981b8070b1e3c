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
        var sources = lp.Sources.Where(s => lp[s, target] is not null && fu[s, target] is not null).ToList();
        var sign = evaluation.Scenario == "architecture" ? -1 : 1;
        double[] Scaled(ScoreTable term) => CombinedScores.Scale([.. sources.Select(s => sign * term[s, target])]) ?? [.. sources.Select(_ => 1.0)];   // the same for all: it takes no part
        var (quality, update) = (Scaled(lp), Scaled(fu));
        if (sources.Index().Any(s => !(Math.Abs((product[s.Item, target] ?? double.NaN) - (quality[s.Index] * update[s.Index])) < Tolerance))) return [];
        return [.. sources.Select((s, i) => (Auc: evaluation.Truth[s, target], s, i)).Where(s => s.Auc is not null).Select(s => new ScaledTerms(s.s, quality[s.i], update[s.i], s.Auc!.Value))];
    }
}
