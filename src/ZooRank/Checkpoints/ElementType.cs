using System.Collections.Frozen;
using static TorchSharp.torch;

namespace ZooRank.Checkpoints;

/// <summary>
/// An element type that files store and TorchSharp has. The spellings are those of PyTorch (dtype and storage class) and of safetensors.
/// </summary>
internal sealed record ElementType(string Name, ScalarType Type, int Size, string Storage, string? Safetensors)
{
    private static readonly ElementType[] All =
    [
        new("float64", ScalarType.Float64, 8, "DoubleStorage", "F64"),
        new("float32", ScalarType.Float32, 4, "FloatStorage", "F32"),
        new("float16", ScalarType.Float16, 2, "HalfStorage", "F16"),
        new("bfloat16", ScalarType.BFloat16, 2, "BFloat16Storage", "BF16"),
        new("int64", ScalarType.Int64, 8, "LongStorage", "I64"),
        new("int32", ScalarType.Int32, 4, "IntStorage", "I32"),
        new("int16", ScalarType.Int16, 2, "ShortStorage", "I16"),
        new("int8", ScalarType.Int8, 1, "CharStorage", "I8"),
        new("uint8", ScalarType.Byte, 1, "ByteStorage", "U8"),
        new("bool", ScalarType.Bool, 1, "BoolStorage", "BOOL"),
        new("complex64", ScalarType.ComplexFloat32, 8, "ComplexFloatStorage", null),
        new("complex128", ScalarType.ComplexFloat64, 16, "ComplexDoubleStorage", null),
    ];

    private static readonly FrozenDictionary<string, ElementType> Storages = All.ToFrozenDictionary(type => type.Storage);
    private static readonly FrozenDictionary<string, ElementType> Names = All.ToFrozenDictionary(type => type.Name);
    private static readonly FrozenDictionary<string, ElementType> SafetensorsNames =
        All.Where(type => type.Safetensors is not null).ToFrozenDictionary(type => type.Safetensors!);

    // Storages of elements that TorchSharp has not: their size is needed to find the next storage of a legacy file.
    private static readonly FrozenDictionary<string, int> OtherSizes = new Dictionary<string, int>
    {
        ["QInt8Storage"] = 1,
        ["QUInt8Storage"] = 1,
        ["QInt32Storage"] = 4,
        ["QUInt4x2Storage"] = 1,
        ["QUInt2x4Storage"] = 1,
        ["UntypedStorage"] = 1,
        ["_UntypedStorage"] = 1,
    }.ToFrozenDictionary();

    /// <summary>Of a complex number, its parts are what byte order applies to.</summary>
    public int ByteOrderUnit => Name.StartsWith("complex", StringComparison.Ordinal) ? Size / 2 : Size;

    /// <summary>The types that safetensors and this reader share, as a message lists them.</summary>
    public static string SafetensorsList { get; } = string.Join(", ", All.Select(type => type.Safetensors).OfType<string>());

    public static ElementType? OfStorage(string storage) => Storages.GetValueOrDefault(storage);

    public static ElementType? OfName(string name) => Names.GetValueOrDefault(name switch
    {
        "float" => "float32",
        "double" => "float64",
        "half" => "float16",
        "long" => "int64",
        "int" => "int32",
        "short" => "int16",
        "cfloat" => "complex64",
        "cdouble" => "complex128",
        _ => name,
    });

    public static ElementType? OfSafetensors(string name) => SafetensorsNames.GetValueOrDefault(name);

    public static ElementType? Of(ScalarType type) => Array.Find(All, known => known.Type == type);

    /// <summary>Bytes per element of a storage class, or null where it is unknown.</summary>
    public static int? SizeOfStorage(string storage) =>
        OfStorage(storage)?.Size ?? (OtherSizes.TryGetValue(storage, out var size) ? size : null);
}
