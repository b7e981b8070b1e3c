using ZooRank.Statistics;
using ZooRank.Truth;

namespace ZooRank.Evaluation;

/// <summary>How well a ground truth agrees with itself: no metric can be expected to predict it better than its own repetition does.</summary>
/// <param name="Seeds">How many seeds all sources have.</param>
/// <param name="BetweenSeeds">Mean τ_w of one seed's AUCs with another's, over all pairs.</param>
/// <param name="AgainstOthers">Mean τ_w of one seed's AUCs with the mean of the others': how a perfect predictor with the noise of one run would do against a truth of many. Null for two seeds, where it is the same, and where the others' means are all equal.</param>
public sealed record NoiseCeiling(int Seeds, double BetweenSeeds, double? AgainstOthers)
{
    /// <returns>Null where fewer than two sources share two seeds, or the AUCs of a seed are all the same.</returns>
    public static NoiseCeiling? Of(TargetTruth target)
    {
        if (target.Sources.Count < 2) return null;
        var seeds = target.Sources.Select(s => s.Selected.Select(run => run.Seed).ToHashSet()).Aggregate((a, b) => [.. a.Intersect(b)]).Order().ToList();
        if (seeds.Count < 2) return null;
        var aucs = seeds.Select(seed => target.Sources.Select(s => s.Selected.First(run => run.Seed == seed).TestAuc).ToList()).ToList();
        var pairs = aucs.SelectMany((a, i) => aucs.Skip(i + 1).Select(b => WeightedTau.Of(a, b))).ToList();
        var others = aucs.Select((a, i) => WeightedTau.Of(a, [.. Enumerable.Range(0, a.Count).Select(s => aucs.Where((_, j) => j != i).Average(b => b[s]))])).ToList();
        return pairs.Any(p => p is null) ? null : new(seeds.Count, pairs.Average()!.Value, seeds.Count > 2 && others.All(o => o is not null) ? others.Average() : null);
    }
}
