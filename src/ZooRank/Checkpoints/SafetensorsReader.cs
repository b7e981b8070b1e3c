using System.Buffers.Binary;
using System.Text.Json;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>
/// Reads safetensors as strictly as the reference library: tensors fill the values without gaps and overlaps, and nothing follows them.
/// </summary>
internal static class SafetensorsReader
{
    // The reference library's limit.
    private const long LongestHeader = 100_000_000;

    public static bool Recognises(ReadOnlySpan<byte> head) =>
        head.Length > Safetensors.LengthBytes && head[Safetensors.LengthBytes] == (byte)'{'
        && BinaryPrimitives.ReadUInt64LittleEndian(head) <= LongestHeader;

    public static StoredCheckpoint.Contents Read(FileBytes file)
    {
        var headerLength = BinaryPrimitives.ReadInt64LittleEndian(file.ReadUpTo(0, Safetensors.LengthBytes));
        var dataLength = file.Length - Safetensors.LengthBytes - headerLength;
        if (dataLength < 0)
            throw new UnreadableCheckpointException(
                $"is cut short: its safetensors header alone has {headerLength} bytes, the file {file.Length}. Copy or download the file again.");
        var rows = ReadHeader(file.ReadUpTo(Safetensors.LengthBytes, (int)headerLength), out var metadata);

        var end = 0L;
        foreach (var row in rows.OrderBy(row => row.Begin).ThenBy(row => row.End))
        {
            if (row.Begin != end)
                throw Damaged($"tensor '{Quote(row.Name)}' starts at byte {row.Begin} of the values, where {end} is expected: tensors may neither "
                    + "overlap nor leave gaps");
            end = row.End;
        }
        if (end > dataLength)
            throw new UnreadableCheckpointException(
                $"is cut short: its tensors need {end} bytes, {dataLength} are there. Copy or download the file again.");
        if (end < dataLength) throw Damaged($"its tensors end at byte {end} of the values, but {dataLength} are there");

        var values = file.Slice(Safetensors.LengthBytes + headerLength, dataLength);
        var wrapper = StateDict.WrapperLength([.. rows.Select(row => row.Name)]);
        return new("safetensors", [.. rows.Select(Store)]) { Metadata = metadata };

        StoredTensor Store(Row row)
        {
            var bytes = new StorageBytes(values.Slice(row.Begin, row.End - row.Begin));
            return new StoredTensor(row.Name[wrapper..], row.Element, 0, row.Shape, Strides(row.Shape), bytes, file.Length);
        }
    }

    private static List<Row> ReadHeader(byte[] header, out Dictionary<string, string> metadata)
    {
        var rows = new List<Row>();
        var names = new HashSet<string>();
        metadata = [];
        try
        {
            var json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 8 });
            Expect(ref json, JsonTokenType.StartObject);
            while (Next(ref json) == JsonTokenType.PropertyName)
            {
                var name = json.GetString()!;
                if (!names.Add(name)) throw Damaged($"two tensors are called '{Quote(name)}'");
                if (name == Safetensors.MetadataKey) ReadMetadata(ref json, metadata);
                else rows.Add(ReadRow(ref json, name));
            }
            if (json.TokenType != JsonTokenType.EndObject) throw Damaged("its header is no JSON object");
            if (json.Read()) throw Damaged("its header goes on after its end");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is no UTF-8.
            throw Damaged("its header is not valid JSON");
        }
        return rows;
    }

    private static void ReadMetadata(ref Utf8JsonReader json, Dictionary<string, string> metadata)
    {
        Expect(ref json, JsonTokenType.StartObject);
        while (Next(ref json) == JsonTokenType.PropertyName)
        {
            var key = json.GetString()!;
            Expect(ref json, JsonTokenType.String);
            metadata[key] = json.GetString()!;
        }
        if (json.TokenType != JsonTokenType.EndObject) throw Damaged("its metadata are no texts");
    }

    private static Row ReadRow(ref Utf8JsonReader json, string name)
    {
        string? type = null;
        List<long>? shape = null, offsets = null;
        Expect(ref json, JsonTokenType.StartObject);
        while (Next(ref json) == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("dtype"u8))
            {
                Expect(ref json, JsonTokenType.String);
                type = json.GetString();
            }
            else if (json.ValueTextEquals("shape"u8)) shape = ReadNumbers(ref json, StoredTensor.MostDimensions);
            else if (json.ValueTextEquals("data_offsets"u8)) offsets = ReadNumbers(ref json, 2);
            else throw Damaged($"tensor '{Quote(name)}' has an unknown property");
        }
        if (json.TokenType != JsonTokenType.EndObject || type is null || shape is null || offsets is not [var begin, var end])
            throw Damaged($"tensor '{Quote(name)}' lacks dtype, shape or data_offsets");
        if (ElementType.OfSafetensors(type) is not { } element)
        {
            throw new UnreadableCheckpointException(
                $"tensor '{Quote(name)}' has the element type {Quote(type)}; {ElementType.SafetensorsList} are read. Convert it in Python and save "
                + "again.");
        }
        Int128 bytes = element.Size;
        foreach (var size in shape)
        {
            bytes *= size;
            if (bytes > long.MaxValue) throw Damaged($"tensor '{Quote(name)}' has a shape beyond measure");
        }
        if (end < begin || end - begin != bytes)
            throw Damaged($"tensor '{Quote(name)}' of {type} [{string.Join(", ", shape)}] needs {bytes} bytes; its offsets {begin} to {end} give "
                + "it another number");
        return new Row(name, element, [.. shape], begin, end);
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader json, int most)
    {
        var numbers = new List<long>();
        Expect(ref json, JsonTokenType.StartArray);
        while (Next(ref json) == JsonTokenType.Number)
        {
            if (numbers.Count == most || !json.TryGetInt64(out var number) || number < 0)
                throw Damaged("a shape or offset is no list of whole numbers of a sensible length");
            numbers.Add(number);
        }
        if (json.TokenType != JsonTokenType.EndArray) throw Damaged("a shape or offset is no list of whole numbers");
        return numbers;
    }

    private static JsonTokenType Next(ref Utf8JsonReader json) => json.Read() ? json.TokenType : throw Damaged("its header breaks off");

    private static void Expect(ref Utf8JsonReader json, JsonTokenType expected)
    {
        if (Next(ref json) != expected) throw Damaged("its header has not the form of safetensors");
    }

    private static UnreadableCheckpointException Damaged(string what) => new($"its safetensors header is damaged: {what}. Copy or download the "
        + "file again.");

    private static long[] Strides(long[] shape)
    {
        var strides = new long[shape.Length];
        var stride = 1L;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride = unchecked(stride * shape[i]); // exact unless the tensor is empty, and then strides say nothing
            if (stride < 0) stride = 0;
        }
        return strides;
    }

    private sealed record Row(string Name, ElementType Element, long[] Shape, long Begin, long End);
}
