using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ZooRank.Tests.Checkpoints;

/// <summary>Writes pickles one instruction at a time, so that tests can say exactly what a file holds, also what no pickler writes.</summary>
internal sealed class MadePickle
{
    private readonly List<byte> bytes = [];

    public MadePickle(byte protocol = 2) => Raw(0x80, protocol);

    public byte[] ToArray() => bytes.ToArray();

    public MadePickle Raw(params ReadOnlySpan<byte> raw)
    {
        bytes.AddRange(raw);
        return this;
    }

    public MadePickle Op(char instruction) => Raw((byte)instruction);

    public MadePickle Stop() => Op('.');

    public MadePickle Global(string module, string name) => Raw([(byte)'c', .. Encoding.UTF8.GetBytes($"{module}\n{name}\n")]);

    public MadePickle Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op('X').Raw(length).Raw(utf8);
    }

    public MadePickle Number(long number)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(eight, number);
        return Raw(0x8a, 8).Raw(eight);
    }

    public MadePickle Tuple(params long[] numbers)
    {
        Op('(');
        foreach (var number in numbers) Number(number);
        return Op('t');
    }

    public MadePickle Storage(string type, string key, long count) =>
        Op('(').Text("storage").Global("torch", type).Text(key).Text("cpu").Number(count).Op('t').Op('Q');

    public MadePickle Tensor(string type, string key, long count, long offset, long[] shape, long[] strides) =>
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(type, key, count).Number(offset).Tuple(shape).Tuple(strides)
            .Raw(0x89).Op('}').Op('t').Op('R');

    /// <summary>A dict of one float32 vector per name, each in its own storage "0", "1", ...</summary>
    public MadePickle Vectors(long length, params string[] names)
    {
        Op('}').Op('(');
        for (var i = 0; i < names.Length; i++) Text(names[i]).Tensor("FloatStorage", $"{i}", length, 0, [length], [1]);
        return Op('u');
    }
}

/// <summary>Small files of each format, made in code.</summary>
internal static class MadeFiles
{
    public static byte[] Floats(params float[] values)
    {
        var bytes = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        return bytes;
    }

    public static byte[] Zip(params (string Name, byte[] Content)[] entries) => Zip(CompressionLevel.NoCompression, entries);

    public static byte[] Zip(CompressionLevel level, params (string Name, byte[] Content)[] entries)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }

    /// <summary>A torch.save zip of this pickle, with every storage "0" to "3" the same bytes.</summary>
    public static byte[] TorchZip(MadePickle pickle, byte[] storage, params (string Name, byte[] Content)[] others) =>
        Zip([("archive/data.pkl", pickle.ToArray()), .. Enumerable.Range(0, 4).Select(i => ($"archive/data/{i}", storage)), .. others]);

    public static byte[] TorchLegacy(MadePickle pickle, params (string Key, byte[] Floats)[] storages)
    {
        using var stream = new MemoryStream();
        stream.Write(new MadePickle().Raw(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).Stop().ToArray());
        stream.Write(new MadePickle().Number(1001).Stop().ToArray());
        stream.Write(new MadePickle().Op('}').Stop().ToArray());
        stream.Write(pickle.ToArray());
        var keys = new MadePickle().Op(']').Op('(');
        foreach (var (key, _) in storages) keys.Text(key);
        stream.Write(keys.Op('e').Stop().ToArray());
        Span<byte> count = stackalloc byte[8];
        foreach (var (_, floats) in storages)
        {
            BinaryPrimitives.WriteInt64LittleEndian(count, floats.Length / 4);
            stream.Write(count);
            stream.Write(floats);
        }
        return stream.ToArray();
    }

    public static byte[] Safetensors(string header, byte[] values)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. values];
    }
}

/// <summary>A file that goes away with the test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(byte[]? content = null, string extension = ".bin")
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"zoorank-test-{Guid.NewGuid():N}{extension}");
        if (content is not null) File.WriteAllBytes(Path, content);
    }

    public string Path { get; }

    public void Dispose() => File.Delete(Path);
}
