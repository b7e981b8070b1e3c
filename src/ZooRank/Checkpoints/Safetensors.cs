using System.Buffers.Binary;
using System.Text.Json;
using ZooRank.Files;
using static TorchSharp.torch;

namespace ZooRank.Checkpoints;

/// <summary>
/// The safetensors format: 8 bytes length, a JSON header of names, types, shapes and offsets, then the values. <see cref="CheckpointFormats"/> reads it.
/// </summary>
/// <remarks>https://github.com/huggingface/safetensors, README "Format".</remarks>
public static class Safetensors
{
    internal const int LengthBytes = 8;
    internal const string MetadataKey = "__metadata__";
    private const long BytesAtATime = 1 << 28;

    /// <summary>
    /// Writes named tensors of any shape and device; the Python library reads them. Within the file, larger element types come first, so that all are
    /// aligned.
    /// </summary>
    /// <exception cref="InvalidInputException">The place cannot be written.</exception>
    public static void Write(string path, IEnumerable<(string Name, Tensor Values)> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var all = tensors.ToList();
        var placed = Place(all);
        var header = Header(all, placed, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[LengthBytes];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var i in placed.Order) WriteValues(stream, all[i].Values);
        });
    }

    private static (int[] Order, long[] Begin, long[] End) Place(List<(string Name, Tensor Values)> tensors)
    {
        var names = new HashSet<string> { MetadataKey };
        var sizes = new long[tensors.Count];
        for (var i = 0; i < sizes.Length; i++)
        {
            var (name, values) = tensors[i];
            if (!names.Add(name)) throw new ArgumentException($"Two tensors are called '{name}', or the name is reserved.", nameof(tensors));
            sizes[i] = TypeOf(name, values).Size * values.NumberOfElements;
        }
        int[] order = [.. Enumerable.Range(0, sizes.Length).OrderByDescending(i => TypeOf(tensors[i].Name, tensors[i].Values).Size)];
        long[] begin = new long[sizes.Length], end = new long[sizes.Length];
        var position = 0L;
        foreach (var i in order)
        {
            begin[i] = position;
            end[i] = position += sizes[i];
        }
        return (order, begin, end);
    }

    private static ElementType TypeOf(string name, Tensor values) =>
        ElementType.Of(values.dtype) is { Safetensors: not null } type
            ? type
            : throw new ArgumentException($"Tensor '{name}' has the element type {values.dtype}, which safetensors has not; allowed: "
                + $"{ElementType.SafetensorsList}.", nameof(values));

    // Padded with spaces to a multiple of 8, so that the values start aligned.
    private static byte[] Header(
        List<(string Name, Tensor Values)> tensors, (int[] Order, long[] Begin, long[] End) placed, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            for (var i = 0; i < tensors.Count; i++)
            {
                var (name, values) = tensors[i];
                json.WriteStartObject(name);
                json.WriteString("dtype", TypeOf(name, values).Safetensors);
                json.WriteStartArray("shape");
                foreach (var size in values.shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(placed.Begin[i]);
                json.WriteNumberValue(placed.End[i]);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private static void WriteValues(Stream stream, Tensor values)
    {
        if (values.NumberOfElements == 0) return;
        using var detached = values.detach();
        using var local = detached.cpu();
        using var ordered = local.contiguous();
        using var flat = ordered.reshape(-1);
        var count = flat.NumberOfElements;
        var perPart = BytesAtATime / flat.ElementSize;
        for (var start = 0L; start < count; start += perPart)
        {
            using var part = flat.narrow(0, start, Math.Min(perPart, count - start));
            stream.Write(part.bytes);
        }
    }
}
