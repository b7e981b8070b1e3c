using ZooRank.Evaluation;

namespace ZooRank.Ranking;

/// <summary>Rankings of one zoo for several targets as tables of scores, to be evaluated against what fine-tuning gave.</summary>
public static class RankingScores
{
    /// <returns>By metric: the models of the rankings as rows, their targets as columns; models skipped or undefined without a number.</returns>
    /// <exception cref="InvalidInputException">Two rankings are of one target.</exception>
    public static IReadOnlyDictionary<string, ScoreTable> Of(IReadOnlyList<Ranking> rankings)
    {
        if (rankings.GroupBy(r => r.Target.Name).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidInputException($"two of the rankings are for {twice.Key}. Give one for each target.");
        var models = rankings.SelectMany(r => r.Models.Select(m => m.Id)).Distinct().Order(StringComparer.Ordinal).ToList();
        return rankings.SelectMany(r => r.Models.SelectMany(m => m.Measures.Keys)).Where(name => name.Split('.').Length == 1).Distinct().ToDictionary(
            name => name,
            name => ScoreTable.Of(models, [.. rankings.Select(r => r.Target.Name)], target => [.. models.Select(id => rankings.First(r => r.Target.Name == target).Models.FirstOrDefault(m => m.Id == id)?.Measures.GetValueOrDefault(name))]));
    }
}
