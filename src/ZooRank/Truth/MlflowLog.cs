using System.Globalization;
using CsvHelper;
using ZooRank.Files;
using ZooRank.Runs;

namespace ZooRank.Truth;

/// <summary>
/// A log of fine-tuning runs as MLflow's interface exports it: a CSV with one row a run, its parameters and last metrics as columns. The names of the columns are those of the published logs of arXiv 2412.20172.
/// </summary>
public static class MlflowLog
{
    private const int LongestRow = 1 << 20;

    // In MLflow's order: about the run, parameters, metrics, each by name.
    private static readonly string[] Columns =
    [
        "Start Time", "Duration", RunRecord.LoggedId, "Name", "Source Type", "Source Name", "User", "Status",
        "augmentation", "batch_size", "epochs", "head_dropout", "lr", "momentum", "patience", "precision", "seed", "source_flag", "target_flag", "wd",
        "stopped_at", "test_acc", "test_auc", "test_loss", "val_acc", "val_auc", "val_loss",
    ];

    private static readonly string[] Required = [RunRecord.LoggedId, "Status", "source_flag", "target_flag", "lr", "wd", "momentum", "batch_size", "test_auc", "val_loss"];

    /// <summary>
    /// Reads a log. Every column is kept as it was written; of those that a run is not known without (epochs, patience, seed, …) absent ones take their defaults. Start times have no zone in
    /// such a log and are taken for UTC.
    /// </summary>
    /// <returns>The runs, and what was left out: rows still running, which will be others when they are finished, and rows that failed before they had parameters.</returns>
    /// <exception cref="InvalidInputException">A row or column is wrong: its line, its column, what stands there.</exception>
    public static (IReadOnlyList<RunRecord> Runs, IReadOnlyList<Caveat> Caveats) Read(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var csv = CsvReader.Create(stream, new CsvReaderOptions { TrackLineNumbers = true, MalformedData = CsvMalformedDataHandling.Throw, MaxRecordSize = LongestRow });
            string[] header = [.. csv.Headers];
            var missing = Required.Except(header).ToList();
            if (missing.Count > 0)
                throw new InvalidInputException($"{path}, line 1: no column {string.Join(", ", missing.Select(m => $"'{m}'"))}. Expected is a log of fine-tuning runs as MLflow exports it, or 'zoorank truth export --mlflow'.");
            if (header.GroupBy(h => h).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidInputException($"{path}, line 1: the column '{twice.Key}' is there twice.");

            var (runs, lines, running, bare) = (new List<RunRecord>(), new Dictionary<string, long>(), 0, 0);
            while (csv.Read())
            {
                var cells = csv.Current.ToArray();
                if (cells.All(string.IsNullOrEmpty)) continue;
                if (cells.Length != header.Length)
                    throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{path}, line {csv.LineNumber}: {cells.Length} cells, but the header has {header.Length} columns. Export the log again."));
                var row = new Row(path, csv.LineNumber, header.Zip(cells).ToDictionary(c => c.First, c => c.Second));
                if (!lines.TryAdd(row.Text(RunRecord.LoggedId), csv.LineNumber)) throw row.Wrong(RunRecord.LoggedId, $"a run of its own; this one is on line {lines[row.Text(RunRecord.LoggedId)]} too");
                if (row["Status"] is "RUNNING" or "SCHEDULED") running++;
                else if (row["Status"] is "FAILED" or "KILLED" && ((string[])["source_flag", "target_flag", "lr", "wd", "momentum", "batch_size"]).Any(c => row[c].Length == 0)) bare++;
                else runs.Add(row.ToRecord());
            }
            if (lines.Count == 0) throw new InvalidInputException($"{path}: the log has no rows below its header.");
            List<Caveat> caveats = [];
            if (running > 0) caveats.Add(new("running", string.Create(CultureInfo.InvariantCulture, $"{running} rows were running when the log was exported; they are left out."), path));
            if (bare > 0) caveats.Add(new("failed-at-once", string.Create(CultureInfo.InvariantCulture, $"{bare} rows failed before their parameters were logged; they are left out."), path));
            return (runs, caveats);
        }
        catch (CsvFormatException e)
        {
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{path}, line {Math.Max(1, e.LineNumber)}: the row cannot be read: a quotation mark is not closed or stands inside a cell. Export the log again."), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: could not be read ({e.Message.Split('\n')[0].TrimEnd('.')}).", e);
        }
    }

    /// <summary>Writes runs as such a log, so that what reads those reads it: imported ones as they were, column by column, our own under the same names.</summary>
    public static void Write(string path, IReadOnlyList<RunRecord> runs)
    {
        var rows = runs.Select(Cells).ToList();
        var known = rows.SelectMany(r => r.Keys).ToHashSet();
        var header = (runs.FirstOrDefault(r => r.Imported is not null)?.Imported!.Keys ?? []).Union(Columns.Where(known.Contains)).Union(rows.SelectMany(r => r.Keys)).ToList();
        CsvFile.Write(path, header, rows.Select(row => header.Select(column => row.GetValueOrDefault(column, ""))));
    }

    private static IReadOnlyDictionary<string, string> Cells(RunRecord run)
    {
        if (run.Imported is { } imported) return imported;
        var c = run.Configuration;
        string[] cells =
        [
            run.Started?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "", run.Seconds is { } s ? CsvFile.Text(s) + "s" : "", run.Id, $"{c.Source.Id} on {c.Target.Name}", "PROJECT", "zoorank", "", "FINISHED",
            c.Augmentation, CsvFile.Text(c.BatchSize), CsvFile.Text(c.MaxEpochs), CsvFile.Text(c.HeadDropout), CsvFile.Text(c.LearningRate), CsvFile.Text(c.Momentum), CsvFile.Text(c.Patience), c.Precision, CsvFile.Text(c.Seed), c.Source.Id, c.Target.Name, CsvFile.Text(c.WeightDecay),
            CsvFile.Text(run.StoppedAt), CsvFile.Text(run.TestAccuracy), CsvFile.Text(run.TestAuc), CsvFile.Text(run.TestLoss), CsvFile.Text(run.ValidationAccuracy), CsvFile.Text(run.ValidationAuc),
            // As MLflow writes what is not a number.
            run.Status == RunStatus.Diverged ? "NaN" : CsvFile.Text(run.ValidationLoss),
        ];
        return Columns.Zip(cells).ToDictionary(cell => cell.First, cell => cell.Second);
    }

    private sealed record Row(string Path, long Line, Dictionary<string, string> Cells)
    {
        public string this[string column] => Cells.GetValueOrDefault(column, "");

        public RunRecord ToRecord()
        {
            var defaults = new RunConfiguration { Source = new() { Id = Text("source_flag") }, Target = new() { Name = Text("target_flag") }, LearningRate = Required("lr"), WeightDecay = Required("wd"), Momentum = Required("momentum"), BatchSize = RequiredCount("batch_size") };
            var configuration = defaults with
            {
                MaxEpochs = Count("epochs") ?? defaults.MaxEpochs,
                Seed = Count("seed") ?? defaults.Seed,
                Patience = Count("patience") ?? defaults.Patience,
                HeadDropout = Number("head_dropout") ?? defaults.HeadDropout,
                Augmentation = this["augmentation"] is { Length: > 0 } augmentation ? augmentation : defaults.Augmentation,
                Precision = this["precision"] is { Length: > 0 } precision ? precision : defaults.Precision,
            };
            var status = this["Status"] switch
            {
                "FINISHED" => NotANumber("val_loss") || NotANumber("test_loss") ? RunStatus.Diverged : RunStatus.Finished,
                "FAILED" or "KILLED" => RunStatus.Failed,
                _ => throw Wrong("Status", "FINISHED, FAILED, KILLED, RUNNING or SCHEDULED"),
            };
            return new()
            {
                Id = RunRecord.IdOf(configuration, Cells),
                Configuration = configuration,
                Status = status,
                StoppedAt = Count("stopped_at"),
                ValidationLoss = Number("val_loss"),
                ValidationAuc = Share("val_auc"),
                ValidationAccuracy = Share("val_acc"),
                TestLoss = Number("test_loss"),
                TestAuc = Share("test_auc"),
                TestAccuracy = Share("test_acc"),
                Started = Start(),
                Seconds = Duration(),
                Imported = Cells,
            };
        }

        public string Text(string column) => this[column] is { Length: > 0 } text ? text : throw Wrong(column, "a name");

        public InvalidInputException Wrong(string column, string expected) =>
            new(string.Create(CultureInfo.InvariantCulture, $"{Path}, line {Line}, column '{column}': '{(this[column].Length > 60 ? this[column][..60] + "…" : this[column]).ReplaceLineEndings(" ")}' is not {expected}. Nothing was imported."));

        private bool NotANumber(string column) => double.TryParse(Plain(column), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && !double.IsFinite(n);

        // Python writes nan and inf.
        private string Plain(string column) => this[column].Trim().ToLowerInvariant() switch { "inf" or "+inf" => "Infinity", "-inf" => "-Infinity", var other => other };

        // Null where the cell is empty or holds no finite number.
        private double? Number(string column) => this[column].Length == 0 ? null
            : !double.TryParse(Plain(column), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) ? throw Wrong(column, "a number")
            : double.IsFinite(n) ? n : null;

        private double Required(string column) => Number(column) is { } n and >= 0 ? n : throw Wrong(column, "a number of at least 0");

        private double? Share(string column) => Number(column) is not { } n ? null : n is >= 0 and <= 1 ? n : throw Wrong(column, "between 0 and 1");

        // MLflow writes a metric that is a count as it came: 50 or 50.0.
        private int? Count(string column) => Number(column) is not { } n ? null : n is >= 0 and <= int.MaxValue && n == Math.Floor(n) ? (int)n : throw Wrong(column, "a whole number of at least 0");

        private int RequiredCount(string column) => Count(column) is { } n and > 0 ? n : throw Wrong(column, "a whole number above 0");

        private DateTimeOffset? Start() => this["Start Time"].Length == 0 ? null
            : DateTimeOffset.TryParseExact(this["Start Time"], "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var start) ? start
            : throw Wrong("Start Time", "a time as 2024-08-08 17:41:15");

        private double? Duration()
        {
            var text = this["Duration"];
            if (text.Length is 0 || text == "-") return null;
            foreach (var (unit, seconds) in (ReadOnlySpan<(string, double)>)[("ms", 1e-3), ("min", 60), ("s", 1), ("h", 3600), ("d", 86400)])
            {
                if (!text.EndsWith(unit, StringComparison.Ordinal)) continue;
                if (double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number * seconds)) return number * seconds;
                break;
            }
            throw Wrong("Duration", "a time as 1.9min, with ms, s, min, h or d");
        }
    }
}
