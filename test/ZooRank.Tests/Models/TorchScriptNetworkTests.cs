using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Features;
using ZooRank.Models;
using ZooRank.Tests.Features;
using static TorchSharp.torch;

namespace ZooRank.Tests.Models;

/// <summary>TorchScript as the PyTorch of this machine writes it.</summary>
public sealed class TorchScriptNetworkTests(TorchScriptNetworkTests.Exported exported) : IClassFixture<TorchScriptNetworkTests.Exported>
{
    /// <summary>The files, exported once for all tests of this class.</summary>
    public sealed class Exported : IDisposable
    {
        private readonly Lazy<TemporaryFolder> folder = new(() =>
        {
            var made = new TemporaryFolder();
            try
            {
                // In a file: torch.jit.script reads the source of the classes.
                File.WriteAllText(made["export.py"], """
                    import numpy, sys, torch, torchvision, warnings
                    warnings.simplefilter("ignore"); torch.manual_seed(1); nn = torch.nn; out = sys.argv[1] + "/"
                    x = torch.rand(4, 3, 32, 32) * 2 - 1
                    resnet = torchvision.models.resnet18(num_classes=5).eval()
                    torch.save(resnet.state_dict(), out + "resnet.pth")
                    torch.jit.trace(resnet, x).save(out + "traced.ts"); torch.jit.script(resnet).save(out + "scripted.ts")
                    class Small(nn.Module):
                        def __init__(self, bias=True, end=None):
                            super().__init__()
                            self.fc = nn.Linear(12, 7, bias=bias)   # registered before the convolutions, used after them
                            self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 12, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
                            self.end = end if end is not None else nn.Identity()
                        def forward(self, x): return self.end(self.fc(self.body(x)))
                    small = Small().eval()
                    for p in small.parameters(): torch.nn.init.normal_(p, std=0.3)
                    small(x).sum()
                    torch.jit.trace(small, x).save(out + "small.ts"); torch.jit.script(small).save(out + "small_scripted.ts")
                    features = small.body(x); logits = small.fc(features); (features ** 3).sum().backward()
                    numpy.savez(out + "small.npz", x=x.numpy(), features=features.detach().numpy(), logits=logits.detach().numpy(), norms=numpy.array([small.body[i].weight.grad.norm().item() for i in (0, 3)]))
                    torch.jit.trace(Small(bias=False).eval(), x).save(out + "no_bias.ts")
                    torch.jit.trace(Small(end=nn.Softmax(dim=1)).eval(), x).save(out + "softmax.ts")
                    torch.jit.freeze(torch.jit.script(small)).save(out + "frozen.ts")
                    class Pair(Small):
                        def forward(self, x): return self.fc(self.body(x)), x
                    torch.jit.script(Pair().eval()).save(out + "pair.ts")
                    torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(3072, 2))).save(out + "no_convolution.ts")
                    bad = Small().eval(); bad.fc.weight.data[0, 0] = float("nan"); torch.jit.trace(bad, x, check_trace=False).save(out + "nan.ts")
                    """);
                Python.Run("numpy, torch, torchvision, runpy", "runpy.run_path(sys.argv[1] + '/export.py', run_name='__main__')", made.Path);
                return made;
            }
            catch
            {
                made.Dispose();
                throw;
            }
        });

        public string this[string name] => folder.Value[name];

        public void Dispose()
        {
            if (folder.IsValueCreated) folder.Value.Dispose();
        }
    }

    private LoadedModel Open(string name) => LoadedModel.Open(new SourceModel { Id = name, Checkpoint = exported[name], Mean = [0.5f, 0.5f, 0.5f], Std = [0.5f, 0.5f, 0.5f], InputSize = 32 });

    private string Refusal(string name)
    {
        var message = Assert.Throws<InvalidInputException>(() => Open(name).Network(CPU)).Message;
        Assert.StartsWith(exported[name], message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static Tensor Array(NpzFile file, string name)
    {
        var array = file.Read(name);
        return tensor(array.ToDoubles(), [.. array.Shape]).to(ScalarType.Float32);
    }

    // Two libtorch releases, single precision, a dozen operations.
    private static void Close(Tensor expected, Tensor found) => Assert.InRange((expected - found).abs().max().item<float>(), 0, 1e-5 * Math.Max(1, expected.abs().max().item<float>()));

    [Theory]
    [InlineData("traced.ts")]
    [InlineData("scripted.ts")]
    public void A_known_architecture_is_recognised_and_scores_as_its_state_dict(string name)
    {
        using var folder = new TemporaryFolder();
        using var dataset = Pictures.Drawn(folder, Motif.CellsByContent, 5);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 5 });
        var (script, state) = (Open(name), Open("resnet.pth"));
        Assert.Equal(("resnet18", "TorchScript", 5), (script.ArchitectureName, script.Format, script.ClassCount));
        FeatureSet Extract(LoadedModel model) => ModelFeatures.Of(model, probe, CPU, cancellation: TestContext.Current.CancellationToken).Features;
        var (a, b) = (Extract(script), Extract(state));
        // The same weights in the same network.
        Assert.Equal(b.Values, a.Values);
        Assert.Equal(b.Logits, a.Logits);
        Assert.Equal(b.Conv1GradientNorms, a.Conv1GradientNorms);
        Assert.Equal(b.Conv2GradientNorms, a.Conv2GradientNorms);
        Assert.Equal(state.ParameterCount, script.ParameterCount);
    }

    [Theory]
    [InlineData("small.ts")]
    [InlineData("small_scripted.ts")]
    public void A_foreign_network_gives_the_input_of_its_last_layer_and_its_logits(string name)
    {
        using var scope = NewDisposeScope();
        using var expected = NpzFile.Open(exported["small.npz"]);
        var model = Open(name);
        Assert.Equal(("TorchScript", 0), (model.ArchitectureName, model.ClassCount));
        using var network = model.Network(CPU);
        Assert.True(network.HasHead);
        var features = network.Features(Array(expected, "x"));
        Close(Array(expected, "features"), features);
        Close(Array(expected, "logits"), network.Logits(features));
        Close(Array(expected, "logits"), network.forward(Array(expected, "x")));

        // Its first two convolutions, and autograd's way to them.
        var (conv1, conv2) = network.FirstConvolutions;
        Assert.Equal([8, 3, 3, 3], conv1.shape);
        Assert.Equal([12, 8, 3, 3], conv2.shape);
        features.pow(3).sum().backward();
        Close(Array(expected, "norms"), stack([conv1.grad!.norm(), conv2.grad!.norm()]));
    }

    [Fact]
    public void A_last_layer_without_bias_is_a_head_too()
    {
        using var scope = NewDisposeScope();
        using var network = Open("no_bias.ts").Network(CPU);
        Assert.True(network.HasHead);
        Assert.Equal([2, 12], network.Features(zeros(2, 3, 32, 32)).shape);
        Assert.Equal([2, 7], network.forward(zeros(2, 3, 32, 32)).shape);
    }

    [Fact]
    public void Where_the_last_step_is_not_linear_the_output_serves_as_features_and_that_is_said_from_the_cache_as_well()
    {
        using var folder = new TemporaryFolder();
        using var dataset = Pictures.Drawn(folder, Motif.CellsByContent, 5);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 5 });
        var cache = new FeatureCache(folder["cache"]);
        foreach (var cached in new[] { false, true })
        {
            var found = ModelFeatures.Of(Open("softmax.ts"), probe, CPU, cache, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal(cached, found.Cached);
            Assert.Equal((7, 0), (found.Features.Width, found.Features.LogitWidth));
            Assert.All(found.Features.Values.Chunk(7), row => Assert.Equal(1, row.Sum(), 1e-5));   // softmax, in single precision
            var caveat = Assert.Single(found.Caveats);
            Assert.Equal(("output-as-features", "softmax.ts"), (caveat.Code, caveat.About));
        }
    }

    [Fact]
    public void A_layer_inside_cannot_be_taken() => Assert.Contains("layer 'fc' cannot be taken from TorchScript", Assert.Throws<InvalidInputException>(
        () => LoadedModel.Open(new SourceModel { Id = "m", Checkpoint = exported["small.ts"] }, new() { Layer = "fc" })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_frozen_module_is_refused_with_the_remedy() =>
        Assert.Contains("they were frozen into its code (torch.jit.freeze). Use the module before freezing", Refusal("frozen.ts"), StringComparison.Ordinal);

    [Fact]
    public void Fewer_than_two_convolutions_are_refused() => Assert.Contains("0 convolution weights (4-D parameters)", Refusal("no_convolution.ts"), StringComparison.Ordinal);

    [Fact]
    public void More_than_one_output_is_refused() => Assert.Contains("it does not map a batch of 3×32×32 images to one tensor", Refusal("pair.ts"), StringComparison.Ordinal);

    [Fact]
    public void Weights_that_are_not_finite_are_refused() => Assert.Contains("its weights hold NaN or infinity", Refusal("nan.ts"), StringComparison.Ordinal);
}
