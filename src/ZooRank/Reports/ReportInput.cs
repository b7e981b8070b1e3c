using System.Text.Json;
using ZooRank.Evaluation;
using ZooRank.Runs;
using ZooRank.Truth;

namespace ZooRank.Reports;

/// <summary>Makes the page of whatever it is given.</summary>
public static class ReportInput
{
    private const string Expected = "Expected is what 'zoorank rank --out' or 'zoorank evaluate --out' wrote, or a store of 'zoorank finetune'";

    /// <param name="path">A ranking or an evaluation as JSON, or the folder of a store of runs.</param>
    /// <exception cref="InvalidInputException">It is none of these.</exception>
    public static string PageOf(string path)
    {
        if (Directory.Exists(path))
        {
            var (runs, damaged) = RunStore.OpenExisting(path).Summaries();
            var truth = GroundTruth.Of(runs);
            return TruthReport.Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))), truth with { Caveats = [.. damaged, .. truth.Caveats] }, runs);
        }
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file or folder. {Expected}.");
        var keys = Keys(path);
        bool Has(params string[] names) => names.All(keys.Contains);
        try
        {
            return Has("models", "target") ? RankingReport.Of(Ranking.Ranking.Read(path))
                : Has("tau_w") ? EvaluationReport.Of(MetricEvaluation.Read(path))
                : throw new InvalidInputException($"{path}: neither a ranking nor an evaluation{(Has("zoo") ? ", but scores of feature files" : keys.Count > 0 ? $"; it has {string.Join(", ", keys.Take(4).Select(k => $"'{(k.Length > 40 ? k[..40] + "…" : k)}'"))}" : "")}. {Expected}.");
        }
        catch (Exception e) when (e is NullReferenceException or ArgumentException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            // JSON of the right names whose lists are null, or shorter than they must be: written by hand.
            throw new InvalidInputException($"{path}: incomplete ({e.Message.Split('\n')[0].TrimEnd('.')}). {Expected}.", e);
        }
    }

    private static List<string> Keys(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var json = JsonDocument.Parse(stream);
            return json.RootElement.ValueKind == JsonValueKind.Object ? [.. json.RootElement.EnumerateObject().Select(p => p.Name)] : [];
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{path}: not JSON{(e.LineNumber is { } line ? FormattableString.Invariant($" (it fails on line {line + 1})") : "")}. {Expected}.", e);
        }
    }
}
