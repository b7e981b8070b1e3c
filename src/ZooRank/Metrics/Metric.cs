namespace ZooRank.Metrics;

/// <summary>What a metric must be given beside features and labels.</summary>
[Flags]
public enum MetricNeeds
{
    None = 0,

    /// <summary>The source model's own logits: a model without a head has none.</summary>
    Logits = 1,

    /// <summary>The gradient norms of one backward pass: features that were brought as a file have none.</summary>
    Gradients = 2,

    /// <summary>Several models: its parts become a score only over a whole zoo.</summary>
    Zoo = 4,
}

/// <summary>
/// A transferability metric: a number, higher is better, for one source model on a target's labelled probe. What it is called, where it is from, what it needs and
/// when it is undefined stand beside the formula, so that the tool, its help and its tests read one list (<see cref="MetricList"/>).
/// </summary>
public sealed record Metric
{
    /// <summary>Short, stable name: "logme". A variant of it has a colon: "logme:published" is what the code behind the paper's tables computes, where that differs.</summary>
    public required string Name { get; init; }

    /// <summary>What it measures, in a sentence; for a variant, in what it differs.</summary>
    public required string Meaning { get; init; }

    /// <summary>Authors, title, venue, arXiv number and equation.</summary>
    public required string Source { get; init; }

    /// <summary>Smallest and largest value, and what they mean.</summary>
    public required string Range { get; init; }

    /// <summary>When it is undefined; empty where it never is on valid input.</summary>
    public string UndefinedWhen { get; init; } = "";

    public MetricNeeds Needs { get; init; }

    /// <summary>
    /// True where the metric saturates as the images become no more than the features: half of them would be another regime, so its doubt is taken from halves only where n is at least 4 D.
    /// </summary>
    public bool SaturatesWithFewImages { get; init; }

    /// <summary>True where a task with several labels per image has a value too.</summary>
    public bool MultiLabel { get; init; }

    /// <summary>The value for one model.</summary>
    public required Func<FeatureSpace, MetricOutcome> Measure { get; init; }

    /// <summary>Scores over a zoo, for a metric whose parts are scaled over the models; null: each model's own score.</summary>
    public Func<IReadOnlyList<MetricOutcome>, Scenario, CombinedScores>? OverZoo { get; init; }

    /// <summary>Rough size of what it holds at its peak beyond what is shared, in float64 numbers, from n, D and C.</summary>
    public Func<long, long, long, long> Workspace { get; init; } = (n, d, c) => n * c;

    /// <summary>The name without its variant.</summary>
    public string Family => Name.Split(':')[0];

    /// <summary>One score per model: null where it is undefined.</summary>
    public CombinedScores Scores(IReadOnlyList<MetricOutcome> models, Scenario scenario) => OverZoo is { } combine ? combine(models, scenario) : new([.. models.Select(m => m.Score)], []);
}

/// <summary>What a metric says of one model: a score, or parts that become one over a zoo, or why it is undefined.</summary>
public sealed record MetricOutcome
{
    private MetricOutcome()
    {
    }

    public double? Score { get; private init; }

    /// <summary>Named parts; empty where there is only the score.</summary>
    public IReadOnlyDictionary<string, double> Parts { get; private init; } = new Dictionary<string, double>();

    /// <summary>Why there is no value; null where there is one.</summary>
    public string? Undefined { get; private init; }

    /// <summary>All its numbers by name, the score as "".</summary>
    public IReadOnlyDictionary<string, double> Numbers => Score is { } score ? new Dictionary<string, double>(Parts) { [""] = score } : Parts;

    /// <summary>A score. A number that is not finite is no score: it is undefined and says so.</summary>
    public static MetricOutcome Of(double score) => double.IsFinite(score) ? new() { Score = score } : Not("the computation overflowed: the features' scale is extreme");

    /// <inheritdoc cref="Of(double)"/>
    public static MetricOutcome Of(IReadOnlyDictionary<string, double> parts) => parts.Values.All(double.IsFinite) ? new() { Parts = parts } : Not("the computation overflowed: the features' scale is extreme");

    public static MetricOutcome Not(string why) => new() { Undefined = why };

    /// <summary>The same numbers changed: for resampling.</summary>
    public MetricOutcome With(Func<string, double, double> change) => this with
    {
        Score = Score is { } score ? change("", score) : null,
        Parts = Parts.ToDictionary(p => p.Key, p => change(p.Key, p.Value)),
    };
}
