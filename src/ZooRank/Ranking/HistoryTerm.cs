using ZooRank.Evaluation;
using ZooRank.Metrics;
using ZooRank.Models;

namespace ZooRank.Ranking;

/// <summary>A metric joined by history: a metric of its own over the zoo (<see cref="HistoryBlend"/>), so that its doubt, ranks and groups come about as those of any other.</summary>
/// <param name="Standing">Per model from −1 (the worst on every other target) to 1 (always the best); null without history.</param>
/// <param name="Share">For the result.</param>
/// <param name="Metric">To be given what <see cref="Join"/> makes of the outcomes.</param>
internal sealed record HistoryTerm(IReadOnlyList<double?> Standing, HistoryShare Share, Metric Metric)
{
    /// <returns>Null where no model has a history.</returns>
    public static HistoryTerm? Of(IReadOnlyList<HistorySource> sources, Metric by, IReadOnlyList<LoadedModel> models, Scenario scenario, string target, string probeHash)
    {
        var known = sources.Select(s => s.Of(models, scenario, target, probeHash)).ToList();
        // Several histories of a model count by their targets.
        var standing = models.Select((_, i) => known.Select(k => k.Priors[i]).OfType<StaticPrior>().ToList()).Select(priors => priors.Count == 0 ? (double?)null : priors.Sum(p => p.Targets * p.Place) / priors.Sum(p => p.Targets)).ToList();
        if (standing.All(s => s is null)) return null;
        var (blend, learnedOn) = Weights(by, scenario, target);
        var share = new HistoryShare([.. sources.Select(s => s.Name)], blend.Terms, learnedOn, [.. known.SelectMany(k => k.Targets).Distinct()], [.. models.Where((_, i) => standing[i] is null).Select(m => m.Source.Id)], [.. known.SelectMany(k => k.LeftOut).Distinct()]);
        return new(standing, share, by with { Name = $"{by.Name}+{HistoryBlend.History}", OverZoo = (outcomes, asked) => Blended(outcomes, asked, by, blend) });
    }

    /// <summary>An outcome of the metric with the model's standing as a part beside its own.</summary>
    public MetricOutcome Join(MetricOutcome outcome, int model, Metric by)
    {
        if (outcome.Undefined is not null) return outcome;
        var parts = outcome.Score is { } score ? new Dictionary<string, double> { [by.Name] = score } : new Dictionary<string, double>(outcome.Parts);
        if (Standing[model] is { } standing) parts[HistoryBlend.History] = standing;
        return MetricOutcome.Of(parts);
    }

    private static CombinedScores Blended(IReadOnlyList<MetricOutcome> outcomes, Scenario scenario, Metric by, HistoryBlend blend)
    {
        double? Part(MetricOutcome o, string name) => o.Undefined is null && o.Parts.TryGetValue(name, out var value) ? value : null;
        // Of a metric with a score of its own that score is the part; one that is combined over the zoo finds its parts.
        var own = by.Scores([.. outcomes.Select(o => o.Undefined is null && o.Parts.TryGetValue(by.Name, out var score) ? MetricOutcome.Of(score) : o)], scenario);
        var scores = blend.Scores(blend.Terms.Keys.ToDictionary(
            term => term, term => term == by.Family ? own.Scores : (IReadOnlyList<double?>)[.. outcomes.Select(o => Part(o, term))]));
        return new([.. scores.Zip(outcomes, (score, o) => o.Undefined is null ? score : null)], own.Caveats);
    }

    // Learned on the published tables, the target asked about left out: they have both AUCs and scores.
    private static (HistoryBlend Blend, string LearnedOn) Weights(Metric by, Scenario scenario, string target)
    {
        var study = PublishedStudy.Of(scenario);
        Dictionary<string, ScoreTable> terms = by.Family == FeatureCombination.Metric.Name
            ? new() { [by.Family] = Evaluator.Combine(study.Scores[FeatureCombination.Lp], study.Scores[FeatureCombination.Fu], scenario), [FeatureCombination.Lp] = study.Scores[FeatureCombination.Lp] }
            : study.Scores.TryGetValue(by.Family, out var table) ? new() { [by.Family] = table } : [];
        if (terms.Count == 0) return (new(new Dictionary<string, double> { [HistoryBlend.History] = 0.5, [by.Family] = 0.5 }, 0), $"nothing: the published tables have no scores of {by.Name}, so history and metric count the same");
        var blend = HistoryBlend.Learn(new(study.Truth), terms, [.. study.Truth.Targets.Where(t => SameData.As(target, t))])!;
        return (blend, FormattableString.Invariant($"the published tables ({blend.Targets} targets)"));
    }
}
