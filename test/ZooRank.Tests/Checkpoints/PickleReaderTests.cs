using ZooRank.Checkpoints;

namespace ZooRank.Tests.Checkpoints;

public class PickleReaderTests
{
    private static readonly byte[] Two = MadeFiles.Floats(1, 2);

    [Theory]
    [InlineData("posix", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "getattr")]
    [InlineData("subprocess", "Popen")]
    [InlineData("torch.hub", "load")]
    [InlineData("numpy.testing._private.utils", "runstring")]
    public void A_call_of_anything_unknown_is_refused_by_its_name(string module, string name)
    {
        var called = new MadePickle().Global(module, name).Op('(').Text("x").Op('t').Op('R').Stop();
        var instance = new MadePickle().Op('(').Text("x").Raw([(byte)'i', .. System.Text.Encoding.UTF8.GetBytes($"{module}\n{name}\n")]).Stop();
        var built = new MadePickle().Op('(').Global(module, name).Text("x").Op('o').Stop();
        var stacked = new MadePickle(4).Text(module).Text(name).Raw(0x93).Op('(').Text("x").Op('t').Op('R').Stop();

        Assert.All([called, instance, built, stacked], pickle => Refused(pickle, $"would call {module}.{name};"));
    }

    [Fact]
    public void An_object_of_an_unknown_class_stays_inert_and_the_weights_beside_it_are_read()
    {
        // NEWOBJ of a class that a pickler never makes so, with arguments and a state: recorded, not run.
        var pickle = new MadePickle().Op('}').Text("config").Global("posix", "system").Op('(').Text("touch x").Op('t').Raw(0x81).Op('}').Op('b').Op('s')
            .Text("model").Vectors(2, "w").Op('s').Stop();

        using var opened = Open(pickle);

        Assert.Equal("model", opened.Checkpoint.StateKey);
        Assert.Equal("w Float32 [2]", Assert.Single(opened.Checkpoint.Tensors).ToString());
    }

    [Fact]
    public void Calling_an_inert_object_is_refused() =>
        Refused(new MadePickle().Global("functools", "partial").Op('(').Global("posix", "system").Op('t').Op('R').Op('(').Text("x").Op('t').Op('R').Stop(), "would call an object of functools.partial");

    [Fact]
    public void Extension_codes_buffers_and_outside_references_are_refused_by_name()
    {
        Refused(new MadePickle().Raw(0x82, 1).Stop(), "extension code");
        Refused(new MadePickle(5).Raw(0x97).Stop(), "out-of-band buffers");
        Refused(new MadePickle().Raw([(byte)'P', .. "file:///etc/passwd\n"u8]).Stop(), "'file:///etc/passwd'");
        Refused(new MadePickle().Op('(').Text("url").Text("x").Op('t').Op('Q').Stop(), "of the kind 'url'");
    }

    [Fact]
    public void A_structure_nested_a_million_deep_overflows_no_stack()
    {
        var pickle = new MadePickle();
        for (var i = 0; i < 1_000_000; i++) pickle.Op(']');
        for (var i = 1; i < 1_000_000; i++) pickle.Op('a');

        Refused(pickle.Stop(), "holds no state dict");
    }

    [Fact]
    public void A_dict_that_contains_itself_ends_the_search()
    {
        // d = {}; d['model'] = d; d['state_dict'] = {'x': d}
        var pickle = new MadePickle().Op('}').Raw((byte)'q', 0).Text("model").Raw((byte)'h', 0).Op('s').Text("state_dict").Op('}').Text("x").Raw((byte)'h', 0).Op('s').Op('s').Stop();

        Refused(pickle, "holds no state dict");
    }

    [Fact]
    public void A_module_that_contains_itself_is_refused()
    {
        var pickle = new MadePickle().Global("nn", "Loop").Op(')').Raw(0x81).Raw((byte)'q', 0)
            .Op('}').Text("_parameters").Vectors(2, "w").Op('s').Text("_modules").Op('}').Text("again").Raw((byte)'h', 0).Op('s').Op('s').Op('b').Stop();

        Refused(pickle, "repeats its own contents");
    }

    [Fact]
    public void Modules_that_share_their_children_do_not_multiply_without_end()
    {
        // Each of 60 modules has the one before as two children: 2^60 names.
        var pickle = new MadePickle();
        for (byte i = 0; i < 60; i++)
        {
            pickle.Global("nn", "Twice").Op(')').Raw(0x81).Op('}').Text("_parameters").Op('}').Op('s').Text("_modules").Op('}');
            if (i > 0) pickle.Text("a").Raw((byte)'h', (byte)(i - 1)).Op('s').Text("b").Raw((byte)'h', (byte)(i - 1)).Op('s');
            pickle.Op('s').Op('b').Raw((byte)'q', i);
        }

        Refused(pickle.Stop(), "beyond measure");
    }

    [Fact]
    public void A_list_that_is_copied_again_and_again_is_refused()
    {
        var pickle = new MadePickle().Op('(');
        for (var i = 0; i < 10_000; i++) pickle.Op('N').Op('N').Raw(0x86);
        pickle.Op('t').Raw(0x85).Raw((byte)'q', 0).Op('0').Global("collections", "OrderedDict").Raw((byte)'q', 1).Op('0');
        for (var i = 0; i < 10_000; i++) pickle.Raw((byte)'h', 1).Raw((byte)'h', 0).Op('R').Op('0');

        Refused(pickle.Op('N').Stop(), "beyond measure");
    }

    [Theory]
    [InlineData(new byte[] { (byte)'X', 0xff, 0xff, 0xff, 0x7f }, "announces 2147483647 bytes")]
    [InlineData(new byte[] { 0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, "announces 18446744073709551615 bytes")]
    [InlineData(new byte[] { 0x95, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, "a frame of 18446744073709551615 bytes")]
    [InlineData(new byte[] { 0x8b, 0xff, 0xff, 0xff, 0xff }, "a number has 4294967295 bytes")]
    [InlineData(new byte[] { (byte)'N', (byte)'r', 0xff, 0xff, 0xff, 0xff }, "memo 4294967295 is out of order")]
    [InlineData(new byte[] { (byte)'h', 7 }, "memo 7 was never set")]
    [InlineData(new byte[] { (byte)'t' }, "a mark is missing")]
    [InlineData(new byte[] { (byte)'(', (byte)'R' }, "a value is missing")]
    [InlineData(new byte[] { (byte)'}', (byte)'(', (byte)'N', (byte)'u' }, "a dict's last key has no value")]
    [InlineData(new byte[] { 0xff }, "0xff is no pickle instruction")]
    [InlineData(new byte[] { 0x80, 9 }, "protocol 9")]
    public void A_damaged_pickle_is_described(byte[] instructions, string expected) => Refused(new MadePickle().Raw(instructions).Stop(), expected);

    [Theory]
    [InlineData(new long[] { 3 }, new long[] { 1 }, 0, "reaches to byte 12 of a storage of 8 bytes")]
    [InlineData(new long[] { 2 }, new long[] { 1 }, 1, "reaches to byte 12 of a storage of 8 bytes")]
    [InlineData(new long[] { 2 }, new long[] { 1 }, long.MaxValue, "reaches to byte")]
    [InlineData(new long[] { 2 }, new long[] { long.MaxValue }, 0, "reaches to byte")]
    [InlineData(new long[] { 2 }, new long[] { 1 }, -1, "negative")]
    [InlineData(new long[] { -2 }, new long[] { 1 }, 0, "negative")]
    [InlineData(new long[] { 2 }, new long[] { -1 }, 1, "negative")]
    [InlineData(new long[] { 1L << 40 }, new long[] { 0 }, 0, "larger than its file")]
    [InlineData(new long[] { 1L << 32, 1L << 32 }, new long[] { 0, 0 }, 0, "larger than its file")]
    [InlineData(new long[] { 1L << 40, 0, 1L << 40 }, new long[] { 1, 1, 1 }, 0, "larger than its file")]
    [InlineData(new long[] { 2 }, new long[] { 1, 1 }, 0, "1 dimensions and 2 strides")]
    public void A_shape_that_does_not_fit_its_storage_is_refused(long[] shape, long[] strides, long offset, string expected) =>
        Refused(new MadePickle().Op('}').Text("w").Tensor("FloatStorage", "0", 2, offset, shape, strides).Op('s').Stop(), expected);

    [Fact]
    public void Repeated_and_empty_tensors_are_read()
    {
        var pickle = new MadePickle().Op('}').Text("repeated").Tensor("FloatStorage", "0", 2, 1, [2, 3], [0, 0]).Op('s')
            .Text("empty").Tensor("FloatStorage", "1", 0, 0, [0, 3], [3, 1]).Op('s').Text("scalar").Tensor("FloatStorage", "2", 2, 1, [], []).Op('s').Stop();

        using var opened = Open(pickle);

        Assert.Equal(new float[] { 2, 2, 2, 2, 2, 2 }, opened.Read("repeated"));
        Assert.Empty(opened.Read("empty"));
        Assert.Equal(new float[] { 2 }, opened.Read("scalar"));
    }

    [Theory]
    [InlineData("_rebuild_qtensor", "tensor 'w' is a quantised tensor")]
    [InlineData("_rebuild_sparse_tensor", "tensor 'w' is a sparse tensor")]
    public void A_tensor_that_is_not_dense_is_refused_only_where_it_is_a_weight(string function, string expected)
    {
        var alone = new MadePickle().Op('}').Text("w").Global("torch._utils", function).Op(')').Op('R').Op('s').Stop();
        var beside = new MadePickle().Op('}').Text("statistics").Op(']').Global("torch._utils", function).Op(')').Op('R').Op('a').Op('s').Text("net").Vectors(2, "w").Op('s').Stop();

        Refused(alone, expected);
        using var opened = Open(beside);
        Assert.Equal("net", opened.Checkpoint.StateKey);
    }

    [Fact]
    public void An_unknown_element_type_is_refused_by_name()
    {
        Refused(new MadePickle().Op('}').Text("w").Tensor("Float4Storage", "0", 2, 0, [2], [1]).Op('s').Stop(), "is of the element type Float4Storage");
        var eight = new MadePickle().Op('}').Text("w").Global("torch._utils", "_rebuild_tensor_v3").Op('(').Storage("UntypedStorage", "0", 8).Number(0).Tuple(8).Tuple(1).Raw(0x89).Op('}')
            .Global("torch", "float8_e5m2").Op('t').Op('R').Op('s').Stop();
        Refused(eight, "is of the element type torch.float8_e5m2");
    }

    [Fact]
    public void A_file_of_a_big_endian_machine_is_turned_round()
    {
        byte[] bigEndian = [0x3f, 0x80, 0, 0, 0x40, 0, 0, 0]; // 1, 2

        using var opened = new OpenedFile(MadeFiles.TorchZip(new MadePickle().Vectors(2, "w").Stop(), bigEndian, ("archive/byteorder", "big"u8.ToArray())));

        Assert.Equal(new float[] { 1, 2 }, opened.Read("w"));
    }

    [Fact]
    public void A_legacy_view_starts_within_its_storage()
    {
        // ('storage', FloatStorage, 'k', 'cpu', 3, ('view', 1, 2)): the last two of three elements
        var pickle = new MadePickle().Op('}').Text("w").Global("torch._utils", "_rebuild_tensor").Op('(')
            .Op('(').Text("storage").Global("torch.cuda", "FloatStorage").Text("k").Text("cuda:0").Number(3).Op('(').Text("view").Number(1).Number(2).Op('t').Op('t').Op('Q')
            .Number(0).Tuple(2).Tuple(1).Op('t').Op('R').Op('s').Stop();

        using var opened = new OpenedFile(MadeFiles.TorchLegacy(pickle, ("k", MadeFiles.Floats(7, 8, 9))));

        Assert.Equal("PyTorch legacy", opened.Checkpoint.Format);
        Assert.Equal(new float[] { 8, 9 }, opened.Read("w"));
    }

    private static OpenedFile Open(MadePickle pickle) => new(MadeFiles.TorchZip(pickle, Two));

    private static void Refused(MadePickle pickle, string expected)
    {
        using var file = new TemporaryFile(MadeFiles.TorchZip(pickle, Two));
        var error = Assert.Throws<InvalidInputException>(() => Checkpoint.Open(file.Path));
        Assert.StartsWith($"{file.Path}: ", error.Message);
        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }
}
