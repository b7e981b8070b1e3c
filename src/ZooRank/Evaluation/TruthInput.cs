using ZooRank.Metrics;
using ZooRank.Runs;
using ZooRank.Truth;

namespace ZooRank.Evaluation;

/// <summary>A ground truth to evaluate against, from a file or a store of runs.</summary>
/// <param name="Table">AUC of sources on targets.</param>
/// <param name="Targets">The same with all seeds, where they are known.</param>
/// <param name="Caveats">What a store's runs leave open.</param>
public sealed record TruthInput(ScoreTable Table, IReadOnlyList<TargetTruth> Targets, IReadOnlyList<Caveat> Caveats)
{
    /// <summary>"published:source", "published:architecture" (<see cref="PublishedStudy"/>), a store of fine-tuning runs, or a CSV (<see cref="ScoreTable.Read(string)"/>).</summary>
    /// <param name="path">Which.</param>
    /// <param name="selection">Of a store.</param>
    /// <exception cref="InvalidInputException">It is none of these.</exception>
    public static TruthInput Read(string path, RunSelection selection = RunSelection.Seed)
    {
        if (path is "published:source" or "published:architecture") return new(PublishedStudy.Of(path == "published:source" ? Scenario.Source : Scenario.Architecture).Truth, [], []);
        if (path.StartsWith("published:", StringComparison.Ordinal)) throw Suggestions.Unknown("published truth", path, ["published:source", "published:architecture"]);
        if (!Directory.Exists(path) && !File.Exists(path)) throw new InvalidInputException($"{path}: no such folder or file. A truth is a store of fine-tuning runs ('zoorank finetune --out'), a CSV of AUCs with sources as rows and targets as columns, published:source or published:architecture.");
        if (!Directory.Exists(path)) return new(ScoreTable.Read(path), [], []);
        var (runs, damaged) = RunStore.OpenExisting(path).Summaries();
        var truth = GroundTruth.Of(runs, selection);
        return new(TableOf(truth), truth.Targets, [.. damaged, .. truth.Caveats]);
    }

    /// <summary>P of every source on every target, sources in the order in which they come there: the best of the first target first.</summary>
    public static ScoreTable TableOf(GroundTruth truth)
    {
        var sources = truth.Targets.SelectMany(t => t.Sources.Select(s => s.Source)).Distinct().ToList();
        return ScoreTable.Of(sources, [.. truth.Targets.Select(t => t.Target)], target => [.. sources.Select(source => truth.Targets.First(t => t.Target == target).Sources.FirstOrDefault(s => s.Source == source)?.P)]);
    }
}
