using System.Text.Json;
using ZooRank.Files;

namespace ZooRank.Cli.Serving;

/// <param name="Name">Of the file or store, which is its address too.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Changed">When it was last written, UTC.</param>
/// <param name="IsStore">A store of fine-tuning runs; else a ranking or an evaluation.</param>
internal sealed record StoredResult(string Name, string Path, DateTime Changed, bool IsStore)
{
    private const long LargestLookedInto = 50_000_000;

    /// <summary>What it is, in words: for a list.</summary>
    public string Summary
    {
        get
        {
            if (IsStore) return "fine-tuning runs";
            try
            {
                using var stream = File.OpenRead(Path);
                if (stream.Length > LargestLookedInto) return "";
                using var json = JsonDocument.Parse(stream);
                var root = json.RootElement;
                return root.TryGetProperty("models", out var models) && models.GetArrayLength() > 0 ? $"ranking: {models[0].GetProperty("id").GetString()} is first of {models.GetArrayLength()}"
                    : root.TryGetProperty("tau_w", out var metrics) ? $"evaluation of {metrics.EnumerateObject().Count()} metrics" : "";
            }
            catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException or KeyNotFoundException)
            {
                return "";   // whoever opens it is told what is wrong
            }
        }
    }
}

/// <summary>The folder whose results are shown. Nothing is reached by a path that a browser sends: names are looked up among those that are there.</summary>
internal sealed class ResultsFolder
{
    private const int MostListed = 1000;

    public ResultsFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        if (File.Exists(Path)) throw new InvalidInputException($"--results {path}: a file. Give a folder.");
        Directory.CreateDirectory(Uploads);
        AtomicFile.CheckWritable(System.IO.Path.Combine(Path, "writable"));
    }

    public string Path { get; }

    /// <summary>Where data sets that were sent are kept.</summary>
    public string Uploads => System.IO.Path.Combine(Path, "uploads");

    /// <summary>The newest first.</summary>
    public IReadOnlyList<StoredResult> List() =>
    [
        .. Directory.EnumerateFiles(Path, "*.json").Select(f => new StoredResult(System.IO.Path.GetFileNameWithoutExtension(f), f, File.GetLastWriteTimeUtc(f), IsStore: false))
            .Concat(Directory.EnumerateDirectories(Path).Where(d => File.Exists(System.IO.Path.Combine(d, "store.json"))).Select(d => new StoredResult(System.IO.Path.GetFileName(d), d, Directory.GetLastWriteTimeUtc(d), IsStore: true)))
            .Where(r => !r.Name.StartsWith('.')).OrderByDescending(r => r.Changed).ThenBy(r => r.Name, StringComparer.Ordinal).Take(MostListed),
    ];

    /// <summary>Null where there is none of that name.</summary>
    public StoredResult? Find(string name) => List().FirstOrDefault(r => r.Name == name);

    /// <summary>A path for a new ranking, by what is ranked and when.</summary>
    public string NewFile(string target, DateTime now)
    {
        var name = FormattableString.Invariant($"{SafeName.Of(target)}-{now:yyyyMMdd-HHmmss}");
        var taken = List().Select(r => r.Name).ToHashSet();
        return System.IO.Path.Combine(Path, $"{(taken.Contains(name) ? Enumerable.Range(2, int.MaxValue - 2).Select(n => FormattableString.Invariant($"{name}-{n}")).First(n => !taken.Contains(n)) : name)}.json");
    }
}
