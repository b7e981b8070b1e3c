using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Parquet.Serialization;
using ZooRank.Files;
using ZooRank.Runs;

namespace ZooRank.Truth;

/// <summary>All runs as one table, a row each, for pandas and the like.</summary>
public static class RunTable
{
    internal static readonly IReadOnlyList<(string Name, PropertyInfo Property)> Columns =
        [.. typeof(Row).GetProperties().Select(p => (p.GetCustomAttribute<JsonPropertyNameAttribute>()!.Name, p))];

    /// <summary>Without the curves: CSV has no lists.</summary>
    public static void WriteCsv(string path, IReadOnlyList<RunRecord> runs)
    {
        var columns = Columns.Where(c => c.Name != "curve").ToList();
        CsvFile.Write(path, [.. columns.Select(c => c.Name)], runs.Select(RowOf).Select(row => columns.Select(c => Convert.ToString(c.Property.GetValue(row) is DateTime time ? time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : c.Property.GetValue(row), CultureInfo.InvariantCulture) ?? "")));
    }

    /// <summary>With the curves, as a list of epochs in each row.</summary>
    public static void WriteParquet(string path, IReadOnlyList<RunRecord> runs) =>
        AtomicFile.Write(path, stream => ParquetSerializer.SerializeAsync(runs.Select(RowOf), stream).GetAwaiter().GetResult());

    /// <summary>Sources as rows, targets as columns, P as a fraction, empty where there is none: as the published AUCs of arXiv 2412.20172.</summary>
    public static void WriteMatrix(string path, GroundTruth truth)
    {
        var sources = truth.Targets.SelectMany(t => t.Sources.Select(s => s.Source)).Distinct().Order(StringComparer.Ordinal).ToList();
        CsvFile.Write(path, ["", "source", .. truth.Targets.Select(t => t.Target)], sources.Select((source, i) =>
            (IEnumerable<string>)[CsvFile.Text(i), source, .. truth.Targets.Select(t => CsvFile.Text(t.Sources.FirstOrDefault(s => s.Source == source)?.P))]));
    }

    private static Row RowOf(RunRecord run) => new()
    {
        Id = run.Id,
        Target = run.Configuration.Target.Name,
        Source = run.Configuration.Source.Id,
        Architecture = run.Configuration.Source.Architecture,
        SourceDataset = run.Configuration.Source.Dataset,
        SourceSha256 = run.Configuration.Source.Sha256,
        TrainSha256 = run.Configuration.Target.TrainSha256,
        ValidationSha256 = run.Configuration.Target.ValidationSha256,
        TestSha256 = run.Configuration.Target.TestSha256,
        DrawSeed = run.Configuration.Target.DrawSeed,
        Fold = run.Configuration.Target.Fold,
        LearningRate = run.Configuration.LearningRate,
        WeightDecay = run.Configuration.WeightDecay,
        Momentum = run.Configuration.Momentum,
        BatchSize = run.Configuration.BatchSize,
        Seed = run.Configuration.Seed,
        MaxEpochs = run.Configuration.MaxEpochs,
        Patience = run.Configuration.Patience,
        HeadDropout = run.Configuration.HeadDropout,
        Augmentation = run.Configuration.Augmentation,
        Precision = run.Configuration.Precision,
        Status = JsonNamingPolicy.SnakeCaseLower.ConvertName(run.Status.ToString()),
        BestEpoch = run.BestEpoch,
        StoppedAt = run.StoppedAt,
        ValidationLoss = run.ValidationLoss,
        ValidationAuc = run.ValidationAuc,
        ValidationAccuracy = run.ValidationAccuracy,
        TestLoss = run.TestLoss,
        TestAuc = run.TestAuc,
        TestAccuracy = run.TestAccuracy,
        Started = run.Started?.UtcDateTime,
        Seconds = run.Seconds,
        Host = run.Provenance?.Host,
        Device = run.Provenance?.Device,
        Zoorank = run.Provenance?.Zoorank,
        Libtorch = run.Provenance?.Libtorch,
        LoggedId = run.Imported?.GetValueOrDefault(RunRecord.LoggedId),
        Curve = [.. run.Curve.Select(e => new Epoch { Number = e.Epoch, LearningRate = e.LearningRate, TrainLoss = e.TrainLoss, ValidationLoss = e.ValidationLoss, ValidationAuc = e.ValidationAuc, ValidationAccuracy = e.ValidationAccuracy, Seconds = e.Seconds })],
    };

    // The names of the columns are part of the format.
    internal sealed class Row
    {
        [JsonPropertyName("id")] public string Id { get; set; } = "";
        [JsonPropertyName("target")] public string Target { get; set; } = "";
        [JsonPropertyName("source")] public string Source { get; set; } = "";
        [JsonPropertyName("architecture")] public string? Architecture { get; set; }
        [JsonPropertyName("source_dataset")] public string? SourceDataset { get; set; }
        [JsonPropertyName("source_sha256")] public string? SourceSha256 { get; set; }
        [JsonPropertyName("train_sha256")] public string? TrainSha256 { get; set; }
        [JsonPropertyName("validation_sha256")] public string? ValidationSha256 { get; set; }
        [JsonPropertyName("test_sha256")] public string? TestSha256 { get; set; }
        [JsonPropertyName("draw_seed")] public long? DrawSeed { get; set; }
        [JsonPropertyName("fold")] public int? Fold { get; set; }
        [JsonPropertyName("learning_rate")] public double LearningRate { get; set; }
        [JsonPropertyName("weight_decay")] public double WeightDecay { get; set; }
        [JsonPropertyName("momentum")] public double Momentum { get; set; }
        [JsonPropertyName("batch_size")] public int BatchSize { get; set; }
        [JsonPropertyName("seed")] public int Seed { get; set; }
        [JsonPropertyName("max_epochs")] public int MaxEpochs { get; set; }
        [JsonPropertyName("patience")] public int Patience { get; set; }
        [JsonPropertyName("head_dropout")] public double HeadDropout { get; set; }
        [JsonPropertyName("augmentation")] public string Augmentation { get; set; } = "";
        [JsonPropertyName("precision")] public string Precision { get; set; } = "";
        [JsonPropertyName("status")] public string Status { get; set; } = "";
        [JsonPropertyName("best_epoch")] public int? BestEpoch { get; set; }
        [JsonPropertyName("stopped_at")] public int? StoppedAt { get; set; }
        [JsonPropertyName("validation_loss")] public double? ValidationLoss { get; set; }
        [JsonPropertyName("validation_auc")] public double? ValidationAuc { get; set; }
        [JsonPropertyName("validation_accuracy")] public double? ValidationAccuracy { get; set; }
        [JsonPropertyName("test_loss")] public double? TestLoss { get; set; }
        [JsonPropertyName("test_auc")] public double? TestAuc { get; set; }
        [JsonPropertyName("test_accuracy")] public double? TestAccuracy { get; set; }
        [JsonPropertyName("started")] public DateTime? Started { get; set; }
        [JsonPropertyName("seconds")] public double? Seconds { get; set; }
        [JsonPropertyName("host")] public string? Host { get; set; }
        [JsonPropertyName("device")] public string? Device { get; set; }
        [JsonPropertyName("zoorank")] public string? Zoorank { get; set; }
        [JsonPropertyName("libtorch")] public string? Libtorch { get; set; }
        [JsonPropertyName("logged_id")] public string? LoggedId { get; set; }
        [JsonPropertyName("curve")] public List<Epoch> Curve { get; set; } = [];
    }

    internal sealed class Epoch
    {
        [JsonPropertyName("epoch")] public int Number { get; set; }
        [JsonPropertyName("learning_rate")] public double LearningRate { get; set; }
        [JsonPropertyName("train_loss")] public double? TrainLoss { get; set; }
        [JsonPropertyName("validation_loss")] public double? ValidationLoss { get; set; }
        [JsonPropertyName("validation_auc")] public double? ValidationAuc { get; set; }
        [JsonPropertyName("validation_accuracy")] public double? ValidationAccuracy { get; set; }
        [JsonPropertyName("seconds")] public double Seconds { get; set; }
    }
}
