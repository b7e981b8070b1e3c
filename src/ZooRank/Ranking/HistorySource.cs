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
    private readonly Dictionary<string, (string Name, string? TrainSha256)> targets = [];   // by column, where they are known

    private HistorySource(string name, ScoreTable? table) => (Name, this.table) = (name, table);

    // A model is known by its checkpoint's hash, by its name where there is none; one that a target has twice (with another head) counts as the better.
    private HistorySource(string name, IReadOnlyList<(string Column, string Name, string? TrainSha256, IReadOnlyList<(string Id, string? Sha256, double P)> Sources)> truth)
    {
        var rows = truth.SelectMany(t => t.Sources).Select(Row).Distinct().Order(StringComparer.Ordinal).ToList();
        Name = name;
        hashes = [.. truth.SelectMany(t => t.Sources).Select(s => s.Sha256).OfType<string>()];
        targets = truth.ToDictionary(t => t.Column, t => (t.Name, t.TrainSha256));
        table = ScoreTable.Of(rows, [.. targets.Keys], column => [.. rows.Select(row => truth.First(t => t.Column == column).Sources.Where(s => Row(s) == row).Select(s => (double?)s.P).Max())]);

        static string Row((string Id, string? Sha256, double P) source) => source.Sha256 ?? source.Id;
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
        if (name == ShippedZoo.Name) return File.Exists(ShippedZoo.History) ? Stored(name, ShippedZoo.History) : throw ShippedZoo.Missing(ShippedZoo.History);
        if (Directory.Exists(name))
            return new(name, [.. GroundTruth.Of(RunStore.OpenExisting(name).Summaries().Records).Targets.Select(t => (t.Target, t.Task.Name, t.Task.TrainSha256, Known(t.Sources.Select(s => (s.Model.Id, s.Model.Sha256, s.P)))))]);
        return name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? Stored(name, name) : new(name, Aucs(name));

        static IReadOnlyList<(string, string?, double)> Known(IEnumerable<(string, string?, double)> sources) => [.. sources];
        static HistorySource Stored(string name, string file) => new(name, [.. StoredTruth.Read(file).Targets.Select(t => (t.Target, t.Target, t.TrainSha256, Known(t.Sources.Select(s => (s.Source, s.Sha256, s.P)))))]);
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
        var leftOut = table.Targets.Where(t => targets.TryGetValue(t, out var known) ? SameData.As(target, known.Name) || known.TrainSha256 == probeHash : SameData.As(target, t)).ToList();
        var rows = asked.Select(RowOf).ToList();
        var priors = rows.Select(row => row is not null && history.Of(row, leftOut) is { } s ? new StaticPrior(s.MeanRank, table.Sources.Count, s.Targets, s.Place) : null).ToList();
        return (priors, [.. table.Targets.Except(leftOut).Where(t => rows.Any(row => row is not null && table[row, t] is not null))], leftOut);
    }

    // By the checkpoint's hash where a row has one, by name else.
    private string? RowOf(LoadedModel model) => hashes.Contains(model.Sha256) ? model.Sha256 : table!.Sources.FirstOrDefault(row => !hashes.Contains(row) && row == model.Source.Id);
}
