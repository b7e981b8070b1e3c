namespace ZooRank.Ranking;

/// <summary>Which question is asked of the zoo; the paper combines its two terms differently for each.</summary>
public enum Scenario
{
    /// <summary>One architecture, several source data sets: which source? (eq. 5–6)</summary>
    Source,

    /// <summary>One source, several architectures: which architecture? Both terms reversed. (eq. 8)</summary>
    Architecture,
}

/// <param name="Scores">One per model; null where a term of the model's is undefined, or no term tells the models apart.</param>
/// <param name="Caveats">Terms that are the same for all models and so do not take part.</param>
public sealed record CombinedScores(IReadOnlyList<double?> Scores, IReadOnlyList<Caveat> Caveats);

/// <summary>
/// The paper's score from its two terms over a whole zoo (arXiv 2412.20172): each min–max scaled over the models, then their product.
/// (The sentence before eq. 6 says "sum"; the equation and the published scores are the product.)
/// </summary>
public static class Combination
{
    /// <param name="terms">Per model its S_LP and S_FU; null where undefined. Such a model takes no part in the scaling.</param>
    /// <param name="scenario">Architecture reverses both terms: (max − v)/(max − min).</param>
    public static CombinedScores Combine(IReadOnlyList<(double? Lp, double? Fu)> terms, Scenario scenario)
    {
        var complete = terms.Select(t => t is { Lp: not null, Fu: not null }).ToArray();
        var caveats = new List<Caveat>();
        var lp = Scaled("feature quality (LP)", [.. terms.Select((t, i) => complete[i] ? t.Lp : null)], scenario, caveats);
        var fu = Scaled("feature update (FU)", [.. terms.Select((t, i) => complete[i] ? t.Fu : null)], scenario, caveats);
        // A term that is the same for all scales to nothing: the other decides alone.
        return new([.. terms.Select((_, i) => !complete[i] || (lp is null && fu is null) ? (double?)null : (lp?[i] ?? 1) * (fu?[i] ?? 1))], caveats);
    }

    private static double[]? Scaled(string name, double?[] values, Scenario scenario, List<Caveat> caveats)
    {
        var known = values.OfType<double>().ToList();
        if (known.Count == 0) return null;
        var (min, max) = (known.Min(), known.Max());
        if (max > min) return [.. values.Select(v => v is not { } x ? 0 : scenario == Scenario.Architecture ? (max - x) / (max - min) : (x - min) / (max - min))];
        if (known.Count > 1)
            caveats.Add(new Caveat("constant-term", FormattableString.Invariant($"{name} is {min:G4} for all {known.Count} models, so it cannot tell them apart and takes no part in the score.")));
        return null;
    }
}
