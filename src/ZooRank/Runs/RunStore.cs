using System.Text.Json;
using ZooRank.Files;

namespace ZooRank.Runs;

/// <summary>
/// A folder of finished runs, and of those at work. Any number of processes on any number of machines may share it: a record is written under a temporary name and
/// moved into place, and who wants to compute a run claims it first.
/// </summary>
/// <remarks>
/// <c>runs/ID.json</c> is a finished run (<see cref="RunRecord"/>); <c>work/ID/</c> holds the claim and the checkpoint of one that is not finished.
/// </remarks>
public sealed class RunStore
{
    private RunStore(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Opens a store; the folder is made where it does not exist.</summary>
    public static RunStore Open(string folder)
    {
        Directory.CreateDirectory(folder);
        return new RunStore(folder);
    }

    /// <summary>Whether that run is finished.</summary>
    public bool Has(string id) => File.Exists(RecordPath(id));

    /// <summary>The finished run, or null.</summary>
    public RunRecord? Find(string id) => Has(id) ? JsonSerializer.Deserialize(File.ReadAllText(RecordPath(id)), RunsJson.Default.RunRecord) : null;

    /// <summary>All finished runs, in the order of their ids.</summary>
    public IEnumerable<RunRecord> Records() =>
        Directory.Exists(Path.Combine(Folder, "runs")) ? Directory.EnumerateFiles(Path.Combine(Folder, "runs"), "*.json").Order(StringComparer.Ordinal).Select(f => Find(Path.GetFileNameWithoutExtension(f))!) : [];

    /// <summary>Writes a finished run.</summary>
    public void Add(RunRecord record) => AtomicFile.WriteText(RecordPath(record.Id), JsonSerializer.Serialize(record, RunsJson.Default.RunRecord) + "\n");

    /// <summary>The exclusive right to compute a run, kept until disposed; null where it is finished or another has it.</summary>
    public RunClaim? TryClaim(string id) => Has(id) ? null : RunClaim.TryTake(Path.Combine(Folder, "work", id), id);

    private string RecordPath(string id) => Path.Combine(Folder, "runs", id + ".json");
}
