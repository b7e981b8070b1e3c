namespace ZooRank.Runs;

/// <summary>The exclusive right to compute one run. Disposing gives it back; the checkpoint stays unless the run is done.</summary>
public sealed class RunClaim : IDisposable
{
    private readonly FileStream file;

    private RunClaim(string folder, string id, FileStream file) => (Folder, Id, this.file) = (folder, id, file);

    public string Id { get; }

    /// <summary>Where the run keeps what it needs to be continued.</summary>
    public string Folder { get; }

    /// <summary>The checkpoint of the run in progress; it may not exist.</summary>
    public string CheckpointPath => Path.Combine(Folder, "checkpoint.safetensors");

    internal static RunClaim? TryTake(string folder, string id)
    {
        Directory.CreateDirectory(folder);
        try
        {
            return new RunClaim(folder, id, new FileStream(Path.Combine(folder, "claim"), FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1, FileOptions.DeleteOnClose));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Throws away the checkpoint: the run is finished and its record written.</summary>
    public void Complete()
    {
        Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    public void Dispose() => file.Dispose();
}
