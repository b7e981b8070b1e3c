using ZooRank.Models;
using static TorchSharp.torch;

namespace ZooRank.Tests.Models;

public class StateLoadingTests
{
    // The smallest of the nine.
    private static readonly Architecture ShuffleNet = Architectures.Get("shufflenet_v2_x0_5");
    private static readonly Architecture MobileNet = Architectures.Get("mobilenet_v3_small");

    private static Dictionary<string, Tensor> State(Architecture architecture, int classCount = 4) => FormulaWeights.Of(StateLayout.Of(architecture), classCount);

    private static InMemoryCheckpoint File(Dictionary<string, Tensor> state) => new(state) { Path = "some.pth" };

    private static Dictionary<string, Tensor> Renamed(Dictionary<string, Tensor> state, Func<string, string> rename) => state.ToDictionary(pair => rename(pair.Key), pair => pair.Value);

    [Fact]
    public void The_number_of_classes_is_the_checkpoints()
    {
        using var file = File(State(ShuffleNet, 9));
        Assert.Equal(9, ShuffleNet.HeadClassCount(file));
        using var network = ShuffleNet.Load(file);
        Assert.Equal([9, 1024], network.state_dict()["fc.weight"].shape);
        Assert.False(network.training);
    }

    [Fact]
    public void A_network_survives_the_scope_that_it_was_made_and_folded_in()
    {
        SourceNetwork network;
        using (NewDisposeScope())
        {
            using var file = File(State(ShuffleNet));
            network = ShuffleNet.Load(file);
            network.ReplaceHead(4);
            BatchNormFolding.Fold(network);
        }
        using (network)
        using (var logits = network.forward(ones(1, 3, 64, 64)))
        {
            Assert.Equal([1, 4], logits.shape);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void Other_floating_point_types_become_float32(ScalarType type)
    {
        using var file = File(State(ShuffleNet).ToDictionary(pair => pair.Key, pair => pair.Value.to(type)));
        using var network = ShuffleNet.Load(file);
        Assert.All(network.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
        Assert.Equal(file.Read(file.Tensors[0]).to(ScalarType.Float32).sum().item<float>(), network.parameters().First().sum().item<float>(), 1e-4);
    }

    [Fact]
    public void Everything_that_does_not_fit_is_listed_and_nothing_is_loaded()
    {
        var state = State(ShuffleNet);
        state.Remove("conv5.0.weight");
        state["extra.weight"] = ones(2);
        state["conv5.1.bias"] = ones(3);
        using var file = File(state);
        using var network = ShuffleNet.Create(4);
        var before = network.parameters().First().clone();
        var failure = Assert.Throws<CheckpointMismatchException>(() => StateLoading.Load(network, ShuffleNet, file));
        Assert.Equal(["conv5.0.weight"], failure.Missing);
        Assert.Equal(["extra.weight"], failure.Unexpected);
        var shape = Assert.Single(failure.WrongShape);
        Assert.Equal([3], shape.Found);
        Assert.Equal([1024], shape.Expected);
        Assert.Equal(
            "some.pth does not fit shufflenet_v2_x0_5: 1 missing (conv5.0.weight); 1 unexpected (extra.weight); 1 of another shape (conv5.1.bias [3] instead of [1024]). "
            + "Name the architecture that the file was saved from, or save the state dict of exactly this one.", failure.Message);
        Assert.True(before.equal(network.parameters().First()).all().item<bool>());
    }

    [Fact]
    public void Only_the_first_five_names_are_shown()
    {
        var state = State(ShuffleNet);
        foreach (var key in state.Keys.Where(k => k.StartsWith("stage2.", StringComparison.Ordinal)).ToList()) state.Remove(key);
        using var file = File(state);
        var failure = Assert.Throws<CheckpointMismatchException>(() => ShuffleNet.Load(file));
        Assert.True(failure.Missing.Count > 5);
        Assert.Contains($"{failure.Missing.Count} missing (stage2.0.branch1.0.weight", failure.Message, StringComparison.Ordinal);
        Assert.Contains(", ...)", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Values_that_are_not_finite_are_refused_by_name(double value)
    {
        var state = State(ShuffleNet);
        state["conv5.0.weight"][0, 1] = value;
        using var file = File(state);
        var failure = Assert.Throws<InvalidInputException>(() => ShuffleNet.Load(file));
        Assert.StartsWith("some.pth: 'conv5.0.weight' holds 1 of 196608 values that are NaN or infinite.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Integers_are_no_weights()
    {
        var state = State(ShuffleNet);
        state["fc.weight"] = state["fc.weight"].to(ScalarType.Int8);
        using var file = File(state);
        Assert.Contains("'fc.weight' is of type Int8", Assert.Throws<InvalidInputException>(() => ShuffleNet.Load(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dotted_names_of_the_first_DenseNet_files_are_understood()
    {
        var architecture = Architectures.Get("densenet121");
        var state = Renamed(State(architecture), key => key.Replace(".norm1.", ".norm.1.").Replace(".norm2.", ".norm.2.").Replace(".conv1.", ".conv.1.").Replace(".conv2.", ".conv.2."));
        Assert.Contains("features.denseblock1.denselayer1.norm.1.weight", state.Keys);
        using var file = File(state);
        Assert.Equal(architecture, Architectures.Recognise(file.Tensors).Architecture);
        architecture.Load(file).Dispose();
    }

    [Fact]
    public void GoogLeNets_auxiliary_heads_are_ignored()
    {
        var architecture = Architectures.Get("googlenet");
        var state = State(architecture);
        state["aux1.fc2.weight"] = ones(4, 1024);
        state["aux2.conv.conv.weight"] = ones(2);
        using var file = File(state);
        architecture.Load(file).Dispose();
    }

    [Fact]
    public void A_leading_path_that_all_names_share_is_taken_off()
    {
        using var file = File(Renamed(State(ShuffleNet, 6), key => "encoder.0." + key));
        var recognition = Architectures.Recognise(file.Tensors);
        Assert.Equal((ShuffleNet, "encoder.0.", 6), (recognition.Architecture, recognition.Prefix, recognition.ClassCount));
        ShuffleNet.Load(file).Dispose();
    }

    [Fact]
    public void An_encoder_without_a_head_loads_as_one()
    {
        var state = State(ShuffleNet).Where(pair => !pair.Key.StartsWith("fc.", StringComparison.Ordinal)).ToDictionary();
        using var file = File(state);
        Assert.Equal("shufflenet_v2_x0_5, without a head.", Architectures.Recognise(file.Tensors).Explanation);
        using var network = ShuffleNet.Load(file);
        Assert.False(network.HasHead);
        // A network with a head may not keep a random one.
        using var headed = ShuffleNet.Create(4);
        Assert.Equal(["fc.weight", "fc.bias"], Assert.Throws<CheckpointMismatchException>(() => StateLoading.Load(headed, ShuffleNet, file)).Missing);
    }

    [Fact]
    public void An_encoder_can_be_loaded_from_a_checkpoint_with_a_head()
    {
        using var file = File(State(ShuffleNet));
        using var network = ShuffleNet.Create(0);
        StateLoading.Load(network, ShuffleNet, file);
        Assert.False(network.HasHead);
    }

    [Theory]
    [InlineData("fc.1")]  // after a dropout, as the published ResNet18 runs have it
    [InlineData("head")]
    public void A_linear_head_under_another_name_is_the_head(string name)
    {
        var state = Renamed(State(ShuffleNet, 3), key => key.StartsWith("fc.", StringComparison.Ordinal) ? name + key[2..] : key);
        using var file = File(state);
        using var network = ShuffleNet.Load(file);
        Assert.True(state[name + ".bias"].equal(network.state_dict()["fc.bias"]).all().item<bool>());
    }

    [Fact]
    public void A_linear_head_may_stand_for_MobileNets_classifier_block()
    {
        var state = State(MobileNet).Where(pair => !pair.Key.StartsWith("classifier.", StringComparison.Ordinal)).ToDictionary();
        state["classifier.weight"] = ones(5, 576);
        state["classifier.bias"] = zeros(5);
        using var file = File(state);
        using var network = MobileNet.Load(file);
        Assert.Equal([1, 5], network.forward(ones(1, 3, 32, 32)).shape);
    }

    [Fact]
    public void Every_architecture_recognises_its_own_and_no_other()
    {
        foreach (var architecture in Architectures.All)
        {
            var layout = StateLayout.Of(architecture);
            Assert.Same(architecture, Architectures.Recognise(layout.Tensors).Architecture);
        }
    }

    [Fact]
    public void What_comes_close_is_named_with_what_gives_it_away()
    {
        var tensors = StateLayout.Of(Architectures.Get("resnet18")).Tensors.Append(new("layer1.0.conv3.weight", ScalarType.Float32, [256, 64, 1, 1])).ToList();
        var recognition = Architectures.Recognise(tensors);
        Assert.Null(recognition.Architecture);
        Assert.Equal("The closest is resnet18: 122 of its 122 tensors match; 'layer1.0.conv3.weight' suggests a bottleneck ResNet (resnet50 or deeper).", recognition.Explanation);
        Assert.Equal("None of its 1 tensors, the first of which is 'x', belongs to a known architecture.", Architectures.Recognise([new("x", ScalarType.Float32, [1])]).Explanation);
    }

    [Fact]
    public void An_unknown_architecture_is_answered_with_the_closest()
    {
        Assert.Same(ShuffleNet, Architectures.Get("ShuffleNet_v2_x0_5"));
        var message = Assert.Throws<InvalidInputException>(() => Architectures.Get("resnet-18")).Message;
        Assert.StartsWith("Unknown architecture 'resnet-18'. Did you mean resnet18? Known: resnet18, densenet121,", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Did you mean", Assert.Throws<InvalidInputException>(() => Architectures.Get("vit_base_patch16_224")).Message, StringComparison.Ordinal);
    }
}
