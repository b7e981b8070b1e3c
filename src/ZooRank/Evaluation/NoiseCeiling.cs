using MathNet.Numerics.Statistics;
using ZooRank.Statistics;
using ZooRank.Truth;

namespace ZooRank.Evaluation;

/// <summary>
/// How well a ground truth agrees with itself: a metric cannot be expected to predict it better than its own repetition does. Repeated are the runs' chances alone: all seeds share the images that are trained, selected and
/// tested on, and with <see cref="RunSelection.Mean"/> the hyperparameters; other images of the same kind would change more.
/// </summary>
/// <param name="Seeds">How many seeds all sources have, ten at most: those that are compared.</param>
/// <param name="BetweenSeeds">Mean τ_w of one seed's AUCs with another's, over all pairs.</param>
/// <param name="BetweenHalves">Mean τ_w of the mean AUCs of half of the seeds with those of the other half, over all ways to halve them (of 5: two and three). The truth itself, of all seeds, is steadier than either half.</param>
/// <param name="Reliability">
/// Share of the variance of P between the sources that is not the seeds': 1 − mean SE² / Var(P), the intraclass correlation of means (Shrout and Fleiss 1979, ICC(1, k)); below 0 where the seeds differ more than the sources do.
/// </param>
public sealed record NoiseCeiling(int Seeds, double BetweenSeeds, double BetweenHalves, double Reliability)
{
    // Of ten seeds there are 126 ways to halve; more seeds are rare, and the first ones say enough.
    private const int MostSeeds = 10;

    /// <param name="target">Its sources with their seeds.</param>
    /// <param name="sources">Those that are to be compared; null: all.</param>
    /// <returns>Null where fewer than two sources share two seeds, or AUCs to be compared are all the same.</returns>
    public static NoiseCeiling? Of(TargetTruth target, IReadOnlyCollection<string>? sources = null)
    {
        var compared = target.Sources.Where(s => sources?.Contains(s.Source) != false).ToList();
        if (compared.Count < 2) return null;
        var seeds = compared.Select(s => s.Selected.Select(run => run.Seed).ToHashSet()).Aggregate((a, b) => [.. a.Intersect(b)]).Order().Take(MostSeeds).ToList();
        if (seeds.Count < 2) return null;
        var aucs = seeds.Select(seed => compared.Select(s => s.Selected.First(run => run.Seed == seed).TestAuc).ToArray()).ToList();   // by seed, then source
        var pairs = aucs.SelectMany((a, i) => aucs.Skip(i + 1).Select(b => WeightedTau.Of(a, b))).ToList();
        // A half is a set of seeds, written as bits: the smaller, and of equal ones that without the last seed.
        var halves = Enumerable.Range(1, (1 << seeds.Count) - 1).Where(set => int.PopCount(set) == seeds.Count / 2 && (seeds.Count % 2 == 1 || set >> (seeds.Count - 1) == 0))
            .Select(set => WeightedTau.Of(Means(i => (set >> i & 1) == 1), Means(i => (set >> i & 1) == 0))).ToList();
        if (pairs.Any(p => p is null) || halves.Any(h => h is null)) return null;
        var bySource = Enumerable.Range(0, compared.Count).Select(s => aucs.Select(a => a[s]).ToList()).ToList();
        var between = bySource.Select(a => a.Average()).Variance();
        return between == 0 ? null : new(seeds.Count, pairs.Average()!.Value, halves.Average()!.Value, 1 - (bySource.Average(a => a.Variance()) / seeds.Count / between));

        double[] Means(Func<int, bool> taken) => [.. Enumerable.Range(0, compared.Count).Select(s => aucs.Where((_, i) => taken(i)).Average(a => a[s]))];
    }
}
