using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ZooRank.Files;

namespace ZooRank.Native;

/// <summary>
/// TorchSharp's Linux native is built with GCC 13 and asks for <c>GLIBCXX_3.4.32</c>, which many clusters and Debian 12 lack. It needs just one symbol of it,
/// <c>std::ios_base_library_init()</c>, whose predecessor is the constructor of <c>std::ios_base::Init</c>: that one has been in every libstdc++ since GCC 3.4.
/// This writes a copy that asks for the old name instead. The original is not touched.
/// </summary>
public static class LibTorchSharpRepair
{
    private const string NewVersion = "GLIBCXX_3.4.32", OldVersion = "GLIBCXX_3.4";
    private const string NewSymbol = "_ZSt21ios_base_library_initv", OldSymbol = "_ZNSt8ios_base4InitC1Ev";

    /// <summary>True when the loader's message says that the system's libstdc++ is too old in just the way that this mends.</summary>
    public static bool Mends(string loaderMessage) => loaderMessage.Contains(NewVersion, StringComparison.Ordinal);

    /// <summary>The repaired copy in <paramref name="cacheFolder"/>, made on the first call for these contents.</summary>
    public static string RepairedCopy(string original, string cacheFolder)
    {
        var image = File.ReadAllBytes(original);
        var hash = Convert.ToHexStringLower(SHA256.HashData(image))[..16];
        var copy = Path.Combine(cacheFolder, hash, Path.GetFileName(original));
        if (!File.Exists(copy))
        {
            Repair(image);
            AtomicFile.Write(copy, stream => stream.Write(image));
        }
        return copy;
    }

    /// <summary>Points the version need <c>GLIBCXX_3.4.32</c> at <c>GLIBCXX_3.4</c> and renames the one symbol, in place.</summary>
    /// <param name="image">The bytes of a 64-bit little-endian ELF library.</param>
    /// <exception cref="InvalidDataException">It is no such library, or has no such need.</exception>
    public static void Repair(Span<byte> image)
    {
        try
        {
            RepairWhole(image);
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("it is cut short or damaged: its tables point beyond its end", e);
        }
    }

    private static void RepairWhole(Span<byte> image)
    {
        if (image.Length < 64 || !image.StartsWith("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("not a 64-bit little-endian ELF library");
        var (needs, strings) = (Section(image, 0x6ffffffe), default(Range));   // SHT_GNU_verneed; its sh_link names the string table
        strings = SectionAt(image, needs.Link);
        var table = image[strings];
        var oldName = Find(table, OldVersion);
        var symbol = Find(table, NewSymbol);

        var found = false;
        for (var file = needs.Bytes.Start.Value; ;)
        {
            var count = U16(image, file + 2);
            for (var (i, entry) = (0, file + (int)U32(image, file + 8)); i < count; i++)   // vn_aux
            {
                if (NameAt(table, (int)U32(image, entry + 8)) == NewVersion)               // vna_name
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(image[entry..], ElfHash(OldVersion));
                    BinaryPrimitives.WriteUInt32LittleEndian(image[(entry + 8)..], (uint)oldName);
                    found = true;
                }
                entry += (int)U32(image, entry + 12);                                      // vna_next
            }
            var next = (int)U32(image, file + 12);                                         // vn_next
            if (next == 0) break;
            file += next;
        }
        if (!found) throw new InvalidDataException($"no version need {NewVersion}");

        var name = table.Slice(symbol, NewSymbol.Length);
        name.Clear();
        Encoding.ASCII.GetBytes(OldSymbol, name);
    }

    private static (Range Bytes, int Link) Section(ReadOnlySpan<byte> image, uint type)
    {
        for (var i = 0; i < U16(image, 0x3c); i++)
        {
            var header = Header(image, i);
            if (U32(image, header + 4) == type) return (SectionAt(image, i), (int)U32(image, header + 40));
        }
        throw new InvalidDataException("no version needs");
    }

    private static Range SectionAt(ReadOnlySpan<byte> image, int index)
    {
        var header = Header(image, index);
        var (offset, size) = ((int)U64(image, header + 24), (int)U64(image, header + 32));
        return offset..(offset + size);
    }

    private static int Header(ReadOnlySpan<byte> image, int index) => (int)U64(image, 0x28) + index * U16(image, 0x3a);

    // A name is a whole string of the table, or the tail of one (linkers share tails).
    private static int Find(ReadOnlySpan<byte> table, string name)
    {
        Span<byte> bytes = stackalloc byte[name.Length + 1];
        bytes[name.Length] = 0;
        Encoding.ASCII.GetBytes(name, bytes);
        var at = table.IndexOf(bytes);
        return at >= 0 ? at : throw new InvalidDataException($"no string {name}");
    }

    private static string NameAt(ReadOnlySpan<byte> table, int at) => Encoding.ASCII.GetString(table[at..(at + table[at..].IndexOf((byte)0))]);

    // The hash of the System V ABI, which version entries carry beside the name.
    private static uint ElfHash(string name)
    {
        uint h = 0;
        foreach (var c in name)
        {
            h = (h << 4) + c;
            var g = h & 0xf0000000;
            if (g != 0) h ^= g >> 24;
            h &= ~g;
        }
        return h;
    }

    private static ushort U16(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt16LittleEndian(b[at..]);
    private static uint U32(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt32LittleEndian(b[at..]);
    private static ulong U64(ReadOnlySpan<byte> b, int at) => BinaryPrimitives.ReadUInt64LittleEndian(b[at..]);
}
