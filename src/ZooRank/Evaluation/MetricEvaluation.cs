using System.Text.Json.Serialization;
using ZooRank.Statistics;

namespace ZooRank.Evaluation;

/// <summary>How well metrics predict a ground truth: their rankings of the sources against that by AUC, target by target and over all of them.</summary>
public sealed record MetricEvaluation
{
    /// <summary>Version of this file's layout.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>"source" or "architecture": what is compared, and so how the terms were combined.</summary>
    public required string Scenario { get; init; }

    public required string ScenarioReason { get; init; }

    /// <summary>Those with scores and AUCs of at least three sources.</summary>
    public required IReadOnlyList<string> Targets { get; init; }

    /// <summary>Weighted τ with AUC (<see cref="WeightedTau"/>), by metric and target; null where undefined.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double?>> TauW { get; init; }

    /// <summary>τ_b, by metric and target.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double?>> Kendall { get; init; }

    /// <summary>ρ, by metric and target.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double?>> Spearman { get; init; }

    /// <summary>Over the targets, by metric.</summary>
    public required IReadOnlyDictionary<string, MetricSummary> Summary { get; init; }

    /// <summary>The metrics that are compared with each other: all but terms whose combination is there too.</summary>
    public required IReadOnlyList<string> Compared { get; init; }

    /// <summary>Of the compared metrics over the targets by τ_w; 1 is the best, ties share the mean rank, an undefined τ_w takes the lowest.</summary>
    public required IReadOnlyDictionary<string, double> AverageRanks { get; init; }

    /// <summary>That all compared metrics predict alike; null for fewer than two metrics or targets.</summary>
    public required FriedmanOutcome? Friedman { get; init; }

    /// <summary>Nemenyi's, at 0.05: average ranks that differ by less cannot be told apart. Null where Friedman's test is.</summary>
    public required double? CriticalDifference { get; init; }

    /// <summary>Largest sets of metrics whose average ranks differ by less than the critical difference, the best first.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> NotTold { get; init; }

    /// <summary>Wilcoxon's signed-rank test of every pair over the targets where both τ_w are defined, adjusted by Holm: less conservative than Nemenyi's, and independent of which other metrics are there (Benavoli, Corani and Mangili, JMLR 2016).</summary>
    public required IReadOnlyList<PairComparison> Wilcoxon { get; init; }

    /// <summary>By target: the τ_w of random rankings of as many sources.</summary>
    public required IReadOnlyDictionary<string, RandomRanking> Random { get; init; }

    /// <summary>One in twenty of random rankings' mean τ_w over these targets is above it.</summary>
    public required double RandomMean { get; init; }

    /// <summary>By target, where the truth has several seeds; empty elsewhere.</summary>
    public IReadOnlyDictionary<string, NoiseCeiling> NoiseCeiling { get; init; } = new Dictionary<string, NoiseCeiling>();

    /// <summary>What the sources' AUCs on the other targets add, each target judged by what was learned on the others alone; null where there are too few.</summary>
    public HistoryEvaluation? History { get; init; }

    /// <summary>Scores by metric as they were evaluated: combined, and reversed where that is said.</summary>
    public required IReadOnlyDictionary<string, ScoreTable> Scores { get; init; }

    /// <summary>AUC as a fraction.</summary>
    public required ScoreTable Truth { get; init; }

    public required IReadOnlyList<Caveat> Caveats { get; init; }

    public required string Zoorank { get; init; }

    /// <summary>The command, where there was one.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Reads an evaluation that <c>zoorank evaluate</c> wrote.</summary>
    /// <exception cref="InvalidInputException">There is no such file, or it is not an evaluation.</exception>
    public static MetricEvaluation Read(string path) => JsonFile.Read(path, EvaluationJson.Default.MetricEvaluation, "an evaluation", "zoorank evaluate --out");
}

/// <param name="MeanTauW">Over the targets where it is defined; null where it is on none.</param>
/// <param name="Interval">Of that mean, targets drawn with replacement.</param>
/// <param name="Defined">On how many targets τ_w is defined.</param>
/// <param name="Regret1">AUC lost by fine-tuning the best-ranked source only: mean over the targets.</param>
/// <param name="WorstRegret1">On the target where it is largest.</param>
/// <param name="Regret3">AUC lost by fine-tuning the three best-ranked: mean.</param>
/// <param name="Rel1">Rel@1, mean.</param>
/// <param name="Rel3">Rel@3, mean.</param>
public sealed record MetricSummary(double? MeanTauW, ConfidenceInterval? Interval, int Defined, double? Regret1, double? WorstRegret1, double? Regret3, double? Rel1, double? Rel3);

/// <param name="Statistic">χ²_F.</param>
/// <param name="P">Of χ²_F.</param>
/// <param name="ImanDavenport">F, less conservative; null where all targets rank the metrics alike.</param>
/// <param name="ImanDavenportP">Of F.</param>
public sealed record FriedmanOutcome(double Statistic, double P, double? ImanDavenport, double ImanDavenportP);

/// <param name="First">The metric with the better average rank.</param>
/// <param name="Second">The other.</param>
/// <param name="MeanDifference">Of their τ_w.</param>
/// <param name="W">The smaller rank sum.</param>
/// <param name="P">Exact.</param>
/// <param name="AdjustedP">By Holm, over all pairs.</param>
/// <param name="Targets">Compared on so many.</param>
public sealed record PairComparison(string First, string Second, double MeanDifference, double W, double P, double AdjustedP, int Targets);

/// <param name="Prior">τ_w of the mean rank on the other targets, by target.</param>
/// <param name="Blend">τ_w of metrics and history together, by target; null where no metric takes part.</param>
/// <param name="Terms">The metrics in the blend.</param>
/// <param name="Weights">Of each term, mean over the targets left out in turn.</param>
/// <param name="PriorSummary">Over the targets.</param>
/// <param name="BlendSummary">Over the targets.</param>
/// <param name="Gain">Mean τ_w of the blend less that of the metric it begins with.</param>
/// <param name="GainInterval">Of the gain, targets drawn with replacement.</param>
public sealed record HistoryEvaluation(
    IReadOnlyDictionary<string, double?> Prior, IReadOnlyDictionary<string, double?>? Blend, IReadOnlyList<string> Terms, IReadOnlyDictionary<string, double>? Weights, MetricSummary PriorSummary, MetricSummary? BlendSummary,
    double? Gain, ConfidenceInterval? GainInterval);

// What an older version did not write must not be read as 0.
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MetricEvaluation))]
public sealed partial class EvaluationJson : JsonSerializerContext;
