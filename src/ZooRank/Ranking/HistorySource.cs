using ZooRank.Evaluation;
using ZooRank.Metrics;
using ZooRank.Models;
using ZooRank.Runs;
using ZooRank.Truth;

namespace ZooRank.Ranking;

/// <summary>Where results of fine-tuning on other targets are from: the published tables, a store of runs, or a table of AUCs.</summary>
public sealed class HistorySource
{
    /// <summary>The name of the published tables.</summary>
    public const string Published = "published";

    private readonly ScoreTable? table;
    private readonly IReadOnlyDictionary<string, RunSource> models;   // by row, where they are known
    private readonly IReadOnlyDictionary<string, RunTarget> targets;  // by column

    private HistorySource(string name, ScoreTable? table, IReadOnlyDictionary<string, RunSource> models, IReadOnlyDictionary<string, RunTarget> targets) => (Name, this.table, this.models, this.targets) = (name, table, models, targets);

    /// <summary>As it was given.</summary>
    public string Name { get; }

    /// <param name="name">"published", the folder of a store, or a CSV with sources as rows and targets as columns (<see cref="ScoreTable.Read(string)"/>).</param>
    /// <exception cref="InvalidInputException">It is none of these.</exception>
    public static HistorySource Open(string name)
    {
        if (name == Published) return new(name, null, new Dictionary<string, RunSource>(), new Dictionary<string, RunTarget>());
        if (!Directory.Exists(name)) return new(name, Aucs(name), new Dictionary<string, RunSource>(), new Dictionary<string, RunTarget>());
        // A model is known by its checkpoint's hash, by its name where there is none; one that a target has twice (with another head) counts as the better.
        var truth = GroundTruth.Of(RunStore.OpenExisting(name).Summaries().Records);
        var models = truth.Targets.SelectMany(t => t.Sources).Select(s => s.Model).GroupBy(Row).ToDictionary(g => g.Key, g => g.First());
        var rows = models.Keys.Order(StringComparer.Ordinal).ToList();
        var table = ScoreTable.Of(rows, [.. truth.Targets.Select(t => t.Target)], target => [.. rows.Select(row => truth.Targets.First(t => t.Target == target).Sources.FirstOrDefault(s => Row(s.Model) == row)?.P)]);
        return new(name, table, models, truth.Targets.ToDictionary(t => t.Target, t => t.Task));

        static string Row(RunSource model) => model.Sha256 ?? model.Id;
    }

    private static ScoreTable Aucs(string file)
    {
        try
        {
            return Evaluator.AsFractions(ScoreTable.Read(file), []);
        }
        catch (InvalidInputException e) when (!e.Message.StartsWith(file, StringComparison.Ordinal))
        {
            throw new InvalidInputException($"{file}: {e.Message}", e);
        }
    }

    /// <summary>How each model did on the targets other than the one asked about, null where nothing is known of it; those targets; and those left out, being the data asked about.</summary>
    /// <param name="asked">The models in order.</param>
    /// <param name="scenario">Which of the published tables.</param>
    /// <param name="target">The data set asked about.</param>
    /// <param name="probeHash">Of the images it is measured on: a store's target trained on them is the same data under another name.</param>
    public (IReadOnlyList<StaticPrior?> Priors, IReadOnlyList<string> Targets, IReadOnlyList<string> LeftOut) Of(IReadOnlyList<LoadedModel> asked, Scenario scenario, string target, string probeHash)
    {
        if (table is null)
        {
            var published = PublishedHistory.For(target, scenario);
            var known = asked.Select(m => published.Of(m.ArchitectureName, m.Source.Source)).ToList();
            return (known, known.Any(k => k is not null) ? published.Targets : [], [.. PublishedStudy.Of(scenario).Truth.Targets.Except(published.Targets)]);
        }
        var history = new SourceHistory(table);
        var leftOut = table.Targets.Where(t => SameData.As(target, targets.GetValueOrDefault(t)?.Name ?? t) || targets.GetValueOrDefault(t)?.TrainSha256 == probeHash).ToList();
        var rows = asked.Select(RowOf).ToList();
        var priors = rows.Select(row => row is not null && history.Of(row, leftOut) is { } s ? new StaticPrior(s.MeanRank, table.Sources.Count, s.Targets, s.Place) : null).ToList();
        return (priors, [.. table.Targets.Except(leftOut).Where(t => rows.Any(row => row is not null && table[row, t] is not null))], leftOut);
    }

    // By the checkpoint's hash where a row has one, by name else.
    private string? RowOf(LoadedModel model) =>
        table!.Sources.FirstOrDefault(row => models.GetValueOrDefault(row)?.Sha256 == model.Sha256)
        ?? table.Sources.FirstOrDefault(row => models.GetValueOrDefault(row) is { Sha256: null } or null && (models.GetValueOrDefault(row)?.Id ?? row) == model.Source.Id);
}
