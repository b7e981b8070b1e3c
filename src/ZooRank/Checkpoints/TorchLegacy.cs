using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>
/// The format of torch.save before 1.6 (and of <c>_use_new_zipfile_serialization=False</c>): five pickles (magic number, protocol, system, the
/// object, the storages' keys), then each storage as its number of elements and their bytes.
/// </summary>
internal static class TorchLegacy
{
    private const int Protocol = 1001;
    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>A pickle of protocol 2 to 5, or of an earlier one that starts as torch.save's does: with a long number.</summary>
    public static bool Recognises(ReadOnlySpan<byte> head) =>
        head is [0x80, >= 1 and <= 5, ..] || head.StartsWith("L119547037146038801333356L\n"u8)
        || head.StartsWith("(dp"u8) || head.StartsWith("ccollections\n"u8);

    public static StoredCheckpoint.Contents Read(FileBytes file)
    {
        var input = new PickleInput(file);
        var storages = new Dictionary<string, PyStorage>();
        var reader = new PickleReader(input, reference => Storage(reference, storages));
        var first = reader.Read();
        if (first is not BigInteger magic || magic != Magic) throw new UnreadableCheckpointException(DescribePlainPickle(first));
        if (reader.Read() is not long protocol || protocol != Protocol)
            throw new UnreadableCheckpointException($"is a PyTorch file of another protocol than {Protocol}. Load it in PyTorch and save it again.");
        reader.Read(); // the system: its sizes describe nothing that follows, and storages are little-endian whatever it says
        var root = reader.Read();
        if (PickleCalls.Sequence(reader.Read()) is not { } keys) throw reader.Damaged("the list of storages is missing");

        var places = Places(file, input.Position, keys, storages);
        var state = StateDict.Find(root, reader);
        var tensors = state.Store(file.Length, storage =>
        {
            var root = places.TryGetValue(storage.Key, out var place)
                ? place
                : throw new UnreadableCheckpointException(
                    $"its tensors need the storage '{Quote(storage.Key)}', which is not in the file. Copy or download the file again.");
            return new StorageBytes(View(storage, root));
        });
        return new("PyTorch legacy", tensors) { StateKey = state.Key };
    }

    // ('storage', class, key, device, elements, None or (view's key, offset, elements)), or ('module', class, source file, source) for a pickled
    // class
    private static object? Storage(object? reference, Dictionary<string, PyStorage> storages)
    {
        switch (PickleCalls.Sequence(reference))
        {
            case ["module", PyGlobal type, ..]:
                return type;
            case ["storage", PyGlobal type, var rawKey, _, long count, var view] when Key(rawKey) is { } key:
                var storage = PickleCalls.Sequence(view) is [_, long offset, long viewCount]
                    ? new PyStorage(type.Name, key, count, offset, viewCount)
                    : new PyStorage(type.Name, key, count);
                storages.TryAdd(key, storage);
                return storage;
            default:
                throw new UnreadableCheckpointException(
                    "refused: its pickle refers to outside data in a way that torch.save does not use. Save the state dict with torch.save.");
        }
    }

    private static string? Key(object? key) => key switch
    {
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    private static Dictionary<string, FileBytes> Places(
        FileBytes file, long position, IReadOnlyList<object?> keys, Dictionary<string, PyStorage> storages)
    {
        var places = new Dictionary<string, FileBytes>();
        Span<byte> header = stackalloc byte[8];
        foreach (var rawKey in keys)
        {
            if (Key(rawKey) is not { } key || !storages.TryGetValue(key, out var storage))
                throw new UnreadableCheckpointException("its list of storages names one that no tensor has. Copy or download the file again.");
            var size = ElementType.SizeOfStorage(storage.Type)
                ?? throw new UnreadableCheckpointException(
                    $"holds a storage of the unknown class {Quote(storage.Type)}, after which nothing can be found. Load it in PyTorch and save "
                    + "the state dict again.");
            if (file.Length - position < header.Length) throw CutShort(places.Count, keys.Count, file.Length);
            file.Read(position, header);
            position += header.Length;
            var count = BinaryPrimitives.ReadInt64LittleEndian(header);
            if (count < 0 || count != storage.Count)
                throw new UnreadableCheckpointException(
                    $"is damaged: a storage has {count} elements where its tensors expect {storage.Count}. Copy or download the file again.");
            if (count > (file.Length - position) / size) throw CutShort(places.Count, keys.Count, file.Length);
            if (!places.TryAdd(key, file.Slice(position, count * size)))
                throw new UnreadableCheckpointException("its list of storages names one twice. Copy or download the file again.");
            position += count * size;
        }
        return places;
    }

    private static FileBytes View(PyStorage storage, FileBytes root)
    {
        if (storage.ViewCount is not { } count) return root;
        var size = ElementType.SizeOfStorage(storage.Type) ?? 1;
        if (storage.ViewOffset < 0 || count < 0 || storage.ViewOffset > root.Length / size || count > root.Length / size - storage.ViewOffset)
            throw new UnreadableCheckpointException(
                $"is damaged: a view of {count} elements from {storage.ViewOffset} lies outside its storage of {root.Length / size}. Copy or "
                + "download the file again.");
        return root.Slice(storage.ViewOffset * size, count * size);
    }

    private static UnreadableCheckpointException CutShort(int complete, int all, long length) =>
        new($"is cut short: {complete} of {all} storages are complete in its {length} bytes. Copy or download the file again.");

    private static string DescribePlainPickle(object? root) =>
        $"is a Python pickle, but not one of torch.save: it holds {StateDict.Describe(root)}. Checkpoints of torch.save, TorchScript and "
        + "safetensors are read; "
        + "load it in Python and write its tensors with torch.save.";
}
