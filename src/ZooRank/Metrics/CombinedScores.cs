namespace ZooRank.Metrics;

/// <param name="Scores">One per model; null where a term of the model's is undefined, or no term tells the models apart.</param>
/// <param name="Caveats">Terms that are the same for all models and so do not take part.</param>
public sealed record CombinedScores(IReadOnlyList<double?> Scores, IReadOnlyList<Caveat> Caveats)
{
    /// <summary>1 for the best; equal scores share the better rank; null without a score.</summary>
    public int? RankOf(int model) => Scores[model] is { } mine ? 1 + Scores.Count(other => other > mine) : null;

    /// <summary>The sum of some parts, each min–max scaled over the models that have them (a part that is the same for all counts nothing) and weighted. One model alone has no score.</summary>
    internal static CombinedScores WeightedSum(IReadOnlyList<MetricOutcome> models, params (string Part, double Weight)[] terms)
    {
        if (models.Count(m => m.Undefined is null) < 2) return new([.. models.Select(_ => (double?)null)], []);
        var scaled = terms.Select(t => (t.Weight, Values: Scale([.. models.Select(m => m.Undefined is null ? m.Parts[t.Part] : (double?)null)]))).ToList();
        return new([.. models.Select((m, i) => m.Undefined is null ? scaled.Sum(t => t.Weight * (t.Values?[i] ?? 0)) : (double?)null)], []);
    }

    /// <summary>(v − min)/(max − min) of the known values, 0 for the others; null where all known are the same.</summary>
    internal static double[]? Scale(double?[] values)
    {
        var (min, max) = (values.Min(), values.Max());
        return max > min ? [.. values.Select(v => v is { } x ? (x - min.Value) / (max.Value - min.Value) : 0)] : null;
    }
}
