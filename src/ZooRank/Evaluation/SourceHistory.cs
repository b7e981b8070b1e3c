using ZooRank.Statistics;

namespace ZooRank.Evaluation;

/// <param name="MeanRank">By AUC; 1 is the best.</param>
/// <param name="Place">Mean of the ranks scaled to −1 (last) … 1 (first) by how many sources a target has, so that targets of many and of few can be put together.</param>
/// <param name="Targets">Over so many.</param>
public sealed record SourceStanding(double MeanRank, double Place, int Targets);

/// <summary>
/// How a source did on other targets: its mean rank by AUC, a prior that looks at no image of the target asked about. On the published tables it predicts better than any metric (mean τ_w 0.56 and 0.50), as fixed rankings
/// do elsewhere (arXiv 2510.06448).
/// </summary>
/// <param name="truth">AUC of sources (rows) on targets.</param>
public sealed class SourceHistory(ScoreTable truth)
{
    // Per target the ranks of the sources known there, 1 the best.
    private readonly Dictionary<string, Dictionary<string, double>> ranks = truth.Targets.ToDictionary(target => target, target =>
    {
        var known = truth.Sources.Where(s => truth[s, target] is not null).ToList();
        return known.Zip(RankCorrelation.DescendingRanks([.. known.Select(s => truth[s, target]!.Value)])).ToDictionary(p => p.First, p => p.Second);
    });

    public ScoreTable Truth { get; } = truth;

    /// <summary>Over the targets that are not left out; null where the source is on none of them beside another.</summary>
    public SourceStanding? Of(string source, params IReadOnlyCollection<string> leftOut)
    {
        var found = ranks.Where(t => !leftOut.Contains(t.Key) && t.Value.Count > 1 && t.Value.ContainsKey(source)).Select(t => (Rank: t.Value[source], Of: t.Value.Count)).ToList();
        // Rounded, so that sources of equal ranks in another order are equal.
        return found.Count == 0 ? null : new(found.Average(f => f.Rank), Math.Round(found.Average(f => (f.Of + 1 - (2 * f.Rank)) / (f.Of - 1)), 12), found.Count);
    }

    /// <summary>The places of the sources in order; null without history. What is the same data as a target left out (<see cref="SameData"/>) is left out with it.</summary>
    public IReadOnlyList<double?> Term(IReadOnlyList<string> sources, params IReadOnlyCollection<string> leftOut)
    {
        string[] without = [.. leftOut, .. Truth.Targets.Where(t => leftOut.Any(l => SameData.As(t, l)))];
        return [.. sources.Select(s => Of(s, without)?.Place)];
    }
}
