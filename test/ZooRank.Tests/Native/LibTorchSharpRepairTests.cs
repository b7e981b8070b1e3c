using System.Buffers.Binary;
using System.Text;
using ZooRank.Native;

namespace ZooRank.Tests.Native;

public class LibTorchSharpRepairTests
{
    private const string NewVersion = "GLIBCXX_3.4.32", NewSymbol = "_ZSt21ios_base_library_initv", OldSymbol = "_ZNSt8ios_base4InitC1Ev";

    private static string Original()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && NativeLibraries.LibTorchSharp is not null, "TorchSharp's Linux native is not on this machine");
        return NativeLibraries.LibTorchSharp!;
    }

    /// <summary>A minimal 64-bit ELF: a header, a string table and a table of version needs (System V gABI; Linux Standard Base, "Symbol Versioning").</summary>
    private static byte[] Elf(params string[] versions)
    {
        var strings = "\0" + string.Join('\0', ["GLIBCXX_3.4", NewSymbol, "libstdc++.so.6", .. versions]) + "\0";
        int At(string name) => strings.IndexOf("\0" + name + "\0", StringComparison.Ordinal) + 1;
        const int Header = 64, Section = 64;
        var (stringsAt, needsAt) = (Header, (Header + strings.Length + 7) / 8 * 8);
        var needs = 16 + 16 * versions.Length;
        var sectionsAt = needsAt + needs;
        var image = new byte[sectionsAt + 3 * Section];
        void U16(int at, int v) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(at), (ushort)v);
        void U32(int at, uint v) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), v);
        void U64(int at, int v) => BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(at), (ulong)v);
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(image);
        U64(0x28, sectionsAt);
        U16(0x3a, Section);
        U16(0x3c, 3);
        Encoding.ASCII.GetBytes(strings, image.AsSpan(stringsAt));
        U16(needsAt, 1);
        U16(needsAt + 2, versions.Length);
        U32(needsAt + 4, (uint)At("libstdc++.so.6"));
        U32(needsAt + 8, 16);
        for (var i = 0; i < versions.Length; i++)
        {
            var entry = needsAt + 16 + 16 * i;
            U32(entry, 0xdeadbeef);
            U16(entry + 6, 2 + i);
            U32(entry + 8, (uint)At(versions[i]));
            U32(entry + 12, i + 1 < versions.Length ? 16u : 0);
        }
        void Describe(int index, uint type, int offset, int size, int link)
        {
            var at = sectionsAt + index * Section;
            U32(at + 4, type);
            U64(at + 24, offset);
            U64(at + 32, size);
            U32(at + 40, (uint)link);
        }
        Describe(1, 3, stringsAt, strings.Length, 0);
        Describe(2, 0x6ffffffe, needsAt, needs, 1);
        return image;
    }

    // The version names that the table of needs points at, with their hashes: read on our own, not by the code under test.
    private static List<(string Name, uint Hash)> Needs(byte[] image)
    {
        uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(at));
        int U64(int at) => (int)BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(at));
        int U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(at));
        int SectionHeader(int i) => U64(0x28) + i * U16(0x3a);
        var needs = Enumerable.Range(0, U16(0x3c)).Select(SectionHeader).Single(h => U32(h + 4) == 0x6ffffffe);
        var strings = U64(SectionHeader((int)U32(needs + 40)) + 24);
        var found = new List<(string, uint)>();
        for (var file = U64(needs + 24); ; file += (int)U32(file + 12))
        {
            var entry = file + (int)U32(file + 8);
            for (var i = 0; i < U16(file + 2); i++, entry += (int)U32(entry + 12))
            {
                var name = image.AsSpan(strings + (int)U32(entry + 8));
                found.Add((Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]), U32(entry)));
            }
            if (U32(file + 12) == 0) return found;
        }
    }

    [Fact]
    public void The_new_version_is_no_longer_needed_and_the_symbol_has_its_old_name()
    {
        var image = Elf("GLIBCXX_3.4.29", NewVersion, "CXXABI_1.3");
        var before = (byte[])image.Clone();
        LibTorchSharpRepair.Repair(image);
        // 0x08922974 is the System V ABI's hash of "GLIBCXX_3.4", as readelf shows it in any C++ program.
        Assert.Equal([("GLIBCXX_3.4.29", 0xdeadbeef), ("GLIBCXX_3.4", 0x08922974), ("CXXABI_1.3", 0xdeadbeef)], Needs(image));
        Assert.Equal(before.Length, image.Length);
        Assert.True(image.AsSpan().IndexOf(Encoding.ASCII.GetBytes(OldSymbol + "\0")) > 0);
        Assert.Equal(-1, image.AsSpan().IndexOf(Encoding.ASCII.GetBytes(NewSymbol)));
    }

    [Fact]
    public void The_real_library_is_mended_so_too()
    {
        var image = File.ReadAllBytes(Original());
        var before = Needs(image);
        Assert.Contains(before, n => n.Name == NewVersion);
        LibTorchSharpRepair.Repair(image);
        var after = Needs(image);
        Assert.Equal(before.Select(n => n.Name == NewVersion ? "GLIBCXX_3.4" : n.Name), after.Select(n => n.Name));
        // The same name has the same hash, as another entry or another library states it.
        Assert.All(after.GroupBy(n => n.Name), g => Assert.Single(g.Select(n => n.Hash).Distinct()));
    }

    [Fact]
    public void What_is_mended_needs_no_mending()
    {
        var image = Elf(NewVersion);
        LibTorchSharpRepair.Repair(image);
        var once = (byte[])image.Clone();
        Assert.Throws<InvalidDataException>(() => LibTorchSharpRepair.Repair(image));
        Assert.Equal(once, image);
    }

    [Fact]
    public void The_copy_is_made_once_and_the_original_stays_as_it_is()
    {
        using var folder = new TemporaryFolder();
        var image = Elf(NewVersion);
        File.WriteAllBytes(folder["lib.so"], image);
        var copy = LibTorchSharpRepair.RepairedCopy(folder["lib.so"], folder["cache"]);
        Assert.Equal(image, File.ReadAllBytes(folder["lib.so"]));
        Assert.Equal("lib.so", Path.GetFileName(copy));
        Assert.DoesNotContain(Needs(File.ReadAllBytes(copy)), n => n.Name == NewVersion);
        File.WriteAllText(copy, "seen");
        Assert.Equal(copy, LibTorchSharpRepair.RepairedCopy(folder["lib.so"], folder["cache"]));
        Assert.Equal("seen", File.ReadAllText(copy));
        // Other contents, another copy.
        File.WriteAllBytes(folder["lib.so"], Elf(NewVersion, "CXXABI_1.3"));
        Assert.NotEqual(copy, LibTorchSharpRepair.RepairedCopy(folder["lib.so"], folder["cache"]));
    }

    [Fact]
    public void What_is_no_such_library_is_refused_and_nothing_is_kept()
    {
        using var folder = new TemporaryFolder();
        var elf32 = Elf(NewVersion);
        elf32[4] = 1;
        foreach (var bytes in new byte[][] { [], [1, 2, 3], new byte[1000], elf32, Elf("GLIBCXX_3.4.29") })
        {
            File.WriteAllBytes(folder["lib.so"], bytes);
            Assert.Throws<InvalidDataException>(() => LibTorchSharpRepair.RepairedCopy(folder["lib.so"], folder["cache"]));
        }
        Assert.Empty(Directory.GetFiles(folder["cache/x"][..^2], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_truncated_library_is_refused_wherever_it_ends()
    {
        var whole = Elf(NewVersion, "CXXABI_1.3");
        for (var length = 0; length < whole.Length - 40; length += 7)
        {
            var part = whole[..length];
            Assert.Throws<InvalidDataException>(() => LibTorchSharpRepair.Repair(part));
        }
    }

    [Theory]
    [InlineData("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by libLibTorchSharp.so)", true)]
    [InlineData("/lib/libc.so.6: version `GLIBC_2.38' not found (required by libLibTorchSharp.so)", false)]
    [InlineData("libgomp.so.1: cannot open shared object file: No such file or directory", false)]
    public void It_is_for_one_message_of_the_loader_alone(string message, bool expected) => Assert.Equal(expected, LibTorchSharpRepair.Mends(message));
}
