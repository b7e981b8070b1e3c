using ZooRank.Metrics;

namespace ZooRank.Evaluation;

/// <summary>
/// The numbers published with arXiv 2412.20172 (repository DovileDo/transferability-in-medical-imaging, MIT licence): AUC after fine-tuning (its tables 4 and 5) and the scores of eight metrics, for 15 sources under ResNet18 and
/// for 9 architectures from ImageNet. Architectures have torchvision's names here.
/// </summary>
public sealed class PublishedStudy
{
    public const string Citation = "Juodelyte, Ferrante, Lu, Singh, Vanschoren and Cheplygina, On dataset transferability in medical image classification, arXiv 2412.20172";

    /// <summary>As its figures and tables name the metrics.</summary>
    public static IReadOnlyList<string> MetricNames { get; } = ["logme", "leep", "nleep", "parc", "sfda", "ncti", "lp", "fu"];

    private PublishedStudy(Scenario scenario)
    {
        var folder = scenario == Scenario.Source ? "sources" : "architectures";
        Scenario = scenario;
        Truth = Table($"{folder}/auc.csv");
        // Table 5 is in per cent, table 4 as fractions.
        if (scenario == Scenario.Architecture) Truth = Truth.Map(value => value / 100);
        Scores = MetricNames.ToDictionary(name => name, name => Table($"{folder}/{name}.csv"));
    }

    public Scenario Scenario { get; }

    /// <summary>AUC as a fraction. The table of sources has a target more than there are scores for: ChestMNIST.</summary>
    public ScoreTable Truth { get; }

    /// <summary>By metric, as published: nothing reversed, nothing combined.</summary>
    public IReadOnlyDictionary<string, ScoreTable> Scores { get; }

    public static PublishedStudy Of(Scenario scenario) => scenario == Scenario.Source ? OfSources.Value : OfArchitectures.Value;

    private static readonly Lazy<PublishedStudy> OfSources = new(() => new(Scenario.Source)), OfArchitectures = new(() => new(Scenario.Architecture));

    private static ScoreTable Table(string name)
    {
        using var stream = typeof(PublishedStudy).Assembly.GetManifestResourceStream($"published/{name}")!;
        return ScoreTable.Read(stream, name);
    }
}
