using System.IO.Compression;
using System.Text;
using ZooRank.Data;

namespace ZooRank.Tests.Data;

public class NpzFileTests
{
    private const string Load = "with numpy.load(sys.argv[1], allow_pickle=False) as f: print(';'.join(f'{k} {f[k].dtype} {f[k].shape} {f[k].ravel()[:3].tolist()}' for k in f.files))";

    [Fact]
    public void NumPy_reads_what_is_written_here()
    {
        using var folder = new TemporaryFolder();
        DatasetFiles.Npz(folder["a.npz"],
            ("bytes", NpyArray.Of<byte>([1, 2, 3, 4, 5, 6], 2, 3)), ("flags", NpyArray.Of([true, false])), ("scalar", new NpyArray(NpyType.Float64, [], BitConverter.GetBytes(2.5))),
            ("half", NpyArray.Of([(Half)0.5f])), ("f", NpyArray.Of([1.5f, -2f])), ("d", NpyArray.Of([Math.PI])), ("i", NpyArray.Of([-7])), ("u", NpyArray.Of([ulong.MaxValue])), ("none", NpyArray.Of<short>([], 0, 4)));
        Assert.Equal("bytes uint8 (2, 3) [1, 2, 3];flags bool (2,) [True, False];scalar float64 () [2.5];half float16 (1,) [0.5];f float32 (2,) [1.5, -2.0];"
            + "d float64 (1,) [3.141592653589793];i int32 (1,) [-7];u uint64 (1,) [18446744073709551615];none int16 (0, 4) []", Python.Run("numpy", Load, folder["a.npz"]).Trim());
    }

    [Fact]
    public void What_NumPy_writes_is_read_here()
    {
        using var folder = new TemporaryFolder();
        Python.Run("numpy", """
            a = numpy.arange(24).reshape(2, 3, 4)
            arrays = {t: a.astype(t) for t in ("|b1", "|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8")}
            numpy.savez(sys.argv[1] + "/stored.npz", **arrays, fortran=numpy.asfortranarray(a), scalar=numpy.float32(3))
            numpy.savez_compressed(sys.argv[1] + "/deflated.npz", **arrays, fortran=numpy.asfortranarray(a), scalar=numpy.float32(3))
            for v in (1, 2, 3):
                with open(f"{sys.argv[1]}/v{v}.npy", "wb") as f: numpy.lib.format.write_array(f, a.astype("<i4"), (v, 0))
            """, folder.Path);
        foreach (var name in new[] { "stored.npz", "deflated.npz" })
        {
            using var file = NpzFile.Open(folder[name]);
            Assert.Equal(23, file.Entries.Count);
            foreach (var entry in file.Entries.Where(e => e.Name != "scalar"))
            {
                Assert.Equal([2L, 3, 4], entry.Header.Shape);
                var expected = Enumerable.Range(0, 24).Select(i => entry.Name == "|b1" ? Math.Min(i, 1) : (double)i);
                Assert.Equal(expected, file.Read(entry.Name).ToDoubles());
                if (entry.Header.IsFortranOrder) continue;
                var rows = file.ReadRows(entry.Name, [1, 0, 1]);
                Assert.Equal(file.Read(entry.Name).Data, rows[1].Concat(rows[0]));
                Assert.Same(rows[0], rows[2]);
            }
            Assert.Equal([3.0], file.Read("scalar").ToDoubles());
            Assert.Contains("numpy.ascontiguousarray", Assert.Throws<InvalidInputException>(() => file.ReadRows("fortran", [0])).Message, StringComparison.Ordinal);
        }
        for (var version = 1; version <= 3; version++)
        {
            using var stream = File.OpenRead(folder[$"v{version}.npy"]);
            var header = NpyHeader.Read(stream, "x");
            Assert.Equal((NpyType.Int32, 24L, stream.Position), (header.Type, header.ElementCount, (long)header.Length));
        }
    }

    [Fact]
    public void The_same_arrays_give_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "a.npz", "b.npz" }) DatasetFiles.Npz(folder[name], ("x", DatasetFiles.Images(30, 8, 8)), ("y", DatasetFiles.Cycle(30, 3)));
        Assert.Equal(File.ReadAllBytes(folder["a.npz"]), File.ReadAllBytes(folder["b.npz"]));
    }

    [Fact]
    public void Rows_come_in_the_order_asked_for()
    {
        using var folder = new TemporaryFolder();
        var images = DatasetFiles.Images(50, 6, 5, 3);
        foreach (var compress in new[] { true, false })
        {
            NpzWriter.Write(folder["a.npz"], [KeyValuePair.Create("x", images)], compress);
            using var file = NpzFile.Open(folder["a.npz"]);
            int[] wanted = [49, 3, 17, 0];
            var rows = file.ReadRows("x", wanted);
            for (var i = 0; i < wanted.Length; i++) Assert.Equal(images.Data[(wanted[i] * 90)..((wanted[i] + 1) * 90)], rows[i]);
            Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadRows("x", [50]));
            Assert.Empty(file.ReadRows("x", []));
        }
    }

    [Fact]
    public void Some_rows_of_a_huge_array_are_read_without_holding_it()
    {
        using var folder = new TemporaryFolder();
        const int Rows = 20000, RowLength = 100 * 100;   // 200 MB, of which deflate leaves next to nothing
        Header("'|u1'", "False", $"({Rows}, 100, 100)", out var head);
        using (var archive = ZipFile.Open(folder["big.npz"], ZipArchiveMode.Create))
        {
            using var entry = archive.CreateEntry("x.npy", CompressionLevel.Fastest).Open();
            entry.Write(head);
            var row = new byte[RowLength];
            for (var i = 0; i < Rows; i++)
            {
                row.AsSpan().Fill((byte)i);
                entry.Write(row);
            }
        }
        using var file = NpzFile.Open(folder["big.npz"]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var rows = file.ReadRows("x", [19999, 7]);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2_000_000);
        Assert.Equal(19999 % 256, rows[0][5000]);
        Assert.Equal(7, rows[1][0]);
    }

    [Theory]
    [InlineData("'|O'", "False", "(1,)", "reading a pickle runs code")]
    [InlineData("[('a', '<i4')]", "False", "(1,)", "a structured array")]
    [InlineData("'<U5'", "False", "(1,)", "element type '<U5' is not read")]
    [InlineData("'<M8[ns]'", "False", "(1,)", "is not read")]
    [InlineData("'|u1'", "False", "(1000000000000,)", "the file is damaged")]
    [InlineData("'|u1'", "False", "(9223372036854775807, 9223372036854775807)", "more values than can exist")]
    [InlineData("'<f8'", "False", "(0, 9223372036854775807, 8)", "more values than can exist")]
    [InlineData("'|u1'", "False", "(-1,)", "no list of sizes")]
    [InlineData("'|u1'", "Maybe", "(1,)", "cannot be read")]
    [InlineData("'|u1'", "False", "((((((((((1,),),),),),),),),),)", "cannot be read")]
    public void A_head_that_cannot_be_true_or_safe_is_refused(string descr, string fortran, string shape, string expected)
    {
        using var folder = new TemporaryFolder();
        Header(descr, fortran, shape, out var head);
        using (var archive = ZipFile.Open(folder["a.npz"], ZipArchiveMode.Create))
        using (var entry = archive.CreateEntry("x.npy").Open())
            entry.Write([.. head, 1, 2, 3]);
        var error = Assert.Throws<InvalidInputException>(() => NpzFile.Open(folder["a.npz"]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(folder["a.npz"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flipped_bit_is_found_by_the_checksum()
    {
        using var folder = new TemporaryFolder();
        NpzWriter.Write(folder["a.npz"], [KeyValuePair.Create("x", DatasetFiles.Images(10, 20, 20))], compress: false);
        var bytes = File.ReadAllBytes(folder["a.npz"]);
        bytes[2000] ^= 1;
        File.WriteAllBytes(folder["a.npz"], bytes);
        using var file = NpzFile.Open(folder["a.npz"]);
        Assert.Contains("does not match its checksum", Assert.Throws<InvalidInputException>(() => file.Read("x")).Message, StringComparison.Ordinal);
        Assert.Contains("does not match its checksum", Assert.Throws<InvalidInputException>(() => file.ReadRows("x", [9])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_array_is_told_with_those_that_there_are()
    {
        using var folder = new TemporaryFolder();
        using var file = NpzFile.Open(DatasetFiles.Npz(folder["a.npz"], ("x", DatasetFiles.Cycle(2, 2)), ("y", DatasetFiles.Cycle(2, 2))));
        Assert.EndsWith("no array 'z'. The file holds: x, y.", Assert.Throws<InvalidInputException>(() => file.Read("z")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Floats_are_labels_only_where_they_are_whole()
    {
        Assert.Equal([0L, 2], NpyArray.Of([0f, 2f]).ToIntegers("x"));
        Assert.Contains("0.5 is not a whole number", Assert.Throws<InvalidInputException>(() => NpyArray.Of([0.5]).ToIntegers("x")).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidInputException>(() => NpyArray.Of([double.NaN]).ToIntegers("x"));
        Assert.Throws<InvalidInputException>(() => NpyArray.Of([ulong.MaxValue]).ToIntegers("x"));
    }

    [Fact]
    public void Damaged_archives_give_one_line_or_arrays_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(7);
        var path = folder["fuzz.npz"];
        byte[][] seeds = [Bytes(compress: true), Bytes(compress: false)];
        for (var round = 0; round < 4000; round++)
        {
            var bytes = (byte[])seeds[round % 2].Clone();
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                // Half of the changes in the central directory, at the end.
                var at = random.Next(2) == 0 ? bytes.Length - 1 - random.Next(Math.Min(200, bytes.Length)) : random.Next(bytes.Length);
                bytes[at] = random.Next(3) switch { 0 => 0xFF, 1 => 0, _ => (byte)random.Next(256) };
            }
            if (random.Next(5) == 0) bytes = bytes[..random.Next(bytes.Length)];
            File.WriteAllBytes(path, bytes);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using var file = NpzFile.Open(path);
                foreach (var entry in file.Entries)
                {
                    file.Read(entry.Name);
                    if (entry.Header.Shape is [> 0, ..] && !entry.Header.IsFortranOrder) file.ReadRows(entry.Name, [0]);
                }
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 8 << 20, "a damaged file of some kilobytes made it allocate more than 8 MB");
        }

        byte[] Bytes(bool compress)
        {
            NpzWriter.Write(path, [KeyValuePair.Create("images", DatasetFiles.Images(6, 8, 8)), KeyValuePair.Create("labels", DatasetFiles.Cycle(6, 2))], compress);
            return File.ReadAllBytes(path);
        }
    }

    [Fact]
    public void Damaged_heads_give_one_line_or_a_head_and_nothing_else()
    {
        var random = new Random(8);
        Header("'<f4'", "False", "(3, 4, 5)", out var seed);
        for (var round = 0; round < 20000; round++)
        {
            var bytes = (byte[])seed.Clone();
            for (var change = random.Next(1, 8); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)(random.Next(2) == 0 ? random.Next(256) : "(){}[],:'\"-019TF\\"[random.Next(17)]);
            try
            {
                NpyHeader.Read(new MemoryStream(bytes), "x");
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    private static void Header(string descr, string fortran, string shape, out byte[] bytes)
    {
        var text = Encoding.ASCII.GetBytes($"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        bytes = [0x93, .. "NUMPY"u8, 1, 0, (byte)(text.Length & 255), (byte)(text.Length >> 8), .. text];
    }
}
