using System.Globalization;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Features;
using ZooRank.Models;
using ZooRank.Models.Layers;
using ZooRank.Tests.Models;
using static TorchSharp.torch;

namespace ZooRank.Tests.Features;

public sealed class LayerFeaturesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // The two of most weights take as long as the others together.
    public static IEnumerable<TheoryDataRow<string>> Names => Architectures.All.Select(a => new TheoryDataRow<string>(a.Name) { Explicit = a.Name is "vgg11" or "convnext_tiny" });

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_layer_gives_what_torchvisions_of_that_name_gives_folded_or_not(string name)
    {
        var architecture = Architectures.Get(name);
        var layers = architecture.Layers();
        var script = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "architectures", "layers.py"));
        var expected = Python.Run("torch, torchvision", script, [name, "96", .. layers]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .ToDictionary(f => f[0], f => (Width: int.Parse(f[1], CultureInfo.InvariantCulture), Values: f[2..].Select(v => float.Parse(v, CultureInfo.InvariantCulture)).ToArray()));
        Assert.Equal(layers.Order(StringComparer.Ordinal), expected.Keys.Order(StringComparer.Ordinal));   // each is torchvision's, and was called there

        using var scope = NewDisposeScope();
        using var checkpoint = new InMemoryCheckpoint(FormulaWeights.Of(StateLayout.Of(architecture), classCount: 5)) { Path = name };
        var images = FormulaWeights.Images(96);
        using (var plain = architecture.Load(checkpoint)) Compare(plain, layers);

        // A convolution that has taken in its batch-norm gives the batch-norm's output: the one that is asked for is spared.
        using var network = architecture.Load(checkpoint);
        var first = layers.First(l => network.Layer(l) is Convolution);
        BatchNormFolding.Fold(network, except: network.Layer(first));
        network.UseChannelsLast();
        Compare(network, [first, .. layers.Where(l => network.Layer(l) is not Convolution)]);

        // Single precision both, in other orders of the sums; EfficientNetV2's formula weights amplify rounding from block to block (0.0009 was seen in its last stage).
        void Compare(SourceNetwork network, IReadOnlyList<string> names)
        {
            var poolings = names.Select(n => new LayerPooling(network, n)).ToList();
            using (no_grad()) network.Features(images);
            foreach (var (layer, pooling) in names.Zip(poolings))
            {
                Assert.Equal(expected[layer].Width, pooling.Width);
                var largest = expected[layer].Values.Max(Math.Abs);
                var difference = expected[layer].Values.Zip(pooling.Values, (a, b) => Math.Abs(a - b)).Max();
                Assert.True(difference <= (name != "efficientnet_v2_s" || string.CompareOrdinal(layer, "features.4") < 0 && layer != "features" ? 1e-4 : 2e-3) * largest, $"{layer}: off by {difference / largest:g2} of its largest value");
                pooling.Dispose();
            }
        }
    }

    private static FeatureSet Extract(ProbeSet probe, string checkpoint, string? layer, long? budget = null) => ModelFeatures.Of(
        LoadedModel.Open(new SourceModel { Id = "m", Checkpoint = checkpoint }, new() { InputSize = 64, Layer = layer }), probe, CPU, memoryBudget: budget, cancellation: TestContext.Current.CancellationToken).Features;

    [Theory]
    [InlineData("shufflenet_v2_x0_5", "stage3", 96)]
    [InlineData("resnet18", "layer4.1", 512)]
    [InlineData("resnet18", "conv1", 64)]   // is not folded then
    public void Only_the_features_change_and_not_logits_or_gradients(string name, string layer, int width)
    {
        using var dataset = Pictures.Drawn(folder, Motif.Brightness, 10);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 10 });
        var path = Pictures.Checkpoint(folder["m.safetensors"], name);
        var (usual, found) = (Extract(probe, path, null), Extract(probe, path, layer));
        Assert.Equal((width, probe.Count), (found.Width, found.Count));
        if (layer == "layer4.1") Assert.Equal(usual.Values, found.Values);   // its mean is the head's input
        Close(usual.Logits.Select(v => (double)v), found.Logits.Select(v => (double)v), 1e-4);
        Close(usual.Conv1GradientNorms, found.Conv1GradientNorms, 1e-3);
        Close(usual.Conv2GradientNorms, found.Conv2GradientNorms, 1e-3);
        if (layer != "conv1") Assert.Equal(usual.Conv2GradientNorms, found.Conv2GradientNorms);
        // Where images go through twice, they are listened to once.
        Assert.Equal(found.Values, Extract(probe, path, layer, budget: long.MinValue).Values);

        // Single precision in another order, of the largest.
        static void Close(IEnumerable<double> expected, IEnumerable<double> found, double tolerance) =>
            Assert.True(expected.Zip(found, (a, b) => Math.Abs(a - b)).Max() <= tolerance * expected.Max(Math.Abs));
    }

    [Fact]
    public void A_layer_that_is_not_there_is_told_with_those_that_are_near()
    {
        var path = Pictures.Checkpoint(folder["m.safetensors"], "shufflenet_v2_x0_5");
        string Of(string layer) => Assert.Throws<InvalidInputException>(() => LoadedModel.Open(new SourceModel { Id = "m", Checkpoint = path }, new() { Layer = layer })).Message;
        Assert.Equal($"{path}: shufflenet_v2_x0_5 has no layer 'stage33' with an output before its head. Did you mean stage3 or stage3.3 or stage2? 'zoorank inspect CHECKPOINT' lists them.", Of("stage33"));
        Assert.Contains("There are conv1, stage2, stage3, stage4, conv5 and what is in them.", Of("quite another name"), StringComparison.Ordinal);
        Assert.Contains("no layer 'fc'", Of("fc"), StringComparison.Ordinal);
        Assert.Contains("It only holds others, whose last is features.norm5.", Assert.Throws<InvalidInputException>(() => Architectures.Get("densenet121").Create(2).Layer("features")).Message, StringComparison.Ordinal);
    }
}
