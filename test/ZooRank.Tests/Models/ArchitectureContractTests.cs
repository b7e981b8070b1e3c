using System.Text.Json;
using TorchSharp;
using ZooRank.Models;
using ZooRank.Models.Layers;
using static TorchSharp.torch;

namespace ZooRank.Tests.Models;

/// <summary>What every architecture of the registry has to fulfil.</summary>
public class ArchitectureContractTests
{
    public static TheoryData<string> Names => [.. Architectures.All.Select(a => a.Name)];

    // docs/method.md (S_FU): conv1 and conv2 by torchvision's names.
    private static readonly Dictionary<string, (string Conv1, string Conv2)> FirstConvolutions = new()
    {
        ["resnet18"] = ("conv1", "layer1.0.conv1"),
        ["densenet121"] = ("features.conv0", "features.denseblock1.denselayer1.conv1"),
        ["efficientnet_v2_s"] = ("features.0.0", "features.1.0.block.0.0"),
        ["googlenet"] = ("conv1.conv", "conv2.conv"),
        ["mnasnet1_0"] = ("layers.0", "layers.3"),
        ["mobilenet_v3_small"] = ("features.0.0", "features.1.block.0.0"),
        ["vgg11"] = ("features.0", "features.3"),
        ["convnext_tiny"] = ("features.0.0", "features.1.0.block.0"),
        ["shufflenet_v2_x0_5"] = ("conv1.0", "stage2.0.branch1.0"),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Keys_shapes_order_and_parameter_count_are_those_of_torchvision(string name)
    {
        var architecture = Architectures.Get(name);
        using var network = Construction.WithoutValues(() => architecture.Create(1000));
        var expected = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", "architectures", name + ".txt")).Where(l => !l.StartsWith('#')).ToList();
        var found = network.state_dict().ToDictionary(pair => pair.Key, pair => $"{pair.Key}\t{string.Join(',', pair.Value.shape)}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Values.Order(StringComparer.Ordinal));
        // TorchSharp lists all buffers after all parameters, PyTorch layer by layer: the order is that of the parameters.
        var parameters = network.named_parameters().Select(p => found[p.name]).ToList();
        Assert.Equal(expected.Where(parameters.ToHashSet().Contains), parameters);
        Assert.Equal(architecture.ParameterCount, network.parameters().Sum(p => p.numel()));
        Assert.Equal(architecture.FeatureCount, network.FeatureCount);
        Assert.Contains(network.state_dict().Keys, key => key.StartsWith(architecture.Head + ".", StringComparison.Ordinal));
        Assert.Matches(@"\d{4}, arXiv \d{4}\.\d{4,5}$", architecture.Paper);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Features_logits_and_gradients_are_those_of_torchvision_folded_or_not(string name)
    {
        var expected = JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("oracle", "architectures.json"))).RootElement.GetProperty(name);
        var architecture = Architectures.Get(name);
        using var scope = NewDisposeScope();
        using var network = Loaded(architecture);
        if (network is GoogLeNet googLeNet) googLeNet.TransformInput = true;
        var images = FormulaWeights.Images(96);

        var plain = Measure(network, images);
        Assert.Equal(expected.GetProperty("feature_dim").GetInt32(), plain.Features.shape[1]);
        Close(expected.GetProperty("feature_norm").GetDouble(), plain.Features.norm().item<float>());
        Close(expected.GetProperty("logit_norm").GetDouble(), plain.Logits.norm().item<float>());
        FirstValues("features0", plain.Features);
        FirstValues("logits0", plain.Logits);
        Close(expected.GetProperty("triplet").GetDouble(), plain.Loss);
        Close(expected.GetProperty("g1").GetDouble(), plain.G1);
        Close(expected.GetProperty("g2").GetDouble(), plain.G2);
        Close(expected.GetProperty("ratio").GetDouble(), plain.G2 / plain.G1);

        // Both ways are float32. Measured against float64, each is off by 1e-7 to 7e-7, and by 1e-4 where EfficientNetV2's formula weights amplify rounding.
        var tolerance = name == "efficientnet_v2_s" ? 5e-4 : 1e-5;
        var folded = BatchNormFolding.Fold(network);
        Assert.Equal(name is "vgg11" or "convnext_tiny", folded == 0);
        Same(Measure(network, images));
        network.UseChannelsLast(); // sums in another order: as much rounding again
        Same(Measure(network, images));
        if (folded > 0) Assert.Throws<InvalidOperationException>(() => { network.train(); network.forward(images); });

        void Same((Tensor Features, Tensor Logits, double Loss, double G1, double G2) found)
        {
            Assert.True((found.Features - plain.Features).norm().item<float>() <= tolerance * plain.Features.norm().item<float>());
            Assert.True((found.Logits - plain.Logits).norm().item<float>() <= tolerance * plain.Logits.norm().item<float>());
            Assert.Equal(plain.G1, found.G1, 2e-3 * plain.G1); // the loss is a difference of nearly equal distances: it loses a digit, with another number of threads another one
            Assert.Equal(plain.G2, found.G2, 2e-3 * plain.G2);
        }

        void FirstValues(string property, Tensor found)
        {
            var values = expected.GetProperty(property).EnumerateArray().Select(v => v.GetDouble()).ToArray();
            var scale = found.abs().mean().item<float>(); // single values may be near zero: relative to the size of all
            for (var i = 0; i < values.Length; i++) Assert.Equal(values[i], found[0, i].item<float>(), 1e-3 * Math.Max(scale, Math.Abs(values[i])));
        }

        static void Close(double wanted, double found) => Assert.Equal(wanted, found, 1e-3 * wanted); // the oracle's own tolerance
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_are_the_head_applied_to_the_features_and_nothing_is_leaked(string name)
    {
        var architecture = Architectures.Get(name);
        using var network = architecture.Create(7);
        network.eval();
        using (no_grad())
        using (NewDisposeScope())
        {
            var images = rand(2, 3, 64, 64);
            var before = images.clone();
            var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using (var features = network.Features(images))
            using (var logits = network.Logits(features))
            using (var direct = network.forward(images))
            {
                Assert.Equal([2, architecture.FeatureCount], features.shape);
                Assert.Equal([2, 7], logits.shape);
                Assert.True(logits.allclose(direct, atol: 1e-5)); // sums that cancel leave rounding behind
            }
            Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            Assert.True(images.equal(before).all().item<bool>());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_gradient_reaches_every_parameter_in_training_and_nothing_is_leaked(string name)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1); // stochastic depth could drop a block for both images
        using var network = Architectures.Get(name).Create(3);
        network.train();
        var images = rand(4, 3, 64, 64);
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var logits = network.forward(images))
        using (var loss = logits.square().sum())
        {
            loss.backward();
        }
        Assert.InRange(DisposeScopeManager.Statistics.ThreadTotalLiveCount - live, 0, 1); // square() left one in the scope
        Assert.All(network.named_parameters(), p => Assert.NotNull(p.parameter.grad));
        Assert.All(network.named_buffers().Where(b => b.name.EndsWith("num_batches_tracked", StringComparison.Ordinal)), b => Assert.Equal(1, b.buffer.item<long>()));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_first_two_convolutions_are_those_of_the_specification(string name)
    {
        using var scope = NewDisposeScope();
        using var network = Architectures.Get(name).Create(2);
        Assert.All(network.parameters(), p => Assert.True(p.isfinite().all().item<bool>())); // here because the network is fresh
        var (conv1, conv2) = network.FirstConvolutions;
        var names = network.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        Assert.Same(names[FirstConvolutions[name].Conv1 + ".weight"], conv1);
        Assert.Same(names[FirstConvolutions[name].Conv2 + ".weight"], conv2);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Without_a_head_there_are_features_and_no_logits_until_a_head_is_put_in(string name)
    {
        var architecture = Architectures.Get(name);
        using var scope = NewDisposeScope();
        using var network = architecture.Create(0);
        network.eval();
        Assert.False(network.HasHead);
        Assert.DoesNotContain(network.state_dict().Keys, key => key.StartsWith(architecture.Head + ".", StringComparison.Ordinal));
        using var features = network.Features(rand(1, 3, 64, 64));
        Assert.Throws<InvalidOperationException>(() => network.Logits(features));
        network.ReplaceHead(5);
        Assert.True(network.HasHead);
        Assert.Equal([1, 5], network.Logits(features).shape);
        Assert.Equal([5, architecture.FeatureCount], network.state_dict()[architecture.Head + ".weight"].shape);
    }

    [Fact]
    public void A_network_can_be_moved_to_another_type()
    {
        using var scope = NewDisposeScope();
        using var network = Architectures.Get("shufflenet_v2_x0_5").Create(2);
        network.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, network.forward(rand(2, 3, 64, 64, dtype: ScalarType.Float64)).dtype);
    }

    [Fact]
    public void Dropout_before_the_head_acts_in_training_only()
    {
        using var scope = NewDisposeScope();
        using var network = Architectures.Get("resnet18").Create(4);
        network.HeadDropout = 0.5;
        var features = ones(64, 512);
        Assert.False(network.Logits(features).allclose(network.Logits(features)));
        network.eval();
        Assert.True(network.Logits(features).allclose(network.Logits(features)));
    }

    internal static SourceNetwork Loaded(Architecture architecture)
    {
        using var checkpoint = new InMemoryCheckpoint(FormulaWeights.Of(architecture)) { Path = "formula" };
        return architecture.Load(checkpoint);
    }

    private static (Tensor Features, Tensor Logits, double Loss, double G1, double G2) Measure(SourceNetwork network, Tensor images)
    {
        network.zero_grad();
        var features = network.Features(images);
        var loss = TripletLoss(features, [0, 1, 2, 0, 1, 2]);
        loss.backward();
        var (conv1, conv2) = network.FirstConvolutions;
        return (features.detach(), network.Logits(features).detach(), loss.item<float>(), conv1.grad!.norm().item<float>(), conv2.grad!.norm().item<float>());
    }

    // docs/method.md (S_FU), by enumeration: all valid triplets of L2-normalised embeddings, margin 0.05, mean over those above zero.
    private static Tensor TripletLoss(Tensor embeddings, int[] labels)
    {
        var x = nn.functional.normalize(embeddings, 2, 1);
        var losses = new List<Tensor>();
        for (var a = 0; a < labels.Length; a++)
        {
            for (var p = 0; p < labels.Length; p++)
            {
                for (var n = 0; n < labels.Length; n++)
                {
                    if (p == a || labels[p] != labels[a] || labels[n] == labels[a]) continue;
                    var loss = (x[a] - x[p]).norm() - (x[a] - x[n]).norm() + 0.05;
                    if (loss.item<float>() > 0) losses.Add(loss);
                }
            }
        }
        return stack(losses).mean();
    }
}
