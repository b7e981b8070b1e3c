using ZooRank.Evaluation;
using ZooRank.Metrics;

namespace ZooRank.Ranking;

/// <summary>
/// The ground truth of arXiv 2412.20172 (its tables 4 and 5): the AUC after fine-tuning from each source on each target. For a source that occurs there it gives a prior that looks at no image: how it
/// ranked on the other targets. Such a fixed ranking is hard to beat (arXiv 2510.06448), so it stands beside every metric.
/// </summary>
public sealed class PublishedHistory
{
    private const string SourcesArchitecture = "resnet18", ArchitecturesSource = "imagenet";

    private readonly Scenario scenario;
    private readonly Dictionary<string, StaticPrior> priors;

    private PublishedHistory(Scenario scenario, Dictionary<string, StaticPrior> priors, IReadOnlyList<string> targets) => (this.scenario, this.priors, Targets) = (scenario, priors, targets);

    /// <summary>Whose results count.</summary>
    public IReadOnlyList<string> Targets { get; }

    /// <param name="target">The data set asked about: what is known of it is left out.</param>
    /// <param name="scenario">Which of the two tables.</param>
    public static PublishedHistory For(string target, Scenario scenario)
    {
        var history = new SourceHistory(PublishedStudy.Of(scenario).Truth);
        var table = history.Truth;
        var leftOut = table.Targets.Where(t => SameData.As(target, t)).ToList();
        var priors = table.Sources.Select(s => (Source: s, Known: history.Of(s, leftOut))).Where(s => s.Known is not null);
        return new(scenario, priors.ToDictionary(s => s.Source, s => new StaticPrior(s.Known!.MeanRank, table.Sources.Count, s.Known.Targets, s.Known.Place)), [.. table.Targets.Except(leftOut)]);
    }

    /// <summary>The prior of a model; null where the tables do not have it.</summary>
    public StaticPrior? Of(string architecture, string? source)
    {
        var (compared, other, wanted) = scenario == Scenario.Source ? (source?.ToLowerInvariant(), architecture, SourcesArchitecture) : (architecture, source?.ToLowerInvariant(), ArchitecturesSource);
        return compared is not null && other == wanted ? priors.GetValueOrDefault(compared) : null;
    }
}
