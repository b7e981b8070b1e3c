using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ZooRank.Data;

/// <summary>The element types of NumPy that are numbers and nothing else.</summary>
public enum NpyType
{
#pragma warning disable CA1720 // NumPy's own names of the types are what a reader looks for.
    Boolean, UInt8, Int8, UInt16, Int16, UInt32, Int32, UInt64, Int64, Float16, Float32, Float64,
#pragma warning restore CA1720
}

/// <summary>
/// The head of a NumPy array file (format versions 1 to 3): what the array is, without its values. Described in NumPy's enhancement proposal 1.
/// </summary>
/// <param name="Type">The element type.</param>
/// <param name="IsBigEndian">True where elements of several bytes are stored with the highest first.</param>
/// <param name="IsFortranOrder">True where the first index varies fastest.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Length">Bytes of the head itself: the values begin there.</param>
public sealed record NpyHeader(NpyType Type, bool IsBigEndian, bool IsFortranOrder, IReadOnlyList<long> Shape, int Length)
{
    // NumPy's own writer stays below 200 bytes; a structured type of many fields may be longer, and is refused only after it was read.
    private const int LongestText = 1 << 16;

    private static readonly byte[] Magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Bytes of one element.</summary>
    public int ItemSize => SizeOf(Type);

    public long ElementCount { get; } = Product(Shape);

    /// <summary>Bytes of all values as the head declares them.</summary>
    public long ByteCount => checked(ElementCount * ItemSize);

    /// <summary>The type as NumPy prints it, as "uint8".</summary>
    public string TypeName => Type switch { NpyType.Boolean => "bool", _ => Type.ToString().ToLowerInvariant() };

    public override string ToString() => $"{TypeName} ({string.Join(", ", Shape)}{(Shape.Count == 1 ? "," : "")})";

    /// <summary>Reads a head from the start of a stream and leaves the stream at the first value.</summary>
    /// <param name="stream">Need not be seekable.</param>
    /// <param name="where">What the messages begin with: the file, and the array in it.</param>
    /// <exception cref="InvalidInputException">It is no array file, or one whose values are not plain numbers.</exception>
    public static NpyHeader Read(Stream stream, string where)
    {
        Span<byte> start = stackalloc byte[8];
        if (stream.ReadAtLeast(start, 8, throwOnEndOfStream: false) < 8 || !start[..6].SequenceEqual(Magic))
            throw new InvalidInputException($"{where}: not a NumPy array (it does not begin with \\x93NUMPY). Write it with numpy.save or numpy.savez.");
        int version = start[6];
        if (version is < 1 or > 3) throw new InvalidInputException($"{where}: NumPy array format {version} is unknown; versions 1 to 3 are read.");

        Span<byte> size = stackalloc byte[version == 1 ? 2 : 4];
        if (stream.ReadAtLeast(size, size.Length, throwOnEndOfStream: false) < size.Length) throw CutShort(where);
        var length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > LongestText) throw new InvalidInputException($"{where}: the array's head declares {length} bytes, more than any array of numbers needs: the file is damaged.");
        var text = new byte[length];
        if (stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) < text.Length) throw CutShort(where);
        return Parse((version == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(text), 8 + size.Length + text.Length, where);
    }

    /// <summary>The bytes of a version 1 head, padded as NumPy does so that values begin at a multiple of 64. Always little endian and C order.</summary>
    internal static byte[] Write(NpyType type, IReadOnlyList<long> shape)
    {
        var sizes = string.Join(", ", shape.Select(size => size.ToString(CultureInfo.InvariantCulture)));
        var text = $"{{'descr': '{Descriptor(type)}', 'fortran_order': False, 'shape': ({sizes}{(shape.Count == 1 ? "," : "")}), }}";
        var total = (10 + text.Length + 1 + 63) / 64 * 64;
        var bytes = new byte[total];
        Magic.CopyTo(bytes, 0);
        bytes[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), checked((ushort)(total - 10)));
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(10));
        bytes.AsSpan(10 + text.Length).Fill((byte)' ');
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    internal static int SizeOf(NpyType type) => type switch
    {
        NpyType.Boolean or NpyType.UInt8 or NpyType.Int8 => 1,
        NpyType.UInt16 or NpyType.Int16 or NpyType.Float16 => 2,
        NpyType.UInt32 or NpyType.Int32 or NpyType.Float32 => 4,
        _ => 8,
    };

    private static string Descriptor(NpyType type) => type switch
    {
        NpyType.Boolean => "|b1",
        NpyType.UInt8 => "|u1",
        NpyType.Int8 => "|i1",
        NpyType.UInt16 => "<u2",
        NpyType.Int16 => "<i2",
        NpyType.UInt32 => "<u4",
        NpyType.Int32 => "<i4",
        NpyType.UInt64 => "<u8",
        NpyType.Int64 => "<i8",
        NpyType.Float16 => "<f2",
        NpyType.Float32 => "<f4",
        _ => "<f8",
    };

    private static NpyHeader Parse(string text, int length, string where)
    {
        var entries = new PythonLiteral(text, where).ReadDictionary();
        if (entries.GetValueOrDefault("descr") is not { } descr || entries.GetValueOrDefault("fortran_order") is not bool fortran
            || entries.GetValueOrDefault("shape") is not List<object> sizes)
            throw new InvalidInputException($"{where}: the array's head lacks descr, fortran_order or shape: the file is damaged.");

        var (type, isBigEndian) = ParseType(descr, where);
        var shape = new long[sizes.Count];
        long product = SizeOf(type);
        for (var i = 0; i < shape.Length; i++)
        {
            if (sizes[i] is not long size || size < 0)
                throw new InvalidInputException($"{where}: the array's head has a shape that is no list of sizes: the file is damaged.");
            shape[i] = size;
            // A zero elsewhere does not excuse a product that cannot exist.
            if (size > 0 && product > long.MaxValue / size) throw new InvalidInputException($"{where}: the array's head declares more values than can exist: the file is damaged.");
            product *= Math.Max(1, size);
        }
        return new NpyHeader(type, isBigEndian, fortran, shape, length);
    }

    private static (NpyType, bool IsBigEndian) ParseType(object descr, string where)
    {
        if (descr is not string name)
            throw new InvalidInputException($"{where}: a structured array (several fields in one) is not read. Save each field as an array of its own.");
        if (name is "|O" or "O" or "<O" or ">O" || name.StartsWith("|O", StringComparison.Ordinal))
        {
            throw new InvalidInputException(
                $"{where}: an array of Python objects (dtype object), which is stored as a pickle, and reading a pickle runs code. Save it again as an array of numbers.");
        }
        var order = name.Length > 0 ? name[0] : ' ';
        var known = order is '<' or '>' or '|' or '=';
        NpyType? type = (known ? name[1..] : name) switch
        {
            "b1" or "?" => NpyType.Boolean,
            "u1" => NpyType.UInt8,
            "i1" => NpyType.Int8,
            "u2" => NpyType.UInt16,
            "i2" => NpyType.Int16,
            "u4" => NpyType.UInt32,
            "i4" => NpyType.Int32,
            "u8" => NpyType.UInt64,
            "i8" => NpyType.Int64,
            "f2" => NpyType.Float16,
            "f4" => NpyType.Float32,
            "f8" => NpyType.Float64,
            _ => null,
        };
        return type is { } found ? (found, order == '>') : throw new InvalidInputException(
            $"{where}: element type '{Printable(name)}' is not read; bool, int8 to int64, uint8 to uint64 and float16 to float64 are.{(name.Contains('U', StringComparison.Ordinal) || name.Contains('S', StringComparison.Ordinal) ? " Of names, save the numbers: numpy.unique(names, return_inverse=True)[1]." : "")}");
    }

    private static string Printable(string text) => new([.. text.Take(20).Select(c => char.IsControl(c) ? '?' : c)]);

    private static long Product(IReadOnlyList<long> shape) => shape.Aggregate(1L, (product, size) => checked(product * size));

    private static InvalidInputException CutShort(string where) => new($"{where}: the file ends inside the array's head. Copy or download it again.");
}
