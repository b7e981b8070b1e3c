using ZooRank.Statistics;

namespace ZooRank.Evaluation;

/// <summary>
/// Metrics and history as one score: the mean of their rankings, each scaled to −1…1 over the sources that have it, with weights that add to 1. A source without one of the terms is judged by the others alone.
/// </summary>
/// <param name="Terms">The weight of each: "history", or a metric's name.</param>
/// <param name="Targets">How many targets the weights were learned on.</param>
public sealed record HistoryBlend(IReadOnlyDictionary<string, double> Terms, int Targets)
{
    public const string History = "history";

    // A metric counts for so much of what history counts, at most as much. Which of these weightings do better on the targets at hand decides how much each has to say; differences in mean τ_w far below Temperature are chance.
    private static readonly double[] Shares = [0, 0.25, 0.5, 0.75, 1];
    private const double Temperature = 0.05;

    /// <summary>
    /// Learns the weights: all weightings of a grid are tried on every target, with the history of the others, and averaged by exp(mean τ_w / 0.05). To judge a blend honestly, leave the target that it is asked about out of the
    /// truth given here.
    /// </summary>
    /// <param name="history">Of the targets to learn on.</param>
    /// <param name="metrics">Scores by metric, for some of its targets; at most four are sensible (5ᵐ weightings are tried).</param>
    /// <param name="leftOut">Targets to leave out altogether.</param>
    /// <returns>Null where there are fewer than two targets to learn on.</returns>
    public static HistoryBlend? Learn(SourceHistory history, IReadOnlyDictionary<string, ScoreTable> metrics, params IReadOnlyCollection<string> leftOut)
    {
        var names = metrics.Keys.ToList();
        var cases = history.Truth.Targets.Where(t => !leftOut.Contains(t) && metrics.Values.All(m => m.Targets.Contains(t))).Select(target =>
        {
            var sources = history.Truth.Sources.Where(s => history.Truth[s, target] is not null).ToList();
            string[] unseen = [target, .. leftOut];   // and the same data under other names
            return (Truth: history.Truth.Column(target, sources), Terms: (IReadOnlyList<double?[]>)[Scaled(history.Term(sources, unseen)), .. names.Select(n => Scaled(metrics[n].Column(target, sources)))]);
        }).Where(c => c.Truth.Count > 2 && c.Terms[0].Any(v => v is not null)).ToList();
        if (cases.Count < 2) return null;

        var tried = Weightings(names.Count).Select(weights => (Weights: weights, Tau: cases.Average(c => Tau(c.Truth, Mean(c.Terms, weights))))).ToList();
        var best = tried.Max(t => t.Tau);
        var votes = tried.Select(t => Math.Exp((t.Tau - best) / Temperature)).ToList();
        string[] terms = [History, .. names];
        return new(terms.Index().ToDictionary(t => t.Item, t => tried.Zip(votes).Sum(v => v.First.Weights[t.Index] * v.Second) / votes.Sum()), cases.Count);
    }

    /// <summary>The blended score of each source, −1 to 1; null where it has none of the terms.</summary>
    /// <param name="terms">By name, for the sources in order, higher is better; those without a weight do not count.</param>
    public IReadOnlyList<double?> Scores(IReadOnlyDictionary<string, IReadOnlyList<double?>> terms)
    {
        var known = Terms.Where(t => terms.ContainsKey(t.Key)).ToList();
        return Mean([.. known.Select(t => Scaled(terms[t.Key]))], [.. known.Select(t => t.Value)]);
    }

    // History 1, each metric one of the shares, brought to the sum of 1.
    private static IEnumerable<double[]> Weightings(int metrics)
    {
        IEnumerable<double[]> all = [[1.0]];
        for (var m = 0; m < metrics; m++) all = all.SelectMany(head => Shares.Select(share => (double[])[.. head, share]));
        return all.Select(w => w.Select(x => x / w.Sum()).ToArray());
    }

    private static double Tau(IReadOnlyList<double?> truth, IReadOnlyList<double?> scores)
    {
        var both = truth.Zip(scores).Where(p => p.First is not null && p.Second is not null).ToList();
        return WeightedTau.Of([.. both.Select(p => p.First!.Value)], [.. both.Select(p => p.Second!.Value)]) ?? 0;
    }

    // Ranks from −1 (lowest) to 1.
    private static double?[] Scaled(IReadOnlyList<double?> values)
    {
        var known = Enumerable.Range(0, values.Count).Where(i => values[i] is not null).ToList();
        var scaled = new double?[values.Count];
        foreach (var (i, rank) in known.Zip(RankCorrelation.Ranks([.. known.Select(i => values[i]!.Value)]))) scaled[i] = known.Count > 1 ? ((2 * rank) - known.Count - 1) / (known.Count - 1) : 0;
        return scaled;
    }

    private static double?[] Mean(IReadOnlyList<double?[]> terms, double[] weights)
    {
        var mean = new double?[terms.Count > 0 ? terms[0].Length : 0];
        for (var i = 0; i < mean.Length; i++)
        {
            var (sum, weight) = (0.0, 0.0);
            for (var t = 0; t < terms.Count; t++)
                if (terms[t][i] is { } value) (sum, weight) = (sum + (weights[t] * value), weight + weights[t]);
            if (weight > 0) mean[i] = sum / weight;
        }
        return mean;
    }
}
