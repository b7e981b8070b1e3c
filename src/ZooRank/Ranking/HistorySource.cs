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
    private readonly HashSet<string> hashes = [];   // rows that are a checkpoint's hash; others are names
    private readonly Dictionary<string, string?> trained = [];   // by column the hash of the images trained on, where it is known

    private HistorySource(string name, ScoreTable? table) => (Name, this.table) = (name, table);

    // A model is known by its checkpoint's hash, by its name where there is none; one that a target has twice (with another head) counts as the better.
    private HistorySource(string name, StoredTruth truth)
    {
        var rows = truth.Targets.SelectMany(t => t.Sources).Select(Row).Distinct().Order(StringComparer.Ordinal).ToList();
        Name = name;
        hashes = [.. truth.Targets.SelectMany(t => t.Sources).Select(s => s.Sha256).OfType<string>()];
        trained = truth.Targets.ToDictionary(t => t.Target, t => t.TrainSha256);
        table = ScoreTable.Of(rows, [.. trained.Keys], column => [.. rows.Select(row => truth.Targets.First(t => t.Target == column).Sources.Where(s => Row(s) == row).Select(s => (double?)s.P).Max())]);

        static string Row(StoredSource source) => source.Sha256 ?? source.Source;
    }

    /// <summary>As it was given.</summary>
    public string Name { get; }

    /// <param name="name">
    /// "published"; "shipped", what the models that come with ZooRank gave (<see cref="ShippedZoo"/>); the folder of a store; what 'zoorank truth show --json' printed; or a CSV with sources as rows and targets as columns
    /// (<see cref="ScoreTable.Read(string)"/>).
    /// </param>
    /// <exception cref="InvalidInputException">It is none of these.</exception>
    public static HistorySource Open(string name)
    {
        if (name == Published) return new(name, table: null);
        if (name == ShippedZoo.Name) return new(name, StoredTruth.Read(File.Exists(ShippedZoo.History) ? ShippedZoo.History : throw ShippedZoo.Missing(ShippedZoo.History)));
        if (Directory.Exists(name)) return new(name, StoredTruth.Of(GroundTruth.Of(RunStore.OpenExisting(name).Summaries().Records)));
        return name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? new(name, StoredTruth.Read(name)) : new(name, Aucs(name));
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
        var leftOut = table.Targets.Where(t => SameData.As(target, t) || trained.GetValueOrDefault(t) == probeHash).ToList();
        var rows = asked.Select(RowOf).ToList();
        var priors = rows.Select(row => row is not null && history.Of(row, leftOut) is { } s ? new StaticPrior(s.MeanRank, table.Sources.Count, s.Targets, s.Place) : null).ToList();
        return (priors, [.. table.Targets.Except(leftOut).Where(t => rows.Any(row => row is not null && table[row, t] is not null))], leftOut);
    }

    // By the checkpoint's hash where a row has one, by name else.
    private string? RowOf(LoadedModel model) => hashes.Contains(model.Sha256) ? model.Sha256 : table!.Sources.FirstOrDefault(row => !hashes.Contains(row) && row == model.Source.Id);
}
