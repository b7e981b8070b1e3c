using ZooRank.Metrics;

namespace ZooRank.Ranking;

/// <param name="Interval">5th and 95th percentile of the model's score.</param>
/// <param name="ProbabilityBest">Share of the draws in which it is the best; ties share a win.</param>
/// <param name="Group">1 for the leading model and those that cannot be told from it; and so on. Null, as the probability, where the spread of any model is not known.</param>
public sealed record ModelDoubt((double Low, double High)? Interval, double? ProbabilityBest, int? Group);

/// <summary>
/// How far scores hang on the images that happened to be drawn. Each model was measured again on the same random halves of the images (<see cref="RandomHalves"/>); from those the joint
/// normal distribution of all models' numbers is taken, with their correlation, since easy images are easy for all. In each of a thousand draws from it the zoo's scores are
/// combined anew and the winner counted.
/// </summary>
/// <remarks>It is the sampling doubt only, not whether the metric predicts fine-tuning. What a metric learns (NCA's map) is learned again on each half.</remarks>
public static class Doubt
{
    public const int Draws = 1000;

    // A spread is known where so many of the halves have a value, and they differ.
    private const double KnownShare = 0.75;

    /// <summary>A model is told from the leader of a group when it is the worse in this share of the draws.</summary>
    public const double Separated = 0.95;

    /// <param name="metric">The metric that ranks.</param>
    /// <param name="models">Per model its outcome, and its outcomes on the halves, the same halves for all.</param>
    /// <param name="scenario">See <see cref="Metric.Scores"/>.</param>
    /// <param name="seed">Of the draws.</param>
    /// <returns>One per model; empty numbers where nothing is known.</returns>
    public static IReadOnlyList<ModelDoubt> Of(Metric metric, IReadOnlyList<(MetricOutcome Whole, IReadOnlyList<MetricOutcome> Halves)> models, Scenario scenario, int seed)
    {
        var none = models.Select(_ => new ModelDoubt(null, null, null)).ToArray();
        var scores = metric.Scores([.. models.Select(m => m.Whole)], scenario).Scores;
        var halves = models.Max(m => m.Halves.Count);
        if (halves == 0 || scores.All(s => s is null)) return none;

        var random = new Random(seed);
        var deviations = models.Select(m => Deviations(m.Whole, m.Halves)).ToList();
        var drawn = new double?[Draws][];
        var weights = new double[halves];
        for (var draw = 0; draw < Draws; draw++)
        {
            for (var h = 0; h < halves; h++) weights[h] = Normal(random) / Math.Sqrt(halves);
            // A weighted sum of the halves' deviations with normal weights is normal with the halves' own covariance.
            var shifted = models.Select((m, i) => m.Whole.Undefined is not null || deviations[i] is not { } spread ? m.Whole : m.Whole.With((part, value) => value + Dot(weights, spread[part]))).ToList();
            drawn[draw] = [.. metric.Scores(shifted, scenario).Scores];
        }
        // One that is taken for certain because nothing is known of its spread would win or lose every comparison: then none is made.
        var all = models.Select((m, i) => scores[i] is null || deviations[i] is not null).All(known => known);
        var (wins, groups) = all ? (Wins(drawn, models.Count), Groups(scores, drawn)) : (null, new int?[models.Count]);
        return [.. models.Select((m, i) => scores[i] is null || deviations[i] is null ? none[i] : new ModelDoubt(Interval([.. drawn.Select(d => d[i]).OfType<double>()]), wins?[i], groups[i]))];
    }

    // T_h − mean over the halves, by part; 0 where a half has no value, the rest stretched to the same variance. Null where too few have one, or they are all the same.
    private static Dictionary<string, double[]>? Deviations(MetricOutcome whole, IReadOnlyList<MetricOutcome> halves)
    {
        if (halves.Count == 0 || halves.Count(h => h.Undefined is null) < KnownShare * halves.Count) return null;
        var deviations = whole.Numbers.Keys.ToDictionary(part => part, part =>
        {
            var values = halves.Select(h => h.Undefined is null ? h.Numbers[part] : (double?)null).ToArray();
            var known = values.OfType<double>().ToList();
            var stretch = known.Count > 0 ? Math.Sqrt((double)values.Length / known.Count) : 0;
            return values.Select(v => v is { } x ? (x - known.Average()) * stretch : 0).ToArray();
        });
        return deviations.Values.All(d => d.All(x => Math.Abs(x) < 1e-12)) ? null : deviations;
    }

    private static double[]? Wins(double?[][] drawn, int count)
    {
        var wins = new double[count];
        foreach (var scores in drawn)
        {
            var best = scores.Max();
            if (best is null) continue;   // nothing tells the models apart in this draw
            var winners = Enumerable.Range(0, count).Where(i => scores[i] == best).ToList();
            foreach (var winner in winners) wins[winner] += 1.0 / winners.Count;
        }
        var total = wins.Sum();
        return total > 0 ? [.. wins.Select(w => w / total)] : null;
    }

    // In order of score: a model that is not clearly worse than the first of the group is of the group, else it leads the next.
    private static int?[] Groups(IReadOnlyList<double?> scores, double?[][] drawn)
    {
        var groups = new int?[scores.Count];
        var (leader, group, before) = (-1, 0, (double?)null);
        foreach (var i in Enumerable.Range(0, scores.Count).Where(i => scores[i] is not null).OrderByDescending(i => scores[i]))
        {
            var worse = leader < 0 ? 1 : drawn.Average(d => d[leader] > d[i] ? 1 : d[leader] == d[i] ? 0.5 : 0);
            if (worse >= Separated && scores[i] != before) (leader, group) = (i, group + 1);   // equal scores share a group
            (groups[i], before) = (group, scores[i]);
        }
        return groups;
    }

    private static (double, double)? Interval(List<double> values)
    {
        if (values.Count == 0) return null;
        values.Sort();
        return (values[(int)(0.05 * (values.Count - 1))], values[(int)Math.Ceiling(0.95 * (values.Count - 1))]);
    }

    private static double Dot(double[] weights, double[] deviations)
    {
        var sum = 0.0;
        for (var h = 0; h < deviations.Length; h++) sum += weights[h] * deviations[h];
        return sum;
    }

    // Box and Muller.
    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
