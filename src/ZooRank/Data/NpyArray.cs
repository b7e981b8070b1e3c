using System.Runtime.InteropServices;

namespace ZooRank.Data;

/// <summary>An array of numbers in memory as NumPy has it: element type, shape, and values in C order (the last index varies fastest), little endian.</summary>
public sealed class NpyArray
{
    public NpyArray(NpyType type, IReadOnlyList<long> shape, byte[] data)
    {
        if (shape.Aggregate((long)NpyHeader.SizeOf(type), (product, size) => checked(product * size)) != data.LongLength)
            throw new ArgumentException("The values do not fill the shape.", nameof(data));
        Type = type;
        Shape = shape;
        Data = data;
    }

    public NpyType Type { get; }

    /// <summary>Sizes, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The values' bytes.</summary>
    public byte[] Data { get; }

    public int Count => Data.Length / NpyHeader.SizeOf(Type);

    /// <summary>Copies values whose .NET type has a NumPy twin: bool, the integers, Half, float, double.</summary>
    public static NpyArray Of<T>(ReadOnlySpan<T> values, params long[] shape) where T : unmanaged =>
        new(TypeOf(typeof(T)), shape.Length == 0 ? [values.Length] : shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The values under their own .NET type, without a copy.</summary>
    public ReadOnlySpan<T> As<T>() where T : unmanaged => TypeOf(typeof(T)) == Type
        ? MemoryMarshal.Cast<byte, T>(Data) : throw new InvalidOperationException($"The array holds {Type}, not {typeof(T).Name}.");

    /// <summary>The values as doubles; 64-bit integers beyond 2^53 are rounded.</summary>
    public double[] ToDoubles() => Type switch
    {
        NpyType.Float64 => As<double>().ToArray(),
        NpyType.Float32 => Map<float, double>(v => v),
        NpyType.Float16 => Map<Half, double>(v => (double)v),
        NpyType.UInt64 => Map<ulong, double>(v => v),
        _ => Array.ConvertAll(ToIntegers("array"), v => (double)v),
    };

    /// <summary>The values as whole numbers. Floating-point values are taken where every one of them is whole.</summary>
    /// <param name="where">What a message begins with.</param>
    /// <exception cref="InvalidInputException">A value is not whole or does not fit 64 bits.</exception>
    public long[] ToIntegers(string where) => Type switch
    {
        NpyType.Boolean => Map<byte, long>(v => v == 0 ? 0 : 1),
        NpyType.UInt8 => Map<byte, long>(v => v),
        NpyType.Int8 => Map<sbyte, long>(v => v),
        NpyType.UInt16 => Map<ushort, long>(v => v),
        NpyType.Int16 => Map<short, long>(v => v),
        NpyType.UInt32 => Map<uint, long>(v => v),
        NpyType.Int32 => Map<int, long>(v => v),
        NpyType.Int64 => As<long>().ToArray(),
        NpyType.UInt64 => Map<ulong, long>(v => v <= long.MaxValue ? (long)v
            : throw new InvalidInputException($"{where}: the value {v} is too large.")),
        // 2^53: the last whole number that a double tells from its neighbour.
        _ => Array.ConvertAll(ToDoubles(), v => v == Math.Floor(v) && Math.Abs(v) <= 9007199254740992 ? (long)v
            : throw new InvalidInputException(FormattableString.Invariant($"{where}: the value {v} is not a whole number. Save it as an integer type."))),
    };

    private static NpyType TypeOf(Type type) =>
        type == typeof(bool) ? NpyType.Boolean
        : Enum.TryParse(type == typeof(float) ? "Float32" : type == typeof(double) ? "Float64" : type == typeof(Half) ? "Float16"
            : type == typeof(byte) ? "UInt8" : type == typeof(sbyte) ? "Int8" : type.Name, out NpyType found) ? found
        : throw new ArgumentException($"NumPy has no type for {type.Name}.");

    private TResult[] Map<T, TResult>(Func<T, TResult> convert) where T : unmanaged
    {
        var values = MemoryMarshal.Cast<byte, T>(Data);
        var results = new TResult[values.Length];
        for (var i = 0; i < results.Length; i++) results[i] = convert(values[i]);
        return results;
    }
}
