using static TorchSharp.torch;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>The bytes of a storage, which several tensors may view.</summary>
/// <param name="Bytes">All of them, from the first element.</param>
/// <param name="BigEndian">Numbers have their most significant byte first, as on the machine that wrote them.</param>
internal sealed record StorageBytes(ByteSource Bytes, bool BigEndian = false);

/// <summary>A tensor of a file with the place of its values, checked against the storage: reading it stays within bounds.</summary>
internal sealed class StoredTensor
{
    /// <summary>NumPy's limit, and half of what PyTorch can copy.</summary>
    public const int MostDimensions = 32;

    // Bytes; so small a tensor does no harm.
    private const long AlwaysAllowed = 1 << 16;

    // A span holds at most 2 GB; larger tensors are filled in parts.
    private const long BytesAtATime = 1 << 28;

    private readonly StorageBytes storage;
    private readonly ElementType element;
    private readonly long firstByte;
    private readonly long[] shape;
    private readonly long[] strides;
    private readonly long count;

    // Elements from the first to the last, gaps included.
    private readonly long extent;

    /// <exception cref="UnreadableCheckpointException">Shape, strides and offset do not fit the storage, or the file.</exception>
    public StoredTensor(string name, ElementType element, long offset, long[] shape, long[] strides, StorageBytes storage, long fileLength)
    {
        (this.element, this.shape, this.strides, this.storage) = (element, shape, strides, storage);
        var described = $"tensor '{Quote(name)}' of {element.Name} [{string.Join(", ", shape)}]";

        if (shape.Any(size => size < 0) || strides.Any(stride => stride < 0) || offset < 0)
            throw new UnreadableCheckpointException($"{described} has a negative size, stride or offset. Copy or download the file again.");
        // Strides can let a few values appear as many (0, or steps that overlap); a file may ask for no more memory than it has itself.
        var most = Math.Max(AlwaysAllowed, Math.Max(fileLength, storage.Bytes.Length)) / element.Size;
        // Sizes of an empty tensor count too: PyTorch multiplies them before it meets the 0.
        if (!TryProduct(shape.Where(size => size > 0), most, out var product))
        {
            throw new UnreadableCheckpointException(
                $"{described} is larger than its file of {fileLength} bytes. Copy or download the file again; if it repeats values (expand), save "
                + "it with .contiguous() in Python.");
        }
        count = shape.Contains(0) ? 0 : product;
        if (count > 0)
        {
            Int128 last = offset;
            for (var i = 0; i < shape.Length; i++) last += (Int128)(shape[i] - 1) * strides[i];
            if ((last + 1) * element.Size > storage.Bytes.Length)
            {
                throw new UnreadableCheckpointException(
                    $"{described} reaches to byte {(last + 1) * element.Size} of a storage of {storage.Bytes.Length} bytes. The file is cut short "
                    + "or damaged: copy or download it again.");
            }
            extent = (long)last - offset + 1;
            firstByte = offset * element.Size;
        }
        Entry = new TensorEntry(name, element.Type, shape);
    }

    public TensorEntry Entry { get; }

    public Tensor Read()
    {
        if (count == 0) return empty(shape, dtype: element.Type);
        var flat = empty([extent], dtype: element.Type);
        try
        {
            Fill(flat);
            return IsContiguous ? flat.reshape(shape) : Rearranged(flat);
        }
        finally
        {
            flat.Dispose();
        }
    }

    private bool IsContiguous
    {
        get
        {
            var expected = 1L;
            for (var i = shape.Length - 1; i >= 0; i--)
            {
                if (shape[i] != 1 && strides[i] != expected) return false;
                expected *= shape[i];
            }
            return true;
        }
    }

    private Tensor Rearranged(Tensor flat)
    {
        using var view = flat.as_strided(shape, strides);
        return view.contiguous();
    }

    private void Fill(Tensor flat)
    {
        var perPart = BytesAtATime / element.Size;
        for (var start = 0L; start < extent; start += perPart)
        {
            using var part = flat.narrow(0, start, Math.Min(perPart, extent - start));
            var bytes = part.bytes;
            storage.Bytes.Read(firstByte + start * element.Size, bytes);
            if (storage.BigEndian) Reverse(bytes, element.ByteOrderUnit);
        }
    }

    private static void Reverse(Span<byte> bytes, int unit)
    {
        for (var i = 0; i + unit <= bytes.Length; i += unit) bytes.Slice(i, unit).Reverse();
    }

    private static bool TryProduct(IEnumerable<long> sizes, long most, out long product)
    {
        product = 1;
        foreach (var size in sizes)
        {
            if (size > most / product) return false;
            product *= size;
        }
        return product <= most;
    }
}
