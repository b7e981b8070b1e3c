using static TorchSharp.torch;

namespace ZooRank.Checkpoints;

/// <summary>One tensor of a checkpoint: what it is called and what it is, without its values.</summary>
/// <param name="Name">
/// The name within the state dict that the file holds: nesting ("net", "state_dict") is taken off, and so is "module." (DataParallel) or "_orig_mod."
/// (torch.compile) where all names start with it.
/// </param>
/// <param name="DType">The element type as stored.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
public sealed record TensorEntry(string Name, ScalarType DType, IReadOnlyList<long> Shape)
{
    public long ElementCount => Shape.Aggregate(1L, (product, size) => checked(product * size));

    public override string ToString() => $"{Name} {DType} [{string.Join(", ", Shape)}]";
}

/// <summary>A file of named tensors, whatever its format. Opening it reads the table of contents; values are read one tensor at a time.</summary>
public abstract class Checkpoint : IDisposable
{
    /// <summary>Opens a file by its content; its name says nothing. Only the table of contents is read, and no code of the file is run.</summary>
    /// <exception cref="InvalidInputException">It is no readable checkpoint: one line says what it is instead and what to do.</exception>
    public static Checkpoint Open(string path) => CheckpointFormats.Open(path);

    /// <summary>The file as it was given.</summary>
    public required string Path { get; init; }

    /// <summary>The format by the file's content, as "PyTorch zip", "PyTorch legacy", "TorchScript", "safetensors".</summary>
    public abstract string Format { get; }

    /// <summary>The tensors of the model's state, in the file's order. Other contents (optimiser, epoch) are not among them.</summary>
    public abstract IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>The key path under which the state dict was found, as "net" or "state_dict"; empty where it is the file's root.</summary>
    public virtual string StateKey => "";

    /// <summary>Strings that travel with the tensors (safetensors' <c>__metadata__</c>); empty elsewhere.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata => new Dictionary<string, string>();

    /// <summary>Reads one tensor's values: contiguous, on the CPU, in the stored element type, owned by the caller.</summary>
    public abstract Tensor Read(TensorEntry tensor);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
