namespace ZooRank.Tests.Checkpoints;

public class StateDictTests
{
    private static readonly byte[] Two = MadeFiles.Floats(1, 2);

    [Theory]
    [InlineData("state_dict")]
    [InlineData("model_state_dict")]
    [InlineData("net")]
    [InlineData("encoder")]
    [InlineData("resnet_of_our_lab")]
    public void A_state_dict_is_found_under_usual_keys_and_as_the_only_one(string key)
    {
        using var opened = Open(new MadePickle().Op('}').Text("epoch").Number(3).Op('s').Text(key).Vectors(2, "a", "b").Op('s').Stop());

        Assert.Equal(key, opened.Checkpoint.StateKey);
        Assert.Equal(["a", "b"], opened.Names);
    }

    [Fact]
    public void The_earlier_usual_key_wins_whatever_the_order_in_the_file()
    {
        using var opened = Open(new MadePickle().Op('}').Text("ema").Vectors(2, "x").Op('s').Text("model").Vectors(2, "y").Op('s').Text("state_dict").Vectors(2, "z").Op('s').Stop());

        Assert.Equal("state_dict", opened.Checkpoint.StateKey);
    }

    [Fact]
    public void Keys_within_keys_are_joined()
    {
        using var opened = Open(new MadePickle().Op('}').Text("model").Op('}').Text("net").Vectors(2, "w").Op('s').Op('s').Stop());

        Assert.Equal("model.net", opened.Checkpoint.StateKey);
    }

    [Fact]
    public void Optimiser_and_random_states_are_not_weights()
    {
        using var opened = Open(new MadePickle().Op('}')
            .Text("optimizer").Op('}').Text("exp_avg").Vectors(2, "p0", "p1", "p2").Op('s').Op('s')
            .Text("trainer").Op('}').Text("state").Vectors(2, "p0", "p1").Op('s').Text("param_groups").Op(']').Op('s').Op('s')
            .Text("torch_rng_state").Tensor("FloatStorage", "0", 2, 0, [2], [1]).Op('s')
            .Text("mine").Vectors(2, "w").Op('s').Stop());

        Assert.Equal("mine", opened.Checkpoint.StateKey);
        Assert.Equal(["w"], opened.Names);
    }

    [Fact]
    public void A_parameter_may_be_called_like_a_part_of_the_training()
    {
        using var opened = Open(new MadePickle().Vectors(2, "scaler", "optim_gate", "head.weight").Stop());

        Assert.Equal(["scaler", "optim_gate", "head.weight"], opened.Names);
    }

    [Fact]
    public void Several_equally_good_ones_are_an_error_that_lists_them()
    {
        var bytes = MadeFiles.TorchZip(new MadePickle().Op('}').Text("netG").Vectors(2, "a", "b").Op('s').Text("netD").Vectors(2, "c").Op('s').Stop(), Two);

        var error = Assert.Throws<InvalidInputException>(() => new OpenedFile(bytes));

        Assert.Contains("'netG' (2 tensors), 'netD' (1 tensors)", error.Message);
    }

    [Fact]
    public void A_root_of_tensors_wins_over_a_smaller_dict_within_it()
    {
        using var opened = Open(new MadePickle().Vectors(2, "a.weight", "b.weight").Text("prototypes").Vectors(2, "p").Op('s').Text("epoch").Number(3).Op('s').Stop());

        Assert.Equal("", opened.Checkpoint.StateKey);
        Assert.Equal(["a.weight", "b.weight"], opened.Names);
    }

    [Theory]
    [InlineData("module.a", "module.b", "a", "b")]
    [InlineData("_orig_mod.module.a", "_orig_mod.module.b", "a", "b")]
    [InlineData("module.a", "head.b", "module.a", "head.b")]
    [InlineData("module.a", "module.", "module.a", "module.")]
    public void A_wrappers_prefix_is_taken_off_where_all_names_have_it(string first, string second, string expectedFirst, string expectedSecond)
    {
        using var opened = Open(new MadePickle().Vectors(2, first, second).Stop());

        Assert.Equal([expectedFirst, expectedSecond], opened.Names);
    }

    [Fact]
    public void A_whole_module_gives_parameters_then_persistent_buffers_then_submodules()
    {
        // Written as PyTorch does, with a shared (module within a module) and a buffer that is not persistent.
        var module = new MadePickle().Op('}').Text("net").Global("lab.models", "Net").Op(')').Raw(0x81).Op('}')
            .Text("_buffers").Vectors(2, "mean", "cache").Op('s')
            .Text("_non_persistent_buffers_set").Global("builtins", "set").Op('(').Op(']').Text("cache").Op('a').Op('t').Op('R').Op('s')
            .Text("_modules").Op('}').Text("layer").Global("torch.nn", "Linear").Op(')').Raw(0x81).Op('}')
            .Text("_parameters").Vectors(2, "weight").Text("bias").Op('N').Op('s').Op('s').Text("_modules").Op('}').Op('s').Op('b').Op('s').Op('s')
            .Text("_parameters").Vectors(2, "scale").Op('s')
            .Op('b').Op('s').Stop();

        using var opened = Open(module);

        Assert.Equal("net", opened.Checkpoint.StateKey);
        Assert.Equal(["scale", "mean", "layer.weight"], opened.Names);
    }

    [Fact]
    public void A_file_without_tensors_says_what_it_holds()
    {
        var bytes = MadeFiles.TorchZip(new MadePickle().Op('}').Text("epoch").Number(3).Op('s').Text("images").Global("numpy.core.multiarray", "_reconstruct").Op(')').Op('R').Op('s').Stop(), Two);

        var error = Assert.Throws<InvalidInputException>(() => new OpenedFile(bytes));

        Assert.Contains("holds no state dict: no dict of named tensors and no module, but a dict of 'epoch', 'images' (a NumPy array).", error.Message);
    }

    private static OpenedFile Open(MadePickle pickle) => new(MadeFiles.TorchZip(pickle, Two));
}
