using System.Globalization;
using ZooRank.Metrics;

namespace ZooRank.Ranking;

/// <summary>
/// The ground truth of arXiv 2412.20172 (its tables 4 and 5): the AUC after fine-tuning from each source on each target. For a source that occurs there it gives a prior that looks at no image: how it
/// ranked on the other targets. Such a fixed ranking is hard to beat (arXiv 2510.06448), so it stands beside every metric.
/// </summary>
public sealed class PublishedHistory
{
    private const string SourcesArchitecture = "resnet18", ArchitecturesSource = "imagenet";

    // The same pictures under another name, or those that a MedMNIST set was made of.
    private static readonly Dictionary<string, string> Aliases = new()
    {
        ["busi"] = "breastmnist",
        ["ham10000"] = "dermamnist",
        ["isic2018"] = "dermamnist",
        ["pneumonia3"] = "pneumoniamnist",
        ["pbc"] = "bloodmnist",
        ["nct"] = "pathmnist",
        ["crc-val"] = "pathmnist",
        ["oct"] = "octmnist",
        ["kermany"] = "octmnist",
        ["deepdrid"] = "retinamnist",
        ["bbbc051"] = "tissuemnist",
        ["chestx"] = "chestmnist",
    };

    private readonly Scenario scenario;
    private readonly Dictionary<string, StaticPrior> priors;

    private PublishedHistory(Scenario scenario, Dictionary<string, StaticPrior> priors) => (this.scenario, this.priors) = (scenario, priors);

    /// <param name="target">The data set asked about: what is known of it is left out.</param>
    /// <param name="scenario">Which of the two tables.</param>
    public static PublishedHistory For(string target, Scenario scenario)
    {
        var (targets, table) = Read(scenario == Scenario.Source ? "auc-sources.csv" : "auc-architectures.csv");
        var name = target.ToLowerInvariant();
        var others = Enumerable.Range(0, targets.Count).Where(t => !name.StartsWith(targets[t], StringComparison.Ordinal) && !Aliases.Any(a => name.StartsWith(a.Key, StringComparison.Ordinal) && a.Value == targets[t])).ToList();
        var ranks = table.Keys.ToDictionary(s => s, _ => new List<double>());
        foreach (var t in others)
        {
            var known = table.Where(row => row.Value[t] is not null).ToList();
            foreach (var (source, aucs) in known) ranks[source].Add(1 + known.Count(k => k.Value[t] > aucs[t]) + (known.Count(k => k.Value[t] == aucs[t]) - 1) / 2.0);
        }
        return new(scenario, ranks.Where(r => r.Value.Count > 0).ToDictionary(r => r.Key, r => new StaticPrior(r.Value.Average(), table.Count, r.Value.Count)));
    }

    /// <summary>The prior of a model; null where the tables do not have it.</summary>
    public StaticPrior? Of(string architecture, string? source)
    {
        var (compared, other, wanted) = scenario == Scenario.Source ? (source?.ToLowerInvariant(), architecture, SourcesArchitecture) : (architecture, source?.ToLowerInvariant(), ArchitecturesSource);
        return compared is not null && other == wanted ? priors.GetValueOrDefault(compared) : null;
    }

    private static (IReadOnlyList<string> Targets, Dictionary<string, double?[]> Rows) Read(string resource)
    {
        using var stream = typeof(PublishedHistory).Assembly.GetManifestResourceStream(resource)!;
        using var text = new StreamReader(stream);
        var lines = text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('\r').Split(',')).ToList();
        return (lines[0][1..], lines.Skip(1).ToDictionary(l => l[0], l => l[1..].Select(v => v.Length > 0 ? double.Parse(v, CultureInfo.InvariantCulture) : (double?)null).ToArray()));
    }
}
