using ZooRank.Data;
using ZooRank.Features;
using ZooRank.Tests.Data;

namespace ZooRank.Tests.Features;

/// <summary>Feature files that somebody made with NumPy, right and wrong.</summary>
public sealed class UserFeatureFileTests : IDisposable
{
    private static readonly NpyArray Features = NpyArray.Of<float>([0, 1, 2, 3, 4, 5, 6, 7], 4, 2);
    private static readonly NpyArray Labels = NpyArray.Of<long>([0, 1, 1, 0]);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private FeatureSet Read(params (string Key, NpyArray Array)[] arrays) => FeatureFile.Read(DatasetFiles.Npz(folder["a.npz"], arrays));

    private string Fault(params (string Key, NpyArray Array)[] arrays)
    {
        var message = Assert.Throws<InvalidInputException>(() => Read(arrays)).Message;
        Assert.StartsWith(folder["a.npz"] + ": ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        return message[(folder["a.npz"].Length + 2)..];
    }

    [Fact]
    public void Features_and_labels_are_enough()
    {
        var set = Read(("features", Features), ("labels", Labels));
        Assert.Equal((4, 2, 2, 0, false), (set.Count, set.Width, set.ClassCount, set.LogitWidth, set.IsMultiLabel));
        Assert.Equal([0, 1, 1, 0], set.Labels);
        Assert.Empty(set.Indices);
        Assert.Empty(set.Conv1GradientNorms);
    }

    [Fact]
    public void Labels_that_occur_are_the_classes_in_ascending_order()
    {
        Assert.Equal([2, 0, 1, 2], Read(("features", Features), ("labels", NpyArray.Of<short>([70, -3, 5, 70], 4, 1))).Labels);
        Assert.Equal([1, 0, 1, 0], Read(("features", Features), ("labels", NpyArray.Of<bool>([true, false, true, false]))).Labels);
        Assert.Equal([1, 0, 1, 0], Read(("features", Features), ("labels", NpyArray.Of<double>([2, 1, 2, 1]))).Labels);
        // With class_count the numbers are the classes themselves, also where some do not occur.
        var set = Read(("features", Features), ("labels", NpyArray.Of<byte>([4, 2, 2, 4])), ("class_count", NpyArray.Of<int>([6])));
        Assert.Equal([4, 2, 2, 4], set.Labels);
        Assert.Equal(6, set.ClassCount);
    }

    [Fact]
    public void Columns_of_0_and_1_are_findings_and_one_hot_rows_classes()
    {
        var set = Read(("features", Features), ("labels", NpyArray.Of<byte>([1, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0], 4, 3)));
        Assert.Equal((true, 3, 4), (set.IsMultiLabel, set.ClassCount, set.Count));
        Assert.Equal([1, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0], set.MultiLabels);
        Assert.Empty(set.Labels);

        var hot = NpyArray.Of<float>([1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0], 4, 3);
        var classes = Read(("features", Features), ("labels", hot));
        Assert.Equal([0, 1, 1, 0], classes.Labels);
        Assert.Equal((false, 3), (classes.IsMultiLabel, classes.ClassCount));
        Assert.True(Read(("features", Features), ("labels", hot), ("class_count", NpyArray.Of<int>([3]))).IsMultiLabel);
    }

    [Fact]
    public void What_is_missing_is_told_with_what_is_there()
    {
        Assert.Equal("no array 'features'. Is it 'feature'? Then save it under that name. The file holds: feature float32 (4, 2), y int64 (4,). numpy.savez(file, features=X, labels=y) writes what is needed.",
            Fault(("feature", Features), ("y", Labels)));
        Assert.StartsWith("no array 'labels'. Is it 'label'?", Fault(("features", Features), ("label", Labels)), StringComparison.Ordinal);
        Assert.StartsWith("no array 'labels'. The file holds: ", Fault(("features", Features), ("y", Labels)), StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder["none.npz"])).Message, StringComparison.Ordinal);
        Assert.Contains("a folder", Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["empty.npz"], "");
        Assert.Contains("empty", Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder["empty.npz"])).Message, StringComparison.Ordinal);
        File.WriteAllBytes(folder["x.npy"], [0x93, .. "NUMPY"u8]);
        Assert.Contains("a single array (.npy)", Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder["x.npy"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_of_another_shape_or_type_are_refused()
    {
        string Of(NpyArray features) => Fault(("features", features), ("labels", Labels));
        Assert.Contains("must be n×D, one row for each image; got 1 dimension.", Of(NpyArray.Of<float>([1, 2, 3, 4])), StringComparison.Ordinal);
        Assert.Contains("features.mean(axis=1)", Of(NpyArray.Of<float>(new float[8], 4, 2, 1)), StringComparison.Ordinal);
        Assert.Contains("features.mean(axis=(2, 3))", Of(NpyArray.Of<float>(new float[8], 4, 2, 1, 1)), StringComparison.Ordinal);
        Assert.Contains("is empty", Of(NpyArray.Of<float>([], 0, 2)), StringComparison.Ordinal);
        Assert.Contains("is empty", Of(NpyArray.Of<float>([], 4, 0)), StringComparison.Ordinal);
        Assert.Contains("has one row", Of(NpyArray.Of<float>([1, 2], 1, 2)), StringComparison.Ordinal);
        Assert.Equal("features uint8 (4, 2) must be float16, float32 or float64. Save features.astype('float32').", Of(NpyArray.Of<byte>(new byte[8], 4, 2)));
    }

    [Fact]
    public void The_place_of_what_is_not_a_number_is_told()
    {
        Assert.Equal("features[1, 0] is NaN; 2 of 4 rows have such values. Leave those rows out (labels too), or mend what made them.",
            Fault(("features", NpyArray.Of<float>([1, 2, float.NaN, float.NaN, 5, 6, 7, float.NegativeInfinity], 4, 2)), ("labels", Labels)));
        Assert.StartsWith("features[3, 1] is infinity; 1 of 4", Fault(("features", NpyArray.Of<Half>([(Half)1, (Half)2, (Half)3, (Half)4, (Half)5, (Half)6, (Half)7, Half.PositiveInfinity], 4, 2)), ("labels", Labels)), StringComparison.Ordinal);
        Assert.StartsWith("features[0, 1] is 1E+300, too large for float32;", Fault(("features", NpyArray.Of<double>([0, 1e300, 3, 4, 5, 6, 7, 8], 4, 2)), ("labels", Labels)), StringComparison.Ordinal);
        Assert.StartsWith("logits[2, 0] is NaN;", Fault(("features", Features), ("labels", Labels), ("logits", NpyArray.Of<float>([1, 2, float.NaN, 4], 4, 1))), StringComparison.Ordinal);
        Assert.StartsWith("labels[2] is NaN;", Fault(("features", Features), ("labels", NpyArray.Of<float>([1, 2, float.NaN, 4]))), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_cannot_be_compared_are_refused()
    {
        string Of(NpyArray labels, params (string, NpyArray)[] more) => Fault([("features", Features), ("labels", labels), .. more]);
        Assert.Equal("4 rows of features, but 3 of labels. Save both from the same images.", Of(NpyArray.Of<long>([0, 1, 1])));
        Assert.StartsWith("labels[1] is 0.5; labels must be whole numbers", Of(NpyArray.Of<double>([0, 0.5, 1, 1])), StringComparison.Ordinal);
        Assert.StartsWith("labels[0, 1] is 0.25; labels must be whole", Of(NpyArray.Of<float>([0, 0.25f, 1, 1, 0, 0, 0, 0], 4, 2)), StringComparison.Ordinal);
        Assert.Equal("all 4 rows have the label 7; at least two classes are needed.", Of(NpyArray.Of<long>([7, 7, 7, 7])));
        Assert.StartsWith("each of the 4 rows has a label of its own", Of(NpyArray.Of<long>([7, 8, 9, 6])), StringComparison.Ordinal);
        Assert.StartsWith("labels has 2 columns, so each must be 0 or 1, but labels[3, 0] is 2.", Of(NpyArray.Of<long>([0, 1, 1, 1, 0, 0, 2, 1], 4, 2)), StringComparison.Ordinal);
        Assert.StartsWith("every column of labels holds one value alone", Of(NpyArray.Of<long>([0, 1, 0, 1, 0, 1, 0, 1], 4, 2), ("class_count", NpyArray.Of<int>([2]))), StringComparison.Ordinal);
        Assert.StartsWith("labels int64 () must be n or n×1", Of(new NpyArray(NpyType.Int64, [], new byte[8])), StringComparison.Ordinal);
        Assert.StartsWith("labels int64 (4, 1, 1) must be", Of(NpyArray.Of<long>([0, 1, 1, 0], 4, 1, 1)), StringComparison.Ordinal);
        Assert.StartsWith("labels int64 (4, 0) must be", Of(NpyArray.Of<long>([], 4, 0)), StringComparison.Ordinal);
        Assert.StartsWith("labels[2] is 2, but class_count is 2: labels must be 0 to 1.", Of(NpyArray.Of<long>([0, 1, 2, 1]), ("class_count", NpyArray.Of<int>([2]))), StringComparison.Ordinal);
        Assert.StartsWith("labels has 2 columns, class_count is 3.", Of(NpyArray.Of<long>([0, 1, 1, 1, 0, 0, 1, 1], 4, 2), ("class_count", NpyArray.Of<int>([3]))), StringComparison.Ordinal);
        foreach (var count in new[] { NpyArray.Of<int>([1]), NpyArray.Of<long>([5_000_000_000]), NpyArray.Of<int>([], 0), NpyArray.Of<int>([2, 2]) })
            Assert.StartsWith("class_count must be one whole number from 2 to 65536; got ", Of(Labels, ("class_count", count)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_may_be_there_must_belong_to_the_rows()
    {
        string Of(string key, NpyArray array) => Fault(("features", Features), ("labels", Labels), (key, array));
        Assert.StartsWith("logits float32 (3, 1) must be n×C_s with the n = 4 rows", Of("logits", NpyArray.Of<float>([1, 2, 3], 3, 1)), StringComparison.Ordinal);
        Assert.StartsWith("logits float32 (4,) must be", Of("logits", NpyArray.Of<float>([1, 2, 3, 4])), StringComparison.Ordinal);
        Assert.StartsWith("indices int64 (3,) must have one number for each of the 4 rows", Of("indices", NpyArray.Of<long>([1, 2, 3])), StringComparison.Ordinal);
        Assert.StartsWith("indices holds -1", Of("indices", NpyArray.Of<long>([1, 2, 3, -1])), StringComparison.Ordinal);
        Assert.StartsWith("1 conv1_gradient_norms and 0 conv2_gradient_norms", Of("conv1_gradient_norms", NpyArray.Of<double>([1])), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_NumPy_writes_is_read_with_the_same_numbers()
    {
        Python.Run("numpy", """
            rng = numpy.random.RandomState(3)
            x, y = rng.randn(60, 7), rng.randint(0, 4, 60)
            to = sys.argv[1] + "/"
            for t in ("f2", "<f4", ">f4", "<f8", ">f8"):
                numpy.savez(to + "x_" + t.strip("<>") + ("b" if ">" in t else "") + ".npz", features=x.astype(t), labels=y)
            numpy.savez_compressed(to + "x_fortran.npz", features=numpy.asfortranarray(x), labels=y)
            numpy.savez(to + "x_slice.npz", features=numpy.repeat(x, 2, axis=0)[::2], labels=y[:, None])
            for t in ("i1", "u1", "<i2", ">i2", "<u2", "<i4", ">i4", "<u4", "<i8", ">i8", "<u8", "f4"):
                numpy.savez(to + "y_" + t.strip("<>") + ("b" if ">" in t else "") + ".npz", features=x, labels=y.astype(t), logits=numpy.asfortranarray(x[:, :3]).astype("f4"),
                            names=numpy.array(["a", "bc"] * 30), anything=numpy.array([{}, None], dtype=object))
            numpy.savez(to + "z_bool.npz", features=x, labels=numpy.asfortranarray(numpy.stack([y > 1, y % 2 == 0, y == 3], 1)))
            numpy.save(to + "expected.npy", x.astype("f4"))
            open(to + "labels.txt", "w").write(" ".join(map(str, y)))
            """, folder.Path);
        var y = File.ReadAllText(folder["labels.txt"]).Split(' ').Select(t => int.Parse(t, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        using var stream = File.OpenRead(folder["expected.npy"]);
        var header = NpyHeader.Read(stream, "expected");
        var bytes = new byte[header.ByteCount];
        stream.ReadExactly(bytes);
        var x = new NpyArray(header.Type, header.Shape, bytes).As<float>().ToArray();
        var files = Directory.GetFiles(folder.Path, "*.npz");
        Assert.Equal(20, files.Length);
        foreach (var path in files)
        {
            var (kind, set) = (Path.GetFileName(path)[0], FeatureFile.Read(path));
            Assert.Equal((60, 7), (set.Count, set.Width));
            if (path.EndsWith("x_f2.npz", StringComparison.Ordinal)) Assert.All(set.Values.Zip(x), v => Assert.Equal((float)(Half)v.Second, v.First));
            else Assert.Equal(x, set.Values);
            if (kind == 'z') Assert.Equal(y.SelectMany(v => new[] { v > 1, v % 2 == 0, v == 3 }).Select(b => b ? (byte)1 : (byte)0), set.MultiLabels);
            else Assert.Equal([.. y, 4], [.. set.Labels, set.ClassCount]);
            if (kind == 'y') Assert.Equal((3, x[7 * 59 + 2]), (set.LogitWidth, set.Logits[^1]));
        }
    }

    [Fact]
    public void What_is_not_made_of_numbers_is_refused_only_where_it_is_needed()
    {
        Python.Run("numpy", """
            x = numpy.ones((4, 2))
            numpy.savez(sys.argv[1] + "/names.npz", features=x, labels=numpy.array(["ham", "eggs", "ham", "eggs"]))
            numpy.savez(sys.argv[1] + "/objects.npz", features=x, labels=numpy.array([0, 1, None, 1], dtype=object))
            numpy.savez(sys.argv[1] + "/complex.npz", features=x.astype(complex), labels=numpy.arange(4) % 2)
            numpy.savez(sys.argv[1] + "/long.npz", features=x, labels=numpy.arange(4) % 2, logits=x.astype("datetime64[s]"))
            numpy.savez(sys.argv[1] + "/unnamed.npz", x, numpy.arange(4) % 2)
            """, folder.Path);
        string Of(string name) => Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder[name + ".npz"])).Message;
        Assert.EndsWith("Of names, save the numbers: numpy.unique(names, return_inverse=True)[1].", Of("names"), StringComparison.Ordinal);
        Assert.Contains("array 'labels': an array of Python objects", Of("objects"), StringComparison.Ordinal);
        Assert.Contains("array 'features': element type '<c16' is not read", Of("complex"), StringComparison.Ordinal);
        Assert.Contains("array 'logits': element type '<M8[s]' is not read", Of("long"), StringComparison.Ordinal);
        Assert.Contains("no array 'features'. The file holds: arr_0 float64 (4, 2), arr_1 int64 (4,).", Of("unnamed"), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_arrays_under_its_keys_give_one_line_or_a_set_that_is_whole()
    {
        var random = new Random(5);
        var read = 0;
        for (var round = 0; round < 3000; round++)
        {
            var n = random.Next(0, 6);
            var arrays = new List<(string, NpyArray)>();
            foreach (var key in new[] { "features", "labels", "logits", "indices", "conv1_gradient_norms", "conv2_gradient_norms", "class_count" })
                if (random.Next(key is "features" or "labels" ? 20 : 2) > 0 == key is "features" or "labels") arrays.Add((key, Any(key, n)));
            try
            {
                Whole(Read([.. arrays, ("other", Labels)]));
                read++;
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                Assert.StartsWith(folder["a.npz"], e.Message, StringComparison.Ordinal);
            }
        }
        Assert.InRange(read, 50, 2950);   // both happen

        NpyArray Any(string key, int n)
        {
            if (random.Next(12) == 0) n++;
            long[] shape = key switch
            {
                "features" or "logits" => random.Next(10) == 0 ? [n, 2, 1] : [n, random.Next(0, 4) == 0 ? 0 : 3],
                "labels" => random.Next(5) switch { 0 => [n, 1], 1 => [n, 2], _ => [n] },
                "class_count" => random.Next(2) == 0 ? [] : [1],
                _ => [n],
            };
            var type = key is "features" or "logits" && random.Next(8) > 0 ? (NpyType)random.Next((int)NpyType.Float16, (int)NpyType.Float64 + 1) : (NpyType)random.Next((int)NpyType.Float64 + 1);
            if (type == NpyType.Boolean && key == "features") type = NpyType.Float32;
            var count = (int)shape.Aggregate(1L, (a, b) => a * b);
            var values = Enumerable.Range(0, count).Select(_ => random.Next(200) switch { 0 => double.NaN, 1 => 1e300, 2 => -1, 3 => 0.5, var r => key == "class_count" ? r % 5 : r % 2 }).ToArray();
            return type switch
            {
                NpyType.Float64 => NpyArray.Of<double>(values, shape) is var a && shape.Length > 0 ? a : new(type, shape, BitConverter.GetBytes(values[0])),
                NpyType.Float32 => new(type, shape, [.. values.SelectMany(v => BitConverter.GetBytes((float)v))]),
                NpyType.Float16 => new(type, shape, [.. values.SelectMany(v => BitConverter.GetBytes((Half)v))]),
                _ => new(type, shape, [.. values.SelectMany(v => BitConverter.GetBytes((long)v).Take(Size(type)))]),
            };
        }

        static int Size(NpyType type) => type switch { NpyType.Boolean or NpyType.UInt8 or NpyType.Int8 => 1, NpyType.UInt16 or NpyType.Int16 => 2, NpyType.UInt32 or NpyType.Int32 => 4, _ => 8 };
    }

    [Fact]
    public void A_damaged_file_gives_one_line_or_a_set_that_is_whole()
    {
        var random = new Random(6);
        var path = DatasetFiles.Npz(folder["seed.npz"], ("features", Features), ("labels", Labels), ("logits", Features), ("class_count", NpyArray.Of<int>([2])));
        var good = File.ReadAllBytes(path);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = (byte[])good.Clone();
            for (var change = random.Next(1, 5); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(5) == 0) bytes = bytes[..random.Next(bytes.Length)];
            File.WriteAllBytes(path, bytes);
            try
            {
                Whole(FeatureFile.Read(path));
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    private static void Whole(FeatureSet set)
    {
        Assert.True(set.Count >= 2 && set.Values.Length == set.Count * set.Width && set.ClassCount >= 2);
        Assert.All(set.Values.Concat(set.Logits), v => Assert.True(float.IsFinite(v)));
        if (set.IsMultiLabel) Assert.True(set.Labels.Count == 0 && set.MultiLabels.Length == set.Count * set.ClassCount && set.MultiLabels.All(v => v <= 1));
        else Assert.True(set.Labels.Count == set.Count && set.Labels.All(y => y >= 0 && y < set.ClassCount) && set.Labels.Distinct().Count() > 1);
        Assert.Equal(set.Conv1GradientNorms.Count, set.Conv2GradientNorms.Count);
        Assert.True(set.Indices.Count == 0 || set.Indices.Count == set.Count);
    }
}
