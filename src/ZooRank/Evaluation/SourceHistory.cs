using ZooRank.Statistics;

namespace ZooRank.Evaluation;

/// <summary>
/// How a source did on other targets: its mean rank by AUC, a prior that looks at no image of the target asked about. On the published tables it predicts better than any metric (mean τ_w 0.55 and 0.50), as fixed rankings
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

    /// <summary>Mean rank over the targets that are not left out, and over how many it is; null where the source is on none of them.</summary>
    public (double MeanRank, int Targets)? Of(string source, params IReadOnlyCollection<string> leftOut)
    {
        var found = ranks.Where(t => !leftOut.Contains(t.Key)).Select(t => t.Value.TryGetValue(source, out var rank) ? rank : (double?)null).OfType<double>().ToList();
        return found.Count > 0 ? (found.Average(), found.Count) : null;
    }

    /// <summary>For the sources in order: higher is better; null without history.</summary>
    public IReadOnlyList<double?> Term(IReadOnlyList<string> sources, params IReadOnlyCollection<string> leftOut) => [.. sources.Select(s => -Of(s, leftOut)?.MeanRank)];
}
