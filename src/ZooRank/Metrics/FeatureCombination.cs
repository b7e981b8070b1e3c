namespace ZooRank.Metrics;

/// <summary>Which question is asked of the zoo; the paper combines its two terms differently for each.</summary>
public enum Scenario
{
    /// <summary>One architecture, several source data sets: which source? (eq. 5–6)</summary>
    Source,

    /// <summary>One source, several architectures: which architecture? Both terms reversed. (eq. 8)</summary>
    Architecture,
}

/// <summary>
/// The paper's score from its two terms over a whole zoo (arXiv 2412.20172): each min–max scaled over the models, then their product.
/// (The sentence before eq. 6 says "sum"; the equation and the published scores are the product.)
/// </summary>
public static class FeatureCombination
{
    /// <summary>The metric's parts.</summary>
    public const string Lp = "lp", Fu = "fu";

    public static Metric Metric { get; } = new()
    {
        Name = "lp_fu",
        Meaning = "The paper's metric: feature quality × feature update, each min–max scaled over the zoo; both reversed where architectures are compared.",
        Source = "On dataset transferability in medical image classification, arXiv 2412.20172, eq. 5–6 and 8",
        Range = "0 to 1 over a zoo",
        UndefinedWhen = "there is only one model, a term is undefined, or both are the same for all models",
        Needs = MetricNeeds.Gradients | MetricNeeds.Zoo,
        Measure = space => Parts(space, FeatureQuality.Metric),
        OverZoo = Combine,
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "lp_fu:published",
        Meaning = "As lp_fu, with lp:published.",
        Measure = space => Parts(space, FeatureQuality.Published),
    };

    private static MetricOutcome Parts(FeatureSpace space, Metric quality)
    {
        var (lp, fu) = (quality.Measure(space), FeatureUpdate.Metric.Measure(space));
        return (lp.Undefined ?? fu.Undefined) is { } why ? MetricOutcome.Not(why) : MetricOutcome.Of(new Dictionary<string, double> { [Lp] = lp.Score!.Value, [Fu] = fu.Score!.Value });
    }

    /// <param name="models">Per model its two parts; one that is undefined takes no part in the scaling.</param>
    /// <param name="scenario">Architecture reverses both terms: (max − v)/(max − min).</param>
    public static CombinedScores Combine(IReadOnlyList<MetricOutcome> models, Scenario scenario)
    {
        var caveats = new List<Caveat>();
        var lp = Scaled("feature quality (LP)", [.. models.Select(m => Part(m, Lp))], scenario, caveats);
        var fu = Scaled("feature update (FU)", [.. models.Select(m => Part(m, Fu))], scenario, caveats);
        // A term that is the same for all scales to nothing: the other decides alone.
        return new([.. models.Select((m, i) => m.Undefined is not null || (lp is null && fu is null) ? (double?)null : (lp?[i] ?? 1) * (fu?[i] ?? 1))], caveats);
    }

    private static double? Part(MetricOutcome m, string name) => m.Undefined is null ? m.Parts[name] : null;

    private static double[]? Scaled(string name, double?[] values, Scenario scenario, List<Caveat> caveats)
    {
        if (CombinedScores.Scale(scenario == Scenario.Architecture ? [.. values.Select(v => -v)] : values) is { } scaled) return scaled;
        var known = values.OfType<double>().ToList();
        if (known.Count > 1)
            caveats.Add(new Caveat("constant-term", FormattableString.Invariant($"{name} is {known[0]:G4} for all {known.Count} models, so it cannot tell them apart and takes no part in the score.")));
        return null;
    }
}
