using System.Globalization;
using ZooRank.Metrics;

namespace ZooRank.Ranking;

/// <summary>What a ranking means for the one who has to choose.</summary>
internal static class Advice
{
    private const double InQuestion = 0.05;
    private const int Named = 5;

    /// <param name="ranked">All measured models.</param>
    /// <param name="by">The metric that ranks.</param>
    /// <param name="images">How many images they were measured on.</param>
    /// <param name="moreImages">True where the data set has more.</param>
    /// <param name="scenario">Null where the paper defines none for such a zoo.</param>
    /// <param name="history">What history had to say in the scores.</param>
    /// <summary>Which model to fine-tune and how sure that is; or that these images do not decide it.</summary>
    public static string InWords(IReadOnlyList<RankedModel> ranked, Metric by, int images, bool moreImages, Scenario? scenario, HistoryShare? history = null)
    {
        var scored = ranked.Where(m => m.Score is not null).ToList();
        var papers = by.Family == FeatureCombination.Metric.Name;
        if (ranked.Count == 1) return $"Only {ranked[0].Id} was measured: there is nothing to choose.";
        if (papers && ranked.All(m => m.Measures["fu"] is null))
            return $"No model has a score: the feature update is undefined for all of them on these {images} images. By feature quality alone, {ranked.MaxBy(m => m.Measures["lp"])!.Id} comes first.";
        if (scored.Count == 0) return ranked.All(m => m.Undefined.ContainsKey(by.Name)) ? $"No model has a score: {by.Name} is undefined for all of them on these {images} images." : "Nothing tells these models apart on these images: no choice can be made.";
        if (scored.Count == 1) return $"Only {scored[0].Id} has a score: there is nothing to choose.";

        // Those that are all but never the best are not worth a fine-tuning, though they cannot be told from the leader one by one.
        var contenders = scored.Where(m => m.Rank == 1 || (m.Group == 1 && m.ProbabilityBest >= InQuestion)).ToList();
        var more = moreImages ? ", or measure more images (--probe)" : "";
        var choice =
            papers && history is null && scored.Max(m => m.Score) == 0 ? $"The two terms contradict each other, so that their product cannot decide: {First(scored, "lp", scenario)} has the better feature quality, {First(scored, "fu", scenario)} the better feature update. Fine-tune both, or rank a larger zoo."
            : scored[0].ProbabilityBest is null ? $"Fine-tune {string.Join(", ", scored.Where(m => m.Rank == 1).Select(m => m.Id))}; how sure that is was not measured."
            : contenders.Count == scored.Count ? $"These {images} images do not decide: no model can be told from {scored[0].Id} ({List(contenders)}). Choose by other reasons, fine-tune several{more}."
            : contenders.Count == 1 ? $"Fine-tune {contenders[0].Id}: it is the best in {Percent(contenders[0])} of {Doubt.Draws} draws of other images ({images} were measured)."
            : $"These {images} images do not decide between {List(contenders)}: fine-tune {(contenders.Count == 2 ? "both" : "these")}, those of the first group that are the best in {100 * InQuestion:0} % of the draws or more{more}.";
        if (history is not null)
            return $"{choice} The order is made by {string.Join(", ", history.Weights.Select(w => string.Create(CultureInfo.InvariantCulture, $"{w.Key} ({w.Value:P0})")))}, learned on {history.LearnedOn}.{(papers && scenario is { } s ? $" How far to trust it: there such a blend agreed with fine-tuning at a weighted Kendall τ of {(s == Scenario.Source ? "0.57" : "0.51")} on average, each target judged by what the others taught (1 is perfect, 0 chance)." : "")}";
        if (!papers) return $"{choice} How far {by.Name} agrees with fine-tuning on such data is not known here: see the baselines beside it.";
        // Mean weighted Kendall correlations of the paper's tables 2 and 3 as its published scores and AUCs give them; the static ranking is that of arXiv 2510.06448. The study's are in docs/study/results.
        var trust = scenario switch
        {
            null => "The paper defines no comparison for such a zoo: take it as a hint.",
            Scenario.Source => "How far to trust such a ranking: in the paper it agreed with fine-tuning at a weighted Kendall τ of 0.52 on average (1 is perfect, 0 chance), a ranking by what the sources gave on its other targets, which looks at no image, at 0.56. In our own study, with small images and a small network, it agreed at 0.07, hardly more than chance (docs/study).",
            _ => "How far to trust such a ranking: in the paper it agreed with fine-tuning at a weighted Kendall τ of 0.26 on average (1 is perfect, 0 chance), a ranking by what the architectures gave on its other targets, which looks at no image, at 0.50. In our own study, with five architectures, it agreed at −0.29, no better than chance (docs/study).",
        };
        return $"{choice} {trust}";
    }

    // Reversed where architectures are compared: there the paper holds the smaller to be the better.
    private static string First(List<RankedModel> models, string term, Scenario? scenario) =>
        (scenario == Scenario.Architecture ? models.MinBy(m => m.Measures[term]) : models.MaxBy(m => m.Measures[term]))!.Id;

    private static string List(List<RankedModel> models)
    {
        var names = models.Take(Named).Select((m, i) => $"{m.Id} (best in {Percent(m)}{(i == 0 ? " of the draws" : "")})").ToList();
        if (models.Count > Named) names.Add($"{models.Count - Named} more");
        return string.Join(", ", names[..^1]) + " and " + names[^1];
    }

    private static string Percent(RankedModel model) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(100 * (model.ProbabilityBest ?? 0), MidpointRounding.AwayFromZero)} %");
}
