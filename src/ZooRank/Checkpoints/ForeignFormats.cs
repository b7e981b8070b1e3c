using System.Text;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>What people give in place of a checkpoint, known by its first bytes, so that the message can say what it is and what to do.</summary>
internal static class ForeignFormats
{
    private const string Readable = "Files of torch.save, TorchScript and safetensors are read.";
    private const string Unpack = "Unpack it and give the file of weights inside.";
    private const string Convert = $"{Readable} Convert it in Python, or get the PyTorch weights of this model.";

    private static readonly string[] UsualFiles = ["model.safetensors", "pytorch_model.bin"];

    private static readonly (byte[] Magic, string What)[] Magics =
    [
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], $"is an HDF5 file, as Keras writes its weights (.h5). {Convert}"),
        ([0x93, .. "NUMPY"u8], $"is a NumPy array (.npy). {Convert}"),
        ([0x1f, 0x8b], $"is compressed with gzip. {Unpack}"),
        ([.. "BZh"u8], $"is compressed with bzip2. {Unpack}"),
        ([0xfd, .. "7zXZ"u8], $"is compressed with xz. {Unpack}"),
        ([0x28, 0xb5, 0x2f, 0xfd], $"is compressed with zstd. {Unpack}"),
        ([.. "7z"u8, 0xbc, 0xaf], $"is a 7z archive. {Unpack}"),
        ([.. "Rar!"u8], $"is a RAR archive. {Unpack}"),
        ([.. "GGUF"u8], $"is a GGUF file of a language model. {Convert}"),
        ([.. "version https://git-lfs"u8], "is a Git LFS pointer, a text in place of the real file. Fetch the file: git lfs pull."),
        ([.. "%PDF"u8], $"is a PDF document. {Readable}"),
        ([0x89, .. "PNG"u8], $"is a PNG image. {Readable}"),
        ([0xff, 0xd8, 0xff], $"is a JPEG image. {Readable}"),
        // protobuf: field 1 = 1 (schema version), field 2 = a graph; ONNX's versions of field 1 start at 3
        ([0x08, 0x01, 0x12], $"is a TensorFlow SavedModel (protobuf). {Convert}"),
    ];

    /// <summary>What the file is instead and what to do, or null where it is nothing known.</summary>
    public static string? Describe(ReadOnlySpan<byte> head, FileBytes file)
    {
        if (head.IsEmpty) return "is empty (0 bytes). Copy or download the file again.";
        foreach (var (magic, what) in Magics)
            if (head.StartsWith(magic)) return what;
        if (head.Length > 262 && head[257..].StartsWith("ustar"u8))
        {
            return head.StartsWith("sys_info\0"u8) || head.StartsWith("storages\0"u8)
                ? "is a PyTorch file from before 2017 (a tar archive). Load it in PyTorch and save the state dict again."
                : $"is a tar archive. {Unpack}";
        }
        if (head.Length > 8 && head[4..].StartsWith("TFL3"u8)) return $"is a TensorFlow Lite model. {Convert}";
        if (IsOnnx(head)) return $"is an ONNX model (protobuf). {Convert}";
        // A text may start with a byte order mark and blanks.
        var text = Encoding.UTF8.GetString(head[..Math.Min(head.Length, 512)]).TrimStart('\ufeff', ' ', '\t', '\r', '\n');
        if (text.StartsWith('<'))
            return "is a web page (HTML or XML), as servers send it in place of a file that is gone or needs a login. Download the file again and "
                + "look at its size.";
        if (text.StartsWith('{') && !text.StartsWith("{\0", StringComparison.Ordinal))
            return $"is a JSON text. {Readable} If it is an index of several files, give one of those.";
        if (IsTensorFlowIndex(file)) return $"is the index of a TensorFlow checkpoint. {Convert}";
        return null;
    }

    /// <summary>A zip archive that torch.save has not written.</summary>
    public static string DescribeZip(IReadOnlyList<string> names)
    {
        if (names.Count == 0) return "is an empty zip archive. Copy or download the file again.";
        var weights = names.Where(name => Ends(name, ".pth", ".pt", ".pth.tar", ".safetensors", ".ckpt")).ToList();
        if (weights.Count > 0) return $"is a zip archive that contains '{Quote(weights[0])}'{More(weights.Count)}. {Unpack}";
        if (names.Any(name => Ends(name, ".npy"))) return $"is a NumPy archive (.npz). {Convert}";
        if (names.Any(name => Ends(name, "model.weights.h5"))) return $"is a Keras model (.keras). {Convert}";
        if (names.Any(name => Ends(name, "saved_model.pb"))) return $"is a zipped TensorFlow SavedModel. {Convert}";
        if (names.Any(name => Ends(name, "model.json")))
            return "is a TorchScript file of PyTorch 1.3 or earlier. Load it in PyTorch (torch.jit.load) and save it again.";
        if (names.Any(name => Ends(name, "archive_format", "serialized_exported_program.json")))
            return $"is a program of torch.export (.pt2). Save the model's state dict with torch.save instead.";
        return $"is a zip archive, but not one of torch.save: it has no data.pkl. It contains '{Quote(names[0])}'{More(names.Count)}. {Readable}";

        static bool Ends(string name, params ReadOnlySpan<string> endings)
        {
            foreach (var ending in endings)
                if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) return true;
            return false;
        }

        static string More(int count) => count > 1 ? $" and {count - 1} more" : "";
    }

    public static string AdviceForFolder(string path)
    {
        if (File.Exists(Path.Combine(path, "saved_model.pb"))) return $"It is a TensorFlow SavedModel. {Convert}";
        var inside = Array.Find(UsualFiles, name => File.Exists(Path.Combine(path, name)));
        return inside is null ? $"Give a file in it. {Readable}" : $"Give the file '{inside}' in it.";
    }

    public static string Unknown(ReadOnlySpan<byte> head)
    {
        var shown = System.Convert.ToHexString(head[..Math.Min(head.Length, 8)]).ToLowerInvariant();
        return $"is no checkpoint: it starts with the bytes {shown}. {Readable} Check that this is the file of weights and that it was downloaded "
            + "completely.";
    }

    // field 1 (ir_version, 3 to 15 so far), then field 2 (producer_name: a text) or field 7 (the graph)
    private static bool IsOnnx(ReadOnlySpan<byte> head) =>
        head is [0x08, >= 3 and <= 15, 0x12, var length, var letter, ..] && length < 64 && letter is >= 0x20 and < 0x7f
        || head is [0x08, >= 3 and <= 15, 0x3a, ..];

    // A sorted string table ends with this number.
    private static bool IsTensorFlowIndex(FileBytes file)
    {
        if (file.Length < 48) return false;
        return file.ReadUpTo(file.Length - 8, 8).AsSpan().SequenceEqual((ReadOnlySpan<byte>)[0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]);
    }
}
