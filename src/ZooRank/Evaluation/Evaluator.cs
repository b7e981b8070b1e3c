using System.Globalization;
using System.Text.RegularExpressions;
using ZooRank.Metrics;
using ZooRank.Statistics;
using ZooRank.Truth;

namespace ZooRank.Evaluation;

/// <summary>How to evaluate.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Null: architectures where every source bears the name of one, else sources.</summary>
    public Scenario? Scenario { get; init; }

    /// <summary>Metrics to be reversed (v → −v); null: those that the paper reverses in its scenario of architectures, there (<see cref="Evaluator.ReversedByThePaper"/>).</summary>
    public IReadOnlyList<string>? Reversed { get; init; }

    /// <summary>The truth with all its seeds, where they are known: for the noise ceiling.</summary>
    public IReadOnlyList<TargetTruth> Seeds { get; init; } = [];

    /// <summary>What is known of the truth that a reader must know.</summary>
    public IReadOnlyList<Caveat> Caveats { get; init; } = [];

    public IReadOnlyList<string> Command { get; init; } = [];
}

/// <summary>Compares metrics with a ground truth as arXiv 2412.20172 does (its section 5), and further.</summary>
public static partial class Evaluator
{
    private const double Alpha = 0.05;

    /// <summary>The metrics that the paper turns round (1 − S) where architectures are compared.</summary>
    public static IReadOnlyList<string> ReversedByThePaper { get; } = ["leep", "nleep", "parc", "ncti"];

    // With history go the paper's metric and its term of feature quality alone, as far as they are there; without the paper's metric, the first that is compared.
    private static readonly string[] BesideHistory = [FeatureCombination.Metric.Name, FeatureCombination.Lp];

    /// <param name="scores">By metric; where there are "lp" and "fu", the paper's combination "lp_fu" is added.</param>
    /// <param name="truth">AUC, as fractions or in per cent.</param>
    /// <param name="options">How.</param>
    /// <exception cref="InvalidInputException">No target has scores and AUCs of at least three sources.</exception>
    public static MetricEvaluation Evaluate(IReadOnlyDictionary<string, ScoreTable> scores, ScoreTable truth, EvaluationOptions? options = null)
    {
        options ??= new();
        var caveats = new List<Caveat>(options.Caveats);
        truth = AsFractions(truth, caveats);
        var (scenario, reason) = ScenarioOf(options.Scenario, truth);
        var tables = Prepared(scores, scenario, options.Reversed, caveats);
        var targets = truth.Targets.Where(t => tables.Values.Any(table => Both(table, truth, t).Count > 2)).ToList();
        if (targets.Count == 0) throw new InvalidInputException($"no target has scores and AUCs of three sources or more. Scores are of {Some(tables.Values.SelectMany(t => t.Sources))} on {Some(tables.Values.SelectMany(t => t.Targets))}; AUCs of {Some(truth.Sources)} on {Some(truth.Targets)}. Rank and fine-tune three sources at least, under the same names.");
        LeftOut(tables, truth, targets, caveats);

        IReadOnlyDictionary<string, IReadOnlyDictionary<string, double?>> Each(Func<IReadOnlyList<double>, IReadOnlyList<double>, double?> statistic) =>
            tables.ToDictionary(t => t.Key, t => (IReadOnlyDictionary<string, double?>)targets.ToDictionary(target => target, target => Statistic(t.Value, truth, target, statistic)));
        int Compared(string target) => tables.Values.Max(table => Both(table, truth, target).Count);
        var tau = Each((x, y) => WeightedTau.Of(x, y));
        var combined = tables.ContainsKey(FeatureCombination.Metric.Name);
        var partial = tables.Where(table => targets.Any(target => Both(table.Value, truth, target).Count < 3)).Select(table => table.Key).ToList();
        if (partial.Count > 0 && partial.Count < tables.Count) caveats.Add(new("not-on-all-targets", $"{string.Join(", ", partial)}: without scores on some of the targets, so not compared with the others by rank."));
        var compared = tables.Keys.Where(name => (partial.Count == tables.Count || !partial.Contains(name)) && (!combined || name is not (FeatureCombination.Lp or FeatureCombination.Fu))).ToList();
        var ranks = targets.Select(target => (IReadOnlyList<double>)RankCorrelation.DescendingRanks([.. compared.Select(name => tau[name][target] ?? double.NegativeInfinity)])).ToList();
        var friedman = FriedmanTest.Of(ranks);
        var averages = compared.Index().ToDictionary(m => m.Item, m => ranks.Average(r => r[m.Index]));
        double? difference = friedman is null ? null : FriedmanTest.CriticalDifference(compared.Count, targets.Count, Alpha);
        return new MetricEvaluation
        {
            Scenario = scenario == Scenario.Source ? "source" : "architecture",
            ScenarioReason = reason,
            Targets = targets,
            TauW = tau,
            Kendall = Each(RankCorrelation.Kendall),
            Spearman = Each(RankCorrelation.Spearman),
            Summary = tables.ToDictionary(t => t.Key, t => Summary(tau[t.Key], t.Value, truth)),
            Compared = compared,
            AverageRanks = averages,
            Friedman = friedman is null ? null : new(friedman.Statistic, friedman.P, friedman.ImanDavenport, friedman.ImanDavenportP),
            CriticalDifference = difference,
            NotTold = difference is { } d ? NotTold(averages, d) : [],
            Wilcoxon = Wilcoxon(compared, averages, tau, targets),
            Random = targets.ToDictionary(t => t, t => RandomRanking.Of(Compared(t))),
            RandomMean = RandomRanking.OfMean([.. targets.Select(Compared)]),
            NoiseCeiling = options.Seeds.Where(t => targets.Contains(t.Target))
                .Select(t => (t.Target, Ceiling: NoiseCeiling.Of(t, [.. truth.Sources.Where(s => tables.Values.Any(table => table[s, t.Target] is not null))]))).Where(t => t.Ceiling is not null).ToDictionary(t => t.Target, t => t.Ceiling!),
            History = History(tables, compared, truth, targets, tau),
            Scores = tables,
            Truth = truth,
            Caveats = caveats,
            Zoorank = Product.Version,
            Command = options.Command,
        };
    }

    /// <summary>
    /// The paper's combination of its two terms (<see cref="FeatureCombination"/>): each scaled over all sources that have it for a target, that which is the target itself among them. (The published FU has that pair, the
    /// published LP has not; so FU's least may be its.)
    /// </summary>
    public static ScoreTable Combine(ScoreTable lp, ScoreTable fu, Scenario scenario)
    {
        var sources = lp.Sources.Union(fu.Sources).ToList();
        return ScoreTable.Of(sources, [.. lp.Targets.Intersect(fu.Targets)], t =>
        {
            var (quality, update) = (Scaled(lp.Column(t, sources), scenario), Scaled(fu.Column(t, sources), scenario));
            return [.. quality.Zip(update, (q, u) => q * u)];
        });
    }

    /// <summary>A term from 0 to 1 over a target's sources, reversed where architectures are compared; 1 where it is the same for all, so that it takes no part.</summary>
    internal static IReadOnlyList<double?> Scaled(IReadOnlyList<double?> term, Scenario scenario)
    {
        var scaled = CombinedScores.Scale(scenario == Scenario.Architecture ? [.. term.Select(v => -v)] : [.. term]);
        return [.. term.Select((v, i) => v is null ? (double?)null : scaled?[i] ?? 1)];
    }

    private static (Scenario, string) ScenarioOf(Scenario? asked, ScoreTable truth)
    {
        if (asked is { } scenario) return (scenario, "as asked");
        return truth.Sources.All(s => ArchitectureName().IsMatch(s))
            ? (Scenario.Architecture, "every source bears the name of an architecture")
            : (Scenario.Source, "the sources do not bear the names of architectures");
    }

    private static Dictionary<string, ScoreTable> Prepared(IReadOnlyDictionary<string, ScoreTable> scores, Scenario scenario, IReadOnlyList<string>? asked, List<Caveat> caveats)
    {
        var reversed = (asked ?? (scenario == Scenario.Architecture ? ReversedByThePaper : [])).Intersect(scores.Keys).ToList();
        if (asked?.Except(scores.Keys).FirstOrDefault() is { } unknown) throw Suggestions.Unknown("metric to reverse", unknown, [.. scores.Keys]);
        if (reversed.Count > 0) caveats.Add(new("reversed", $"{string.Join(", ", reversed)}: reversed, so that a low score is good{(asked is null ? ", as the paper does where architectures are compared" : "")}."));
        var tables = scores.ToDictionary(s => s.Key, s => reversed.Contains(s.Key) ? s.Value.Map(v => -v) : s.Value);
        if (scores.TryGetValue(FeatureCombination.Lp, out var lp) && scores.TryGetValue(FeatureCombination.Fu, out var fu) && !scores.ContainsKey(FeatureCombination.Metric.Name)) tables[FeatureCombination.Metric.Name] = Combine(lp, fu, scenario);
        return tables;
    }

    /// <exception cref="InvalidInputException">There is none, one is no AUC, or units are mixed.</exception>
    internal static ScoreTable AsFractions(ScoreTable truth, List<Caveat> caveats)
    {
        var values = truth.Values.SelectMany(row => row).OfType<double>().ToList();
        if (values.Count == 0) throw new InvalidInputException("the ground truth has no AUC.");
        if (values.FirstOrDefault(v => v is < 0 or > 100) is not 0 and var wrong) throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"the ground truth has {wrong}, which is no AUC. Expected are fractions from 0 to 1, or per cent."));
        if (values.Max() <= 1) return truth;
        if (values.Min() <= 1) throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"the ground truth mixes fractions ({values.Min()}) and per cent ({values.Max()}). Write all AUCs in one unit."));
        caveats.Add(new("per-cent", "the AUCs are taken for per cent; regret is given as a fraction."));
        return truth.Map(v => v / 100);
    }

    private static void LeftOut(Dictionary<string, ScoreTable> tables, ScoreTable truth, List<string> targets, List<Caveat> caveats)
    {
        var without = truth.Targets.Concat(tables.Values.SelectMany(t => t.Targets)).Distinct().Except(targets).ToList();
        if (without.Count > 0) caveats.Add(new("targets-left-out", $"{string.Join(", ", without)}: not evaluated, since fewer than three sources have both a score and an AUC there; AUCs that are known count as history of the other targets."));
        var nowhere = truth.Sources.Except(tables.Values.SelectMany(t => t.Sources)).ToList();
        if (nowhere.Count > 0) caveats.Add(new("sources-without-scores", $"{string.Join(", ", nowhere)}: no scores, so the evaluation is over the others only."));
        foreach (var (name, table) in tables)
        {
            var rows = truth.Sources.Except(table.Sources).Except(nowhere).ToList();
            if (rows.Count > 0) caveats.Add(new("sources-without-scores", $"no scores of {string.Join(", ", rows)}; its values are over the others only.", name));
            var gaps = targets.SelectMany(t => truth.Sources.Where(s => truth[s, t] is not null && table.Sources.Contains(s) && table[s, t] is null).Select(s => $"{s} on {t}")).ToList();
            if (gaps.Count > 0) caveats.Add(new("missing-scores", $"no score of {Some(gaps)}.", name));
        }
        var unscored = tables.Values.SelectMany(t => t.Sources).Distinct().Except(truth.Sources).ToList();
        if (unscored.Count > 0) caveats.Add(new("sources-without-auc", $"{string.Join(", ", unscored)}: left out, since the ground truth does not have them."));
    }

    private static List<(double Score, double Auc)> Both(ScoreTable table, ScoreTable truth, string target) =>
        [.. truth.Sources.Select(s => (Score: table[s, target], Auc: truth[s, target])).Where(p => p is (not null, not null)).Select(p => (p.Score!.Value, p.Auc!.Value))];

    private static double? Statistic(ScoreTable table, ScoreTable truth, string target, Func<IReadOnlyList<double>, IReadOnlyList<double>, double?> statistic)
    {
        var both = Both(table, truth, target);
        // Rounded, so that what is equal but for the last digit ties.
        return both.Count > 2 && statistic([.. both.Select(p => p.Score)], [.. both.Select(p => p.Auc)]) is { } value ? Math.Round(value, 12) : null;
    }

    private static MetricSummary Summary(IReadOnlyDictionary<string, double?> tau, ScoreTable table, ScoreTable truth)
    {
        List<double> values = [.. tau.Values.OfType<double>()];
        // Where scores are constant there is no τ_w, but a choice is made all the same, by lot.
        var cases = tau.Keys.Select(target => Both(table, truth, target)).Where(c => c.Count > 2).ToList();
        if (cases.Count == 0) return new(null, null, 0, null, null, null, null, null);
        double Mean(Func<IReadOnlyList<double>, IReadOnlyList<double>, int, double> quality, int k) => cases.Average(c => quality([.. c.Select(p => p.Score)], [.. c.Select(p => p.Auc)], k));
        return new(
            values.Count > 0 ? values.Average() : null, Bootstrap.OfMean(values), values.Count, Mean(SelectionQuality.Regret, 1), cases.Max(c => SelectionQuality.Regret([.. c.Select(p => p.Score)], [.. c.Select(p => p.Auc)], 1)),
            Mean(SelectionQuality.Regret, 3), Mean(SelectionQuality.Relative, 1), Mean(SelectionQuality.Relative, 3));
    }

    // In order of rank: every longest run that fits into the critical difference.
    private static List<IReadOnlyList<string>> NotTold(Dictionary<string, double> averages, double difference)
    {
        var order = averages.OrderBy(a => a.Value).ToList();
        var (groups, reached) = (new List<IReadOnlyList<string>>(), -1);
        for (var from = 0; from < order.Count; from++)
        {
            var to = order.FindLastIndex(a => a.Value - order[from].Value < difference);
            if (to > from && to > reached) groups.Add([.. order[from..(to + 1)].Select(a => a.Key)]);
            reached = Math.Max(reached, to);
        }
        return groups;
    }

    private static IReadOnlyList<PairComparison> Wilcoxon(List<string> compared, Dictionary<string, double> averages, IReadOnlyDictionary<string, IReadOnlyDictionary<string, double?>> tau, List<string> targets)
    {
        var order = compared.OrderBy(m => averages[m]).ToList();
        var pairs = order.SelectMany((first, i) => order.Skip(i + 1).Select(second =>
        {
            var differences = targets.Select(t => tau[first][t] - tau[second][t]).OfType<double>().Select(d => Math.Round(d, 12)).ToList();
            return (First: first, Second: second, Differences: differences, Test: WilcoxonTest.Of(differences));
        })).Where(p => p.Test is not null).ToList();
        var adjusted = Holm.Adjust([.. pairs.Select(p => p.Test!.P)]);
        return [.. pairs.Select((p, i) => new PairComparison(p.First, p.Second, p.Differences.Average(), p.Test!.W, p.Test.P, adjusted[i], p.Differences.Count))];
    }

    private static HistoryEvaluation? History(Dictionary<string, ScoreTable> tables, List<string> compared, ScoreTable truth, List<string> targets, IReadOnlyDictionary<string, IReadOnlyDictionary<string, double?>> tau)
    {
        if (targets.Count < 3) return null;
        var history = new SourceHistory(truth);
        var sources = truth.Sources;
        IReadOnlyDictionary<string, double?> Taus(ScoreTable table) => targets.ToDictionary(t => t, t => Statistic(table, truth, t, (x, y) => WeightedTau.Of(x, y)));

        var prior = ScoreTable.Of(sources, targets, target => history.Term(sources, target));
        var terms = BesideHistory.Where(tables.ContainsKey).ToList() is { Count: > 0 } known && known[0] == BesideHistory[0] ? known : [.. compared.Take(1)];
        var (priorTau, metrics) = (Taus(prior), terms.ToDictionary(t => t, t => tables[t]));
        var blends = targets.Select(target => (Target: target, Blend: HistoryBlend.Learn(history, metrics, [.. truth.Targets.Where(t => SameData.As(t, target))]))).ToDictionary(b => b.Target, b => b.Blend);
        if (terms.Count == 0 || blends.Values.Any(b => b is null)) return new(priorTau, null, [], null, Summary(priorTau, prior, truth), null, null, null);

        var blended = ScoreTable.Of(sources, targets, target =>
        {
            // What has no AUC on the target takes no part in the ranks: the target's own source.
            var there = sources.Select(s => truth[s, target] is not null).ToList();
            IReadOnlyList<double?> Known(IReadOnlyList<double?> values) => [.. values.Zip(there, (v, known) => known ? v : null)];
            var given = terms.ToDictionary(t => t, t => Known(metrics[t].Column(target, sources)));
            given[HistoryBlend.History] = Known(history.Term(sources, target));
            return blends[target]!.Scores(given);
        });
        var blendTau = Taus(blended);
        List<double> gains = [.. targets.Select(t => blendTau[t] - tau[terms[0]][t]).OfType<double>()];
        return new(
            priorTau, blendTau, terms, blends.Values.First()!.Terms.Keys.ToDictionary(name => name, name => blends.Values.Average(b => b!.Terms[name])), Summary(priorTau, prior, truth), Summary(blendTau, blended, truth),
            gains.Count > 0 ? gains.Average() : null, Bootstrap.OfMean(gains));
    }

    // A family and what its members are called by: numbers, versions, sizes.
    [GeneratedRegex(@"^(resnet|resnext|wide_resnet|densenet|efficientnet|googlenet|mnasnet|mobilenet|vgg|convnext|shufflenet|regnet|vit|swin|inception|alexnet|squeezenet)([_-]?(v?\d+(_\d+)*|x\d+(_\d+)*|bn|tiny|small|base|large|[abhlmst]\d*))*$", RegexOptions.IgnoreCase)]
    private static partial Regex ArchitectureName();

    private static string Some(IEnumerable<string> names) => names.Distinct().ToList() is var all && all.Count > 6 ? $"{string.Join(", ", all.Take(6))} and {all.Count - 6} more" : string.Join(", ", all);
}
