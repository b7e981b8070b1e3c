using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ZooRank.Runs;

// Strict: what is missing, null where it may not be, unknown or twice there is damage, and never a default.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    WriteIndented = true,
    Converters = [typeof(FiniteDouble), typeof(FiniteSingle)],
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(RunConfiguration))]
[JsonSerializable(typeof(List<EpochRecord>))]
[JsonSerializable(typeof(ClaimFile))]
[JsonSerializable(typeof(StoreFile))]
internal sealed partial class RunsJson : JsonSerializerContext
{
    private static RunsJson? compact;
    private static JsonTypeInfo<RunRecord>? withoutCurve;

    /// <summary>Without line breaks: what is hashed, and lines of a curve.</summary>
    public static RunsJson Compact => compact ??= new(new JsonSerializerOptions(Default.Options) { WriteIndented = false });

    /// <summary>Reads a record and passes over its curve, which is nine tenths of it.</summary>
    public static JsonTypeInfo<RunRecord> WithoutCurve => withoutCurve ??= (JsonTypeInfo<RunRecord>)new JsonSerializerOptions(Default.Options)
    {
        TypeInfoResolver = Default.WithAddedModifier(type =>
        {
            foreach (var curve in type.Properties.Where(p => p.CustomConverter is CurveJson)) curve.CustomConverter = new NoCurveJson();
        }),
    }.GetTypeInfo(typeof(RunRecord));
}

internal sealed class SnakeCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) where T : struct, Enum;

/// <summary>1e999 is a number in JSON, and infinity when it was read.</summary>
internal sealed class FiniteDouble : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble() is var number && double.IsFinite(number) ? number : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

internal sealed class FiniteSingle : JsonConverter<float>
{
    public override float Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetSingle() is var number && float.IsFinite(number) ? number : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, float value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

/// <summary>One epoch a line: smaller than one number a line, and easier to read.</summary>
internal sealed class CurveJson : JsonConverter<IReadOnlyList<EpochRecord>>
{
    public override IReadOnlyList<EpochRecord> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize(ref reader, RunsJson.Default.ListEpochRecord) ?? throw new JsonException();

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<EpochRecord> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var epoch in value) writer.WriteRawValue([.. "\n    "u8, .. JsonSerializer.SerializeToUtf8Bytes(epoch, RunsJson.Compact.EpochRecord)]);
        writer.WriteEndArray();
    }
}

internal sealed class NoCurveJson : JsonConverter<IReadOnlyList<EpochRecord>>
{
    public override IReadOnlyList<EpochRecord> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Skip();
        return [];
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<EpochRecord> value, JsonSerializerOptions options) => throw new NotSupportedException();
}
