namespace ZooRank.Ranking;

/// <summary>What one model brings to a resampling: its probabilities p(y_i | x̃_i) and its batches' gradient norms.</summary>
public sealed record ResampledTerms(IReadOnlyList<double> Probabilities, IReadOnlyList<double> Conv1Norms, IReadOnlyList<double> Conv2Norms);

/// <summary>
/// How far the choice of the best model hangs on the images that happened to be drawn: a bootstrap over the probe's images (within their classes) and over the
/// gradient batches, the same draws for all models, in which the combined score is made anew and the winner counted.
/// </summary>
/// <remarks>
/// It takes the learned NCA map and the trained checkpoint as given, so it is the sampling doubt only, and the least there is: not whether the score predicts fine-tuning.
/// </remarks>
public static class ResampledChoice
{
    public const int Resamples = 1000;

    /// <summary>For each model the share of those resamples that decide in which it is the best; ties share a win. Null where none decides.</summary>
    public static IReadOnlyList<double>? ProbabilityBest(IReadOnlyList<ResampledTerms> models, IReadOnlyList<int> labels, Scenario scenario, int seed)
    {
        var random = new Random(seed);
        var classes = Enumerable.Range(0, labels.Count).GroupBy(i => labels[i]).OrderBy(g => g.Key).Select(g => g.ToArray()).ToArray();
        var batches = models.Min(m => m.Conv1Norms.Count);
        var wins = new double[models.Count];
        var images = new int[labels.Count];
        var drawn = new int[batches];
        for (var resample = 0; resample < Resamples; resample++)
        {
            var at = 0;
            foreach (var members in classes)
                for (var i = 0; i < members.Length; i++) images[at++] = members[random.Next(members.Length)];
            for (var b = 0; b < batches; b++) drawn[b] = random.Next(batches);

            var terms = models.Select(m => ((double?)images.Average(i => m.Probabilities[i]), Ratio(m, drawn))).ToList();
            var scores = Combination.Combine(terms, scenario).Scores;
            var best = scores.Max();
            if (best is null) continue;   // nothing moves in these batches, or all is the same
            var winners = Enumerable.Range(0, models.Count).Where(i => scores[i] == best).ToList();
            foreach (var winner in winners) wins[winner] += 1.0 / winners.Count;
        }
        var total = wins.Sum();
        return total > 0 ? [.. wins.Select(w => w / total)] : null;
    }

    private static double? Ratio(ResampledTerms model, int[] batches)
    {
        var (one, two) = (batches.Sum(b => model.Conv1Norms[b]), batches.Sum(b => model.Conv2Norms[b]));
        return one > 0 ? two / one : null;
    }
}
