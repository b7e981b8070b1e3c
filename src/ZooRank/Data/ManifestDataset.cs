using System.Globalization;
using CsvHelper;
using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>
/// A table of files and labels: columns path (or file, image) and label (or class), perhaps split and group (or patient); separated by comma, semicolon or
/// tab. Paths are relative to the table's folder. Labels are names or numbers; classes are numbered in the order of their names, numbers by value.
/// </summary>
public sealed class ManifestDataset : FileDataset
{
    private const int LongestRecord = 1 << 16;

    private static readonly char[] Separators = [',', ';', '\t'];

    private ManifestDataset(IReadOnlyList<ImageFile> files, IReadOnlyList<string> classNames) : base(files, classNames)
    {
    }

    protected override string Format => "CSV manifest";

    /// <summary>Reads the table and looks at the first bytes of each file.</summary>
    /// <exception cref="InvalidInputException">A column or file is missing, a line cannot be understood, a group is in two splits, one class: with the line number.</exception>
    public static ManifestDataset Open(string path)
    {
        var (rows, unused) = ReadRows(path);
        if (rows.Count == 0) throw new InvalidInputException($"{path}: the table has no lines below its header.");
        if (rows.FirstOrDefault(r => r.Label.Contains('|')) is { } several)
        {
            throw new InvalidInputException(
                $"{path}, line {several.Line}: label '{Short(several.Label)}' names several findings; multi-label tables are not read. List one class for each image, or leave the line out.");
        }
        CheckGroups(path, rows);

        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var (files, caveats, missing) = (new List<ImageFile>(), new List<Caveat>(), new List<Row>());
        if (unused.Count > 0)
            caveats.Add(new Caveat("columns-not-used", $"the columns {string.Join(", ", unused.Take(8).Select(Short))} are not used. If one names the patient, call it patient: then no patient may be in two splits."));
        foreach (var row in rows)
        {
            if (Locate(folder, row.Path) is not { } file)
            {
                missing.Add(row);
                continue;
            }
            var kind = FileKind.Recognise(FolderDataset.ReadStart(file));
            if (kind.IsImage) files.Add(new ImageFile(file, row.Label, row.Split, row.Group));
            else caveats.Add(new Caveat("unreadable-image", kind.Refusal(row.Path).Message[(row.Path.Length + 2)..] + " It was left out.", $"line {row.Line}, {row.Path}"));
        }
        if (missing.Count > 0)
        {
            throw new InvalidInputException(FormattableString.Invariant(
                $"{path}, line {missing[0].Line}: no file '{Short(missing[0].Path)}' in {folder}{(missing.Count > 1 ? $", nor {missing.Count - 1} others" : "")}. Paths are relative to the table's folder."));
        }
        if (files.Count == 0) throw new InvalidInputException($"{path}: none of the {rows.Count} files is an image that can be read. The last: {caveats[^1]}");
        if (files.All(f => f.Split != Split.Train)) throw new InvalidInputException($"{path}: no line is of the split train; ranking needs training images.");

        var classNames = files.Select(f => f.ClassName).Distinct(StringComparer.Ordinal).ToList();
        classNames = classNames.All(c => long.TryParse(c, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            ? [.. classNames.OrderBy(c => long.Parse(c, CultureInfo.InvariantCulture)).ThenBy(c => c, StringComparer.Ordinal)]
            : [.. classNames.Order(StringComparer.Ordinal)];
        if (classNames.Count < 2) throw new InvalidInputException($"{path}: every image has the label '{Short(classNames[0])}'; a task needs at least two classes.");
        return new ManifestDataset(files, classNames)
        {
            Name = System.IO.Path.GetFileNameWithoutExtension(path),
            Path = path,
            Kind = KindOf(classNames.Count),
            ClassNames = classNames,
            Caveats = [.. caveats, .. ClassesWithoutTraining(FolderDataset.LabelsOfTrain(files, classNames), classNames)],
        };
    }

    protected override byte[] ReadBytes(string name) => ImageDecoder.ReadFile(name);

    protected override long FileLength(string name) => File.Exists(name) ? new FileInfo(name).Length : -1;

    private static (List<Row> Rows, IReadOnlyList<string> Unused) ReadRows(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var csv = CsvReader.Create(stream, new CsvReaderOptions
            {
                Separator = SeparatorOf(path),
                TrimWhitespace = true,
                TrackLineNumbers = true,
                MalformedData = CsvMalformedDataHandling.Throw,
                MaxRecordSize = LongestRecord,   // a quotation mark that is never closed would take in the whole file
            });
            if (!csv.Headers.Any(h => h.Trim().Length > 0)) throw new InvalidInputException($"{path}: the table is empty. Its first line must name the columns path and label.");
            var columns = Columns.Find(path, [.. csv.Headers]);
            var rows = new List<Row>();
            while (csv.Read())
            {
                var fields = csv.Current.ToArray();
                if (fields.All(string.IsNullOrWhiteSpace)) continue;
                rows.Add(ReadRow(path, csv.LineNumber, fields, columns));
            }
            return (rows, columns.Unused([.. csv.Headers]));
        }
        catch (CsvFormatException e)
        {
            throw new InvalidInputException(
                $"{path}, line {Math.Max(1, e.LineNumber)}: the line cannot be read: a quotation mark is not closed or stands inside a field. Quote a field whole, and double a quotation mark inside.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: could not be read ({e.Message.Split('\n')[0].TrimEnd('.')}).", e);
        }
    }

    private static Row ReadRow(string path, long line, string[] fields, Columns columns)
    {
        string Field(int column) => column >= 0 && column < fields.Length ? fields[column].Trim() : "";
        var file = Field(columns.Path);
        var label = Field(columns.Label);
        if (file.Length == 0 || label.Length == 0)
            throw new InvalidInputException($"{path}, line {line}: the {(file.Length == 0 ? "path" : "label")} is missing. Every line needs both; leave out images without a label.");
        var split = Split.Train;
        if (columns.Split >= 0 && !ClassFolders.TryParseSplit(Field(columns.Split), out split))
            throw new InvalidInputException($"{path}, line {line}: the split '{Short(Field(columns.Split))}' is unknown. Valid splits: train, val (valid, validation), test.");
        var group = Field(columns.Group);
        return new Row(line, file, label, split, group.Length > 0 ? group : null);
    }

    private static void CheckGroups(string path, List<Row> rows)
    {
        var seen = new Dictionary<string, Row>(StringComparer.Ordinal);
        foreach (var row in rows.Where(r => r.Group is not null))
        {
            if (!seen.TryAdd(row.Group!, row) && seen[row.Group!] is var first && first.Split != row.Split)
            {
                throw new InvalidInputException(
                    $"{path}, line {row.Line}: group '{Short(row.Group!)}' is in {Lower(row.Split)} here and in {Lower(first.Split)} on line {first.Line}; scores on such splits are too good. Keep every group in one split.");
            }
        }
    }

    // The separator is the one that the first line has most of; a quoted header does not matter, since names of columns have none.
    private static char SeparatorOf(string path)
    {
        using var text = new StreamReader(path);
        var buffer = new char[LongestRecord];
        var header = new string(buffer, 0, text.ReadBlock(buffer)).Split('\n')[0];
        return Separators.MaxBy(separator => header.Count(c => c == separator));
    }

    private static string? Locate(string folder, string name)
    {
        if (name.Contains('\0')) return null;
        var file = System.IO.Path.Combine(folder, name);
        if (File.Exists(file)) return file;
        // A table that was written on Windows.
        return name.Contains('\\') && System.IO.Path.Combine(folder, name.Replace('\\', '/')) is var other && File.Exists(other) ? other : null;
    }

    private static string Lower(Split split) => split.ToString().ToLowerInvariant();

    private static string Short(string text) => ZipFiles.Printable(text);

    private sealed record Row(long Line, string Path, string Label, Split Split, string? Group);

    private static readonly string[] GroupNames = ["group", "patient", "patient_id", "patientid", "patient id", "subject", "subject_id", "subjectid", "case", "case_id", "lesion_id", "group_id"];

    private sealed record Columns(int Path, int Label, int Split, int Group)
    {
        public IReadOnlyList<string> Unused(string[] header) => [.. header.Where((name, at) => name.Trim().Length > 0 && at != Path && at != Label && at != Split && at != Group)];

        public static Columns Find(string path, string[] header)
        {
            int Index(params string[] names) => Array.FindIndex(header, h => names.Contains(h.Trim(), StringComparer.OrdinalIgnoreCase));
            var found = new Columns(Index("path", "file", "image", "filename"), Index("label", "class"), Index("split"), Index(GroupNames));
            return found.Path >= 0 && found.Label >= 0 ? found : throw new InvalidInputException(
                $"{path}, line 1: no column '{(found.Path < 0 ? "path" : "label")}'. Found: {string.Join(", ", header.Take(10).Select(Short))}. Needed are path (or file, image) and label (or class); split and group (or patient) may follow.");
        }
    }
}
