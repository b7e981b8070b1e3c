using System.Globalization;
using System.Text;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>
/// The zip archives of torch.save (since 1.6) and torch.jit.save: a pickle <c>folder/data.pkl</c> whose tensors name their storages
/// <c>folder/data/N</c>.
/// </summary>
internal static class TorchZip
{
    private const string Contents = "data.pkl";

    public static bool Recognises(ReadOnlySpan<byte> head) => head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8);

    public static StoredCheckpoint.Contents Read(FileBytes file)
    {
        var zip = ZipDirectory.Read(file);
        var folder = Folder(zip) ?? throw new UnreadableCheckpointException(ForeignFormats.DescribeZip(zip.Names));
        var isScript = zip.Contains(folder + "constants.pkl");
        var bigEndian = IsBigEndian(zip, folder);

        if (!zip.IsPlausibleText(folder + Contents))
            throw new UnreadableCheckpointException(
                "refused: its data.pkl is compressed so far that it can only be meant to fill the memory. Get the file from its source.");
        var reader = new PickleReader(new PickleInput(zip.Open(folder + Contents)), Storage);
        var root = reader.Read();
        var state = isScript ? TorchScript.State(root, reader, new TorchScriptClasses(zip, folder)) : StateDict.Find(root, reader);

        var storages = new Dictionary<string, StorageBytes>();
        var tensors = state.Store(file.Length, storage =>
        {
            if (storages.TryGetValue(storage.Key, out var known)) return known;
            var name = $"{folder}data/{storage.Key}";
            if (!zip.Contains(name))
                throw new UnreadableCheckpointException(
                    $"its tensors need '{Quote(name)}', which the archive has not. Copy or download the file again.");
            return storages[storage.Key] = new StorageBytes(zip.Open(name), bigEndian);
        });
        return new(isScript ? "TorchScript" : "PyTorch zip", tensors) { StateKey = state.Key };
    }

    // ('storage', class, key, device, elements)
    private static PyStorage Storage(object? reference) => PickleCalls.Sequence(reference) switch
    {
        ["storage", PyGlobal type, string key, _, long count] => new PyStorage(type.Name, key, count),
        ["storage", PyGlobal type, long key, _, long count] => new PyStorage(type.Name, key.ToString(CultureInfo.InvariantCulture), count),
        [string kind, ..] when kind != "storage" => throw new UnreadableCheckpointException(
            $"refused: its pickle refers to outside data of the kind '{Quote(kind)}'; only 'storage' is allowed. Save the state dict with "
            + "torch.save."),
        _ => throw new UnreadableCheckpointException(
            "refused: its pickle refers to outside data in a way that torch.save does not use. Save the state dict with torch.save."),
    };

    // PyTorch takes the name of the archive for the folder; tools that pack anew use others, or none.
    private static string? Folder(ZipDirectory zip)
    {
        var found = zip.Names
            .Where(name => name == Contents || name.EndsWith("/" + Contents, StringComparison.Ordinal))
            .MinBy(name => (name.Count(letter => letter == '/'), name.Length));
        return found?[..^Contents.Length];
    }

    private static bool IsBigEndian(ZipDirectory zip, string folder)
    {
        var name = folder + "byteorder";
        if (!zip.Contains(name)) return false; // before PyTorch 2.1, and written by little-endian machines
        var order = Encoding.UTF8.GetString(zip.Open(name).ReadUpTo(0, 16)).Trim();
        return order switch
        {
            "little" => false,
            "big" => true,
            _ => throw new UnreadableCheckpointException(
                $"has the byte order '{Quote(order)}'; 'little' and 'big' are known. Copy or download the file again."),
        };
    }
}
