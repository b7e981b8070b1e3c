using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using ZooRank.Files;

namespace ZooRank.Runs;

/// <summary>The store's own file, <c>store.json</c>.</summary>
internal sealed record StoreFile(int Schema);

/// <summary>
/// A folder of finished runs, and of those at work. Any number of processes on any number of machines may share it, over a network file system too; what it asks of that is that
/// renaming a file and creating one that must not exist are atomic, and that a file opened after another machine closed it shows what that wrote.
/// </summary>
/// <remarks>
/// <c>runs/ab/abcd….json</c> is a finished run (<see cref="RunRecord"/>), written under a temporary name and moved into place; <c>work/</c> holds the claims and checkpoints of
/// those that are not (<see cref="RunClaim"/>). See docs/ground-truth.md for what is guaranteed, and why.
/// </remarks>
public sealed partial class RunStore
{
    private const string Marker = "store.json";

    private RunStore(string folder, ClaimTimes times) => (Folder, Times) = (folder, times);

    public string Folder { get; }

    internal ClaimTimes Times { get; }

    private string RunsFolder => Path.Combine(Folder, "runs");

    private string WorkFolder => Path.Combine(Folder, "work");

    /// <summary>Opens a store to compute runs in; one is made where there is none. What finished runs left behind is removed.</summary>
    /// <exception cref="InvalidInputException">It was made by a newer version, or cannot be written.</exception>
    public static RunStore Open(string folder) => Open(folder, ClaimTimes.Default);

    internal static RunStore Open(string folder, ClaimTimes times)
    {
        Check(folder);
        if (!File.Exists(Path.Combine(folder, Marker))) AtomicFile.WriteText(Path.Combine(folder, Marker), JsonSerializer.Serialize(new StoreFile(RunRecord.CurrentSchema), RunsJson.Default.StoreFile) + "\n");
        var store = new RunStore(folder, times);
        Directory.CreateDirectory(store.RunsFolder);
        Directory.CreateDirectory(store.WorkFolder);
        store.Tidy();
        return store;
    }

    /// <summary>Refuses what <see cref="Open(string)"/> would refuse by what is there, and makes nothing: for whoever has long work to do before there are runs.</summary>
    /// <exception cref="InvalidInputException">It is a file, or a store of a version that this one does not write to.</exception>
    public static void Check(string folder)
    {
        if (File.Exists(folder)) throw new InvalidInputException($"{folder}: a file. Give the name of a folder, new or one that holds runs.");
        if (File.Exists(Path.Combine(folder, Marker))) CheckSchema(folder);
    }

    /// <summary>Opens a store to look into. Nothing is written.</summary>
    /// <exception cref="InvalidInputException">There is none, or it was made by a newer version.</exception>
    public static RunStore OpenExisting(string folder)
    {
        if (!File.Exists(Path.Combine(folder, Marker)))
            throw new InvalidInputException($"{folder}: {(Directory.Exists(folder) ? $"not a store of runs: it has no {Marker}" : "no such folder")}. Give the folder that 'zoorank finetune --out' or 'zoorank truth import --out' wrote.");
        CheckSchema(folder);
        return new RunStore(folder, ClaimTimes.Default);
    }

    /// <summary>Whether that run is finished.</summary>
    public bool Has(string id) => File.Exists(RecordPath(id));

    /// <summary>The finished run, or null.</summary>
    /// <exception cref="InvalidInputException">Its file is damaged, or of a newer version.</exception>
    public RunRecord? Find(string id) => Read(RecordPath(id), RunsJson.Default.RunRecord);

    /// <summary>All finished runs, in the order of their ids.</summary>
    /// <exception cref="InvalidInputException">One is damaged, or of a newer version.</exception>
    public IReadOnlyList<RunRecord> Records() => ReadAll(RunsJson.Default.RunRecord) is var (records, faults) && faults.Count == 0 ? records : throw faults[0];

    /// <summary>All finished runs that can be read, without their curves, in the order of their ids; each that cannot is named by a caveat.</summary>
    public (IReadOnlyList<RunRecord> Records, IReadOnlyList<Caveat> Caveats) Summaries()
    {
        var (records, faults) = ReadAll(RunsJson.WithoutCurve);
        return (records, [.. faults.Select(f => new Caveat("damaged-record", f.Message))]);
    }

    /// <summary>Writes a finished run. A record that is there already stays as it is, and false is returned.</summary>
    /// <exception cref="InvalidInputException">It cannot be written.</exception>
    public bool Add(RunRecord record)
    {
        if (Fault(record, record.Id) is { } fault) throw new ArgumentException(fault, nameof(record));
        if (Has(record.Id)) return false;
        AtomicFile.Write(RecordPath(record.Id), stream =>
        {
            JsonSerializer.Serialize(stream, record, RunsJson.Default.RunRecord);
            stream.WriteByte((byte)'\n');
        });
        return true;
    }

    /// <summary>The exclusive right to compute a run, kept until disposed; null where it is finished or another has it.</summary>
    public RunClaim? TryClaim(RunConfiguration run) => RunClaim.TryTake(this, WorkFolder, run.Id, run, Times);

    /// <summary>The same; who looks at the store while it is computed sees the id alone.</summary>
    public RunClaim? TryClaim(string id) => RunClaim.TryTake(this, WorkFolder, id, run: null, Times);

    /// <summary>The runs that someone began and that are not finished, by id: those at work now, and those interrupted.</summary>
    public IReadOnlyList<UnfinishedRun> Unfinished()
    {
        var clock = new ServerClock(WorkFolder);
        return [.. RunClaim.Latest(WorkFolder).Where(claim => !Has(claim.Id)).Select(claim => claim.Look(clock, Times)).OfType<UnfinishedRun>().OrderBy(r => r.Id, StringComparer.Ordinal)];
    }

    // What is left of finished runs goes when nobody can still believe them unfinished; temporary files when nobody can still be writing them.
    private void Tidy()
    {
        var clock = new ServerClock(WorkFolder);
        try
        {
            foreach (var claim in RunClaim.Latest(WorkFolder).Where(claim => Has(claim.Id))) claim.RemoveIfSettled(clock, Times);
            foreach (var file in ((string[])[Folder, WorkFolder, .. Directory.EnumerateDirectories(RunsFolder)]).SelectMany(folder => new DirectoryInfo(folder).EnumerateFiles(".*.tmp")).ToList())
                if (clock.AgeOf(file) > Times.Settled) file.Delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process tidies at the same time, or the leftovers are another user's.
        }
    }

    private (IReadOnlyList<RunRecord> Records, IReadOnlyList<InvalidInputException> Faults) ReadAll(JsonTypeInfo<RunRecord> layout)
    {
        if (!Directory.Exists(RunsFolder)) return ([], []);
        var files = Directory.EnumerateFiles(RunsFolder, "*.json", SearchOption.AllDirectories).Where(f => !Path.GetFileName(f).StartsWith('.')).Order(StringComparer.Ordinal).ToArray();
        var read = new (RunRecord? Record, InvalidInputException? Fault)[files.Length];
        Parallel.For(0, files.Length, Parallelism.Options, i =>
        {
            try
            {
                read[i] = (Read(files[i], layout), null);
            }
            catch (InvalidInputException e)
            {
                read[i] = (null, e);
            }
        });
        return ([.. read.Select(r => r.Record).OfType<RunRecord>()], [.. read.Select(r => r.Fault).OfType<InvalidInputException>()]);
    }

    private RunRecord? Read(string path, JsonTypeInfo<RunRecord> layout)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            var id = Path.GetFileNameWithoutExtension(path);
            return Path.GetFullPath(path) == Path.GetFullPath(RecordPath(id)) ? Parse(path, id, bytes, layout) : throw new InvalidInputException($"{path}: not where records are, which is {RecordPath(id)}. Move it there, or delete it.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: could not be read ({e.Message.Split('\n')[0].TrimEnd('.')}).", e);
        }
    }

    internal static RunRecord Parse(string path, string id, ReadOnlySpan<byte> json, JsonTypeInfo<RunRecord> layout)
    {
        RunRecord? record;
        try
        {
            record = JsonSerializer.Deserialize(json, layout);
        }
        catch (JsonException e)
        {
            if (SchemaOf(json) is { } schema and not RunRecord.CurrentSchema) throw OfAnother(path, schema);
            throw new InvalidInputException($"{path}: damaged{(e.LineNumber is { } line ? $" in line {line + 1}" : "")}{(e.Path is { Length: > 0 } member ? $", at {member}" : "")}. {Remedy}", e);
        }
        if (record is { Schema: not RunRecord.CurrentSchema }) throw OfAnother(path, record.Schema);
        return record is not null && Fault(record, id) is not { } fault ? record : throw new InvalidInputException($"{path}: damaged: {(record is null ? "it is empty" : Fault(record, id))}. {Remedy}");
    }

    private const string Remedy = "Delete it, and the run will be computed or imported again.";

    // What no record of ours has; null where it is sound.
    private static string? Fault(RunRecord record, string id)
    {
        if (record.Id != id) return $"it says that it is run {record.Id}";
        if (!IdPattern().IsMatch(id) || RunRecord.IdOf(record.Configuration, record.Imported) != id) return "its configuration is not that of its id";
        return record.Curve.Any(e => e is null) ? "an epoch is empty" : null;
    }

    private static void CheckSchema(string folder)
    {
        var path = Path.Combine(folder, Marker);
        var schema = SchemaOf(File.ReadAllBytes(path)) ?? throw new InvalidInputException($"{path}: damaged: it does not say of which schema the store is. Write {{\"schema\": {RunRecord.CurrentSchema}}} into it.");
        if (schema != RunRecord.CurrentSchema) throw OfAnother(path, schema);
    }

    private static InvalidInputException OfAnother(string path, int schema) => new(schema > RunRecord.CurrentSchema
        ? $"{path}: written by a newer ZooRank (schema {schema}; this one reads {RunRecord.CurrentSchema}). Update ZooRank, or take another folder."
        : $"{path}: written by a ZooRank whose AUCs are wrong where more than 256 images were tested or validated on (schema {schema}; this one reads {RunRecord.CurrentSchema}). Have the runs computed again, in another folder.");

    private static int? SchemaOf(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1) continue;
                if (!reader.ValueTextEquals("schema")) reader.Skip();
                else return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var schema) ? schema : null;
            }
        }
        catch (JsonException)
        {
        }
        return null;
    }

    private string RecordPath(string id) => Path.Combine(RunsFolder, id.Length > 2 ? id[..2] : "", id + ".json");

    [GeneratedRegex("^[0-9a-f]{16}$")]
    private static partial Regex IdPattern();
}
