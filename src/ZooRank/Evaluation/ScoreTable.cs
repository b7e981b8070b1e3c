using System.Globalization;
using CsvHelper;

namespace ZooRank.Evaluation;

/// <summary>A number for every source on every target: a metric's scores, or the AUC after fine-tuning.</summary>
/// <param name="Sources">Row names.</param>
/// <param name="Targets">Column names.</param>
/// <param name="Values">A row per source, a number per target; null where there is none.</param>
public sealed record ScoreTable(IReadOnlyList<string> Sources, IReadOnlyList<string> Targets, IReadOnlyList<IReadOnlyList<double?>> Values)
{
    private const int LongestRow = 1 << 20;

    /// <summary>Null where the table has no such source or target, or no number for them.</summary>
    public double? this[string source, string target] => Index(Sources, source) is var row and >= 0 && Index(Targets, target) is var column and >= 0 ? Values[row][column] : null;

    /// <summary>The numbers of a target, for these sources.</summary>
    public IReadOnlyList<double?> Column(string target, IReadOnlyList<string> sources) => [.. sources.Select(source => this[source, target])];

    /// <summary>A table made column by column.</summary>
    /// <param name="sources">Row names.</param>
    /// <param name="targets">Column names.</param>
    /// <param name="column">The numbers of a target, for the sources in order.</param>
    public static ScoreTable Of(IReadOnlyList<string> sources, IReadOnlyList<string> targets, Func<string, IReadOnlyList<double?>> column)
    {
        var columns = targets.Select(column).ToList();
        return new(sources, targets, [.. sources.Select((_, s) => (IReadOnlyList<double?>)[.. columns.Select(c => c[s])])]);
    }

    /// <summary>Every number changed.</summary>
    public ScoreTable Map(Func<double, double> change) => this with { Values = [.. Values.Select(row => (IReadOnlyList<double?>)[.. row.Select(value => value is { } v ? change(v) : (double?)null)])] };

    /// <summary>
    /// Reads a CSV as those of the paper's repository: a header with the targets, then a row per source with its name and a number for each target, empty where there is none. A first column
    /// without a heading that counts the rows from 0, as pandas writes it, is passed over.
    /// </summary>
    /// <exception cref="InvalidInputException">It is not such a table: the line, the column, what stands there.</exception>
    public static ScoreTable Read(string path)
    {
        if (Directory.Exists(path)) throw new InvalidInputException($"{path}: a folder; a CSV was expected, with sources as rows and targets as columns.");
        try
        {
            using var stream = File.OpenRead(path);
            return Read(stream, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{path}: no such file; a CSV was expected, with sources as rows and targets as columns.", e);
        }
    }

    internal static ScoreTable Read(Stream stream, string path)
    {
        try
        {
            using var csv = CsvReader.Create(stream, new CsvReaderOptions { TrimWhitespace = true, TrackLineNumbers = true, MalformedData = CsvMalformedDataHandling.Throw, MaxRecordSize = LongestRow });
            string[] header = [.. csv.Headers];
            var lines = new List<(long Line, string[] Cells)>();
            while (csv.Read())
                if (csv.Current.ToArray() is var cells && !cells.All(string.IsNullOrEmpty)) lines.Add((csv.LineNumber, cells));
            var counted = header.Length > 2 && header[0].Length == 0 && lines.Index().All(l => l.Item.Cells[0] == l.Index.ToString(CultureInfo.InvariantCulture));
            var names = counted ? 1 : 0;   // where the sources' names stand
            string[] targets = [.. header.Skip(names + 1)];
            if (targets.Length == 0) throw new InvalidInputException($"{path}, line 1: no targets. Expected is a header as 'source,bloodmnist,…' with a column for each target.");
            Once(targets, "target", 1);
            var (sources, rows) = (new List<string>(), new List<IReadOnlyList<double?>>());
            foreach (var (line, cells) in lines)
            {
                if (cells.Length != header.Length) throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{path}, line {line}: {cells.Length} cells, but the header has {header.Length} columns."));
                if (cells[names].Length == 0) throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{path}, line {line}: no name of a source in column {names + 1}."));
                sources.Add(cells[names]);
                rows.Add([.. cells.Skip(names + 1).Select((cell, t) => Number(cell, line, targets[t]))]);
                Once(sources, "source", line);
            }
            if (sources.Count == 0) throw new InvalidInputException($"{path}: no rows below the header. Expected is a row for each source.");
            return new(sources, targets, rows);
        }
        catch (CsvFormatException e)
        {
            throw new InvalidInputException($"{path}: not a CSV table ({e.Message.Split('\n')[0]}).", e);
        }

        double? Number(string cell, long line, string target) =>
            cell is "" or "nan" or "NaN" or "-" ? null
            : double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value
            : throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{path}, line {line}, column '{target}': '{Short(cell)}' is not a number. Write it as 0.5, or leave the cell empty."));

        void Once(IReadOnlyList<string> all, string kind, long line)
        {
            if (all.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{path}, line {line}: the {kind} '{Short(twice.Key)}' is there twice."));
        }

        static string Short(string text) => text.Length > 40 ? text[..40] + "…" : text;
    }

    private static int Index(IReadOnlyList<string> names, string name)
    {
        for (var i = 0; i < names.Count; i++)
            if (names[i] == name) return i;
        return -1;
    }
}
