using ZooRank.Metrics;
using ZooRank.Models;

namespace ZooRank.Ranking;

/// <summary>
/// Whether a zoo asks for the best source or for the best architecture. All models of one architecture: the sources are compared. No two of one architecture:
/// the architectures are, with both terms reversed. Anything else the paper does not define: compared as sources, and the result says so.
/// Two TorchScript models of unknown design count as two architectures.
/// </summary>
internal static class ScenarioChoice
{
    /// <param name="asked">The user's choice, which stands.</param>
    /// <param name="models">The models that were measured.</param>
    /// <param name="skipped">How many were not.</param>
    public static (Scenario Scenario, string Reason, IReadOnlyList<Caveat> Doubts) Of(Scenario? asked, IReadOnlyList<LoadedModel> models, int skipped)
    {
        var architectures = models.Select(m => m.Architecture?.Name ?? $"TorchScript {m.Source.Id}").Distinct().Count();
        var mixed = architectures > 1 && architectures < models.Count;
        var scenario = asked ?? (architectures == models.Count && models.Count > 1 ? Scenario.Architecture : Scenario.Source);
        var doubts = new List<Caveat>();
        if (mixed)
        {
            doubts.Add(new Caveat("mixed-zoo",
                $"the zoo mixes {architectures} architectures with several models of one. The paper compares either sources of one architecture or architectures of one source, and the gradient term differs between architectures: rank them apart."));
        }
        var sources = models.Select(m => m.Source.Source).Distinct().ToList();
        if (scenario == Scenario.Architecture && models.Count > 1 && (sources.Count > 1 || sources[0] is null))
        {
            doubts.Add(new Caveat("sources-differ", sources.Count == 1
                ? "the models' sources are not stated. The paper compares architectures only where all were trained on one source: state \"source\" in zoo.json."
                : $"the models differ in architecture and in source ({string.Join(", ", sources.Select(s => s ?? "not stated"))}). The paper compares architectures only where all were trained on one source."));
        }
        if (asked is null && skipped > 0 && models.Count > 1)
            doubts.Add(new Caveat("chosen-without-skipped", $"what is compared was chosen without the {skipped} skipped models: fix it with --scenario if they belong to it."));
        var reason = asked is not null ? $"{Name(scenario)}, as asked"
            : models.Count == 1 ? "one model"
            : mixed ? $"{models.Count} models of {architectures} architectures, as sources"
            : architectures == 1 ? $"all {models.Count} models are {models[0].ArchitectureName}: their sources are compared"
            : $"{architectures} models of as many architectures: {Name(scenario)}";
        return (scenario, reason, doubts);
    }

    private static string Name(Scenario scenario) => scenario == Scenario.Source ? "sources are compared" : "architectures are compared, with both terms reversed (eq. 8 of the paper)";
}
