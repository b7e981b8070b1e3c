namespace ZooRank.Metrics;

/// <summary>Every metric that ZooRank has. A new one is a file of its own and a line here; help, JSON, tables and contract tests read this list.</summary>
public static class MetricList
{
    /// <summary>In the order in which they are shown: the paper's own, those it is compared with, further ones, baselines.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        FeatureCombination.Metric,
        FeatureCombination.Published,
        FeatureQuality.Metric,
        FeatureQuality.Published,
        FeatureQuality.Objective,
        FeatureUpdate.Metric,
        Leep.Metric,
        Nleep.Metric,
        Nleep.Logarithmic,
        LogMe.Metric,
        LogMe.Published,
        Parc.Metric,
        Parc.Published,
        Sfda.Metric,
        Sfda.Published,
        Ncti.Metric,
        Ncti.Published,
        HScore.Metric,
        HScore.Shrunk,
        Nce.Metric,
        Gbc.Metric,
        Gbc.Diagonal,
        Gbc.Published,
        TransRate.Metric,
        TransRate.Published,
        Energy.Metric,
        Energy.Features,
        Etran.Metric,
        Etran.Published,
        Lfc.Metric,
        Separability.Metric,
        Knn.Metric,
        Probe.Metric,
        Probe.Accuracy,
    ];

    /// <exception cref="InvalidInputException">There is no such metric: says which is meant.</exception>
    public static Metric Get(string name) => All.FirstOrDefault(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw Suggestions.Unknown("metric", name, [.. All.Select(m => m.Name)]);

    /// <summary>"all", or names separated by commas, in the order of <see cref="All"/>, each once.</summary>
    /// <exception cref="InvalidInputException">A name is unknown, or there is none.</exception>
    public static IReadOnlyList<Metric> Parse(string names)
    {
        var wanted = names.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (wanted.Length == 0) throw new InvalidInputException("no metric is named. Give 'all', or names separated by commas; 'zoorank metrics' lists them.");
        if (wanted.Any(w => w.Equals("all", StringComparison.OrdinalIgnoreCase))) return All;
        var found = wanted.Select(Get).ToHashSet();
        return [.. All.Where(found.Contains)];
    }
}
