using System.Security.Cryptography;
using ZooRank.Checkpoints;
using ZooRank.Downloads;
using ZooRank.Imaging;
using ZooRank.Models;
using ZooRank.Tests.Downloads;
using ZooRank.Tests.Features;
using static TorchSharp.torch;

namespace ZooRank.Tests.Models;

public sealed class LoadedModelTests : IDisposable
{
    private const string ShuffleNet = "shufflenet_v2_x0_5";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static string Refusal(SourceModel model, DownloadOptions? download = null)
    {
        var message = Assert.Throws<InvalidInputException>(() => LoadedModel.Open(model, download: download)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private SourceModel Made(string name = "m.safetensors", SourceModel? card = null) => new() { Id = "m", Checkpoint = Pictures.Checkpoint(folder[name], ShuffleNet, card: card) };

    [Fact]
    public void A_checkpoint_says_what_it_is()
    {
        var source = Made();
        var model = LoadedModel.Open(source);
        Assert.Equal((ShuffleNet, 5, "safetensors"), (model.ArchitectureName, model.ClassCount, model.Format));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(source.Checkpoint))), model.Sha256);
        // torchvision: 1,366,792 with 1,000 classes, whose head is 1,000 × (1,024 + 1).
        Assert.Equal(1_366_792 - 995 * 1025, model.ParameterCount);
    }

    [Fact]
    public void What_nobody_states_is_a_default_and_said_to_be_one()
    {
        var model = LoadedModel.Open(Made());
        Assert.Equal(Preprocessing.Half, model.Preprocessing);
        var caveat = Assert.Single(model.Caveats);
        Assert.Equal(("default-normalisation", "m"), (caveat.Code, caveat.About));
        Assert.Contains("0.5 and 0.5 were taken", caveat.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("imagenet")]
    [InlineData("ImageNet-1k")]
    public void A_source_that_is_ImageNet_has_its_statistics(string source)
    {
        var model = LoadedModel.Open(Made() with { Source = source });
        Assert.Equal(Preprocessing.ImageNet, model.Preprocessing);
        Assert.Contains("ImageNet's were taken", Assert.Single(model.Caveats).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_official_file_is_known_by_its_hash_and_needs_no_caveat()
    {
        // torchvision puts the first digits of a file's SHA-256 into its name: resnet18-f37072fd.pth. The rest of the digits does not matter here.
        var (preprocessing, caveats) = LoadedModel.ChoosePreprocessing(new SourceModel { Id = "m", Checkpoint = "any.pth" }, new(), "f37072fd" + new string('0', 56));
        Assert.Equal(Preprocessing.ImageNet, preprocessing);
        Assert.Empty(caveats);
        Assert.Single(LoadedModel.ChoosePreprocessing(new SourceModel { Id = "m", Checkpoint = "any.pth" }, new(), "0f37072f" + new string('0', 56)).Item2);
    }

    [Fact]
    public void What_the_entry_states_is_taken_and_what_the_user_says_stands_above_it()
    {
        var entry = Made() with { Mean = [0.1f, 0.2f, 0.3f], Std = [0.4f, 0.5f, 0.6f], InputSize = 64, Resize = ResizeMode.Pad };
        var model = LoadedModel.Open(entry);
        Assert.Equal(new Preprocessing { Mean = [0.1f, 0.2f, 0.3f], Std = [0.4f, 0.5f, 0.6f], InputSize = 64, Resize = ResizeMode.Pad }, model.Preprocessing);
        Assert.Empty(model.Caveats);
        model = LoadedModel.Open(entry, new ModelOverrides { Mean = [0, 0, 0], Std = [1, 1, 1], InputSize = 32, Resize = ResizeMode.Crop });
        Assert.Equal(new Preprocessing { Mean = [0, 0, 0], Std = [1, 1, 1], InputSize = 32, Resize = ResizeMode.Crop }, model.Preprocessing);
    }

    [Fact]
    public void The_card_in_a_file_fills_the_gaps_of_its_entry()
    {
        var card = new SourceModel { Id = "elsewhere", Checkpoint = "elsewhere.safetensors", Source = "stripes", Mean = [0.1f, 0.2f, 0.3f], Std = [0.4f, 0.5f, 0.6f], InputSize = 48, Classes = ["a", "b", "c", "d", "e"] };
        var model = LoadedModel.Open(Made(card: card) with { InputSize = 64 });
        Assert.Equal(("m", "stripes", 64), (model.Source.Id, model.Source.Source, model.Preprocessing.InputSize));
        Assert.Equal([0.1f, 0.2f, 0.3f], model.Preprocessing.Mean);
        Assert.Equal(5, model.Source.Classes!.Count);
        Assert.Empty(model.Caveats);
    }

    [Theory]
    [InlineData("{", "its 'zoorank' card cannot be read")]
    [InlineData("""{ "id": "x", "checkpoint": "y", "maen": [1] }""", "its 'zoorank' card cannot be read")]
    [InlineData("""{ "id": "x", "checkpoint": "y", "mean": [0.5], "std": [0.5] }""", "mean must be three numbers")]
    [InlineData("""{ "id": "x", "checkpoint": "y", "inputSize": 1000000 }""", "inputSize must be from 16 to 2048")]
    public void A_card_that_is_wrong_is_refused(string card, string expected)
    {
        var path = folder["m.safetensors"];
        Safetensors.Write(path, [("x", ones(1))], new Dictionary<string, string> { [ModelCard.Key] = card });
        var message = Refusal(new SourceModel { Id = "m", Checkpoint = path });
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_is_not_what_its_entry_says_is_refused()
    {
        Assert.Contains($"stated to be resnet18, but its tensors are those of {ShuffleNet}", Refusal(Made() with { Architecture = "resnet18" }), StringComparison.Ordinal);
        Assert.Equal(ShuffleNet, LoadedModel.Open(Made() with { Architecture = "ShuffleNet_V2_x0_5" }).ArchitectureName);
        var wrong = new string('0', 64);
        Assert.Contains($"zoo.json says {wrong}", Refusal(Made() with { Sha256 = wrong }), StringComparison.Ordinal);
        var right = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(folder["m.safetensors"])));   // upper case
        Assert.Equal(ShuffleNet, LoadedModel.Open(Made() with { Sha256 = right }).ArchitectureName);
    }

    [Fact]
    public void An_unknown_architecture_is_refused_with_what_helps()
    {
        Safetensors.Write(folder["m.safetensors"], [("conv.weight", ones(4, 3, 3, 3)), ("fc.weight", ones(2, 4))]);
        var message = Refusal(new SourceModel { Id = "m", Checkpoint = folder["m.safetensors"] });
        Assert.Contains("no architecture that ZooRank knows", message, StringComparison.Ordinal);
        Assert.Contains("torch.jit.trace", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_checkpoint_without_an_address_says_where_to_put_it() =>
        Assert.Equal($"model 'm' has no checkpoint '{folder["w.pth"]}'. Put the file there, or give its \"url\" in zoo.json.", Refusal(new SourceModel { Id = "m", Checkpoint = folder["w.pth"] }));

    [Fact]
    public void A_missing_checkpoint_is_fetched_from_its_address_once()
    {
        var file = File.ReadAllBytes(Pictures.Checkpoint(folder["made.safetensors"], ShuffleNet));
        using var server = new ScriptedServer(ScriptedServer.Serves(file));
        var entry = new SourceModel { Id = "m", Checkpoint = folder["weights/m.safetensors"], Url = server.Url, Sha256 = Convert.ToHexStringLower(SHA256.HashData(file)) };
        Assert.Equal(ShuffleNet, LoadedModel.Open(entry).ArchitectureName);
        Assert.Equal(ShuffleNet, LoadedModel.Open(entry).ArchitectureName);
        Assert.Single(server.Requests);
        File.Delete(entry.Checkpoint);
        Assert.StartsWith("--offline: m.safetensors is not in ", Refusal(entry, new DownloadOptions { Offline = true }), StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public void What_is_fetched_with_another_hash_is_refused_and_not_kept()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves([1, 2, 3]));
        var entry = new SourceModel { Id = "m", Checkpoint = folder["weights/m.safetensors"], Url = server.Url, Sha256 = new string('0', 64) };
        Assert.Contains("expected is", Refusal(entry), StringComparison.Ordinal);
        Assert.False(File.Exists(entry.Checkpoint));
    }

    [Fact]
    public void Weights_that_are_not_finite_are_refused_when_they_are_read()
    {
        using var scope = NewDisposeScope();
        var state = FormulaWeights.Of(StateLayout.Of(Architectures.Get(ShuffleNet)), 5);
        state["conv5.0.weight"][0, 0] = float.NaN;
        Safetensors.Write(folder["m.safetensors"], state.Select(p => (p.Key, p.Value)));
        var model = LoadedModel.Open(new SourceModel { Id = "m", Checkpoint = folder["m.safetensors"] });
        Assert.Contains("'conv5.0.weight' holds 1 of", Assert.Throws<InvalidInputException>(() => model.Network(CPU)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GoogLeNet_transforms_its_input_where_it_is_ImageNets_or_says_so()
    {
        var path = Pictures.Checkpoint(folder["g.safetensors"], "googlenet", classCount: 3);
        bool Transforms(string? source, bool? stated) => LoadedModel.Open(new SourceModel { Id = "g", Checkpoint = path, Source = source, TransformInput = stated }).TransformInput;
        Assert.True(Transforms("imagenet", null));
        Assert.False(Transforms("retina", null));
        Assert.False(Transforms("imagenet", false));
        Assert.True(Transforms(null, true));
    }
}
