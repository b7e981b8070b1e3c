namespace ZooRank.Statistics;

/// <summary>What trusting a ranking costs: the best source among its first k, against the best of all.</summary>
public static class SelectionQuality
{
    /// <summary>AUC lost by fine-tuning the k best-ranked sources only. Where equal scores straddle the k-th place, the mean over all ways to choose among them.</summary>
    /// <param name="scores">By which the sources are ranked.</param>
    /// <param name="performance">Of the same sources.</param>
    /// <param name="k">How many are fine-tuned.</param>
    public static double Regret(IReadOnlyList<double> scores, IReadOnlyList<double> performance, int k) => performance.Max() - BestOfTop(scores, performance, k);

    /// <summary>Rel@k (You et al., arXiv 2110.10545, section 5): the best performance among the k best-ranked over the best of all.</summary>
    /// <inheritdoc cref="Regret"/>
    public static double Relative(IReadOnlyList<double> scores, IReadOnlyList<double> performance, int k) => BestOfTop(scores, performance, k) / performance.Max();

    private static double BestOfTop(IReadOnlyList<double> scores, IReadOnlyList<double> performance, int k)
    {
        k = Math.Min(k, scores.Count);
        var last = scores.OrderDescending().ElementAt(k - 1);
        var certain = Enumerable.Range(0, scores.Count).Where(i => scores[i] > last).Select(i => performance[i]).ToList();
        var tied = Enumerable.Range(0, scores.Count).Where(i => scores[i] == last).Select(i => performance[i]).OrderDescending().ToList();
        var (free, floor) = (k - certain.Count, certain.Count > 0 ? certain.Max() : double.NegativeInfinity);

        // E[max] over the subsets of `free` of the tied: the i-th best of them is the best drawn when all others are among those after it.
        var (expected, missed) = (0.0, 1.0);   // missed: that none of the better ones was drawn
        for (var i = 0; i < tied.Count; i++)
        {
            var left = tied.Count - i;
            var drawn = missed * free / left;
            expected += drawn * Math.Max(tied[i], floor);
            missed -= drawn;
            if (missed <= 1e-15 || left == free) break;
        }
        return expected;
    }
}
