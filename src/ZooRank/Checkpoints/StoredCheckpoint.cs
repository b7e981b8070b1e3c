using static TorchSharp.torch;

namespace ZooRank.Checkpoints;

/// <summary>A checkpoint whose table of contents was read: every format comes down to this.</summary>
internal sealed class StoredCheckpoint : Checkpoint
{
    private readonly IDisposable file;
    private readonly Dictionary<string, StoredTensor> tensors;
    private readonly string format;
    private readonly string stateKey;
    private readonly IReadOnlyDictionary<string, string> metadata;
    private bool disposed;

    public StoredCheckpoint(IDisposable file, Contents contents)
    {
        this.file = file;
        (format, stateKey, metadata) = (contents.Format, contents.StateKey, contents.Metadata);
        tensors = contents.Tensors.ToDictionary(tensor => tensor.Entry.Name);
        Tensors = [.. contents.Tensors.Select(tensor => tensor.Entry)];
    }

    public override string Format => format;

    public override IReadOnlyList<TensorEntry> Tensors { get; }

    public override string StateKey => stateKey;

    public override IReadOnlyDictionary<string, string> Metadata => metadata;

    public override Tensor Read(TensorEntry tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ObjectDisposedException.ThrowIf(disposed, this);
        if (!tensors.TryGetValue(tensor.Name, out var stored)) throw new ArgumentException($"{Path} has no tensor '{tensor.Name}'.", nameof(tensor));
        return CheckpointFormats.Guard(Path, stored.Read);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        disposed = true;
    }

    /// <summary>What a format's reader makes of a file.</summary>
    internal sealed record Contents(string Format, IReadOnlyList<StoredTensor> Tensors)
    {
        public string StateKey { get; init; } = "";

        public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
    }
}
