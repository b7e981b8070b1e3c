using ZooRank.Evaluation;
using ZooRank.Metrics;

namespace ZooRank.Ranking;

/// <summary>Rankings of one zoo for several targets as tables of scores, to be evaluated against what fine-tuning gave.</summary>
public static class RankingScores
{
    /// <returns>By metric: the models of the rankings as rows, their targets as columns; models skipped or undefined without a number.</returns>
    /// <exception cref="InvalidInputException">Two rankings are of one target, or not all compare the same.</exception>
    public static IReadOnlyDictionary<string, ScoreTable> Of(IReadOnlyList<Ranking> rankings)
    {
        if (rankings.GroupBy(r => r.Target.Name).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidInputException($"two of the rankings are for {twice.Key}. Give one for each target.");
        if (rankings.Select(r => r.Scenario).Distinct().Count() > 1) throw new InvalidInputException($"some of the rankings compare sources and some architectures ({string.Join(", ", rankings.Select(r => $"{r.Target.Name}: {r.Scenario}"))}). Evaluate them apart.");
        var models = rankings.SelectMany(r => r.Models.Select(m => m.Id)).Distinct().Order(StringComparer.Ordinal).ToList();
        // What ranked is among them; history is no metric: the evaluation has its own, of the truth it is given.
        return rankings.SelectMany(r => r.Models.SelectMany(m => m.Measures.Keys).Prepend(r.Metric)).Where(name => name.Split('.').Length == 1 && name is not HistoryBlend.History && (name != FeatureQuality.Objective.Name || rankings.Any(r => r.Metric == name))).Distinct().ToDictionary(
            name => name,
            name => ScoreTable.Of(models, [.. rankings.Select(r => r.Target.Name)], target => rankings.First(r => r.Target.Name == target) is var ranking ? [.. models.Select(id => Score(ranking, id, name))] : []));
    }

    private static double? Score(Ranking ranking, string model, string metric) =>
        ranking.Models.FirstOrDefault(m => m.Id == model) is not { } found ? null : metric == ranking.Metric ? found.Score : found.Measures.GetValueOrDefault(metric);
}
