using System.Collections.Immutable;

namespace ZooRank.Statistics;

/// <summary>Wilcoxon's signed-rank test that paired differences lie symmetrically about zero (Wilcoxon 1945), two-sided and exact: over all 2ⁿ signs of the ranks at hand, ties included.</summary>
/// <param name="W">The smaller of the rank sums of the positive and of the negative differences.</param>
/// <param name="P">Share of the signs that give a W as small.</param>
/// <param name="Pairs">n: differences that are not zero.</param>
public sealed record WilcoxonTest(double W, double P, int Pairs)
{
    /// <returns>Null where no difference is left.</returns>
    public static WilcoxonTest? Of(IEnumerable<double> differences)
    {
        ImmutableArray<double> d = [.. differences.Where(x => x != 0)];
        if (d.Length == 0) return null;
        var ranks = RankCorrelation.Ranks([.. d.Select(Math.Abs)]);
        var positive = ranks.Zip(d, (rank, x) => x > 0 ? rank : 0).Sum();
        var total = d.Length * (d.Length + 1) / 2.0;
        var w = Math.Min(positive, total - positive);

        // How likely each sum of the positive ranks is, in half ranks, which are whole numbers.
        double[] likelihood = [1];
        foreach (var rank in ranks)
        {
            var half = (int)Math.Round(2 * rank);
            var next = new double[likelihood.Length + half];
            for (var sum = 0; sum < likelihood.Length; sum++)
            {
                next[sum] += likelihood[sum] / 2;
                next[sum + half] += likelihood[sum] / 2;
            }
            likelihood = next;
        }
        return new(w, Math.Min(1, 2 * likelihood.Take((int)Math.Round(2 * w) + 1).Sum()), d.Length);
    }
}
