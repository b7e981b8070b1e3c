using System.Text.Json.Nodes;
using ZooRank.Demo;
using ZooRank.Downloads;
using ZooRank.Models;
using ZooRank.Tests.Downloads;
using ZooRank.Tests.Features;

namespace ZooRank.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly CommandLine program = new();

    private TemporaryFolder Folder => program.Folder;

    public void Dispose() => program.Dispose();

    [Fact]
    public void Help_names_every_command_and_goes_to_standard_output()
    {
        var (code, output, error) = program.Run("--help");
        Assert.Equal((0, ""), (code, error));
        foreach (var command in new[] { "rank", "features", "inspect", "data", "zoo", "pretrain", "demo", "doctor" }) Assert.Contains($"\n  {command} ", output, StringComparison.Ordinal);
        Assert.Equal(output, program.Run().Output);
        Assert.Equal(0, program.Run("rank", "--help").Code);
        Assert.Contains("0.1.0", program.Run("--version").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("See 'zoorank --help'.", "rnak")]
    [InlineData("See 'zoorank rank --help'.", "rank", "--zooo", "x")]
    [InlineData("See 'zoorank rank --help'.", "rank")]
    [InlineData("See 'zoorank rank --help'.", "rank", "--data", "x", "--zoo", "y", "--probe", "many")]
    [InlineData("See 'zoorank data fetch --help'.", "data", "fetch")]
    [InlineData("See 'zoorank zoo list --help'.", "zoo", "list", "--nowhere")]
    [InlineData("'plain' 'stratified' See 'zoorank rank --help'.", "rank", "--data", "x", "--zoo", "y", "--sampling", "random")]
    public void What_is_not_understood_is_refused_in_one_line_that_says_where_to_look(string where, params string[] arguments) =>
        Assert.EndsWith(where, program.Refusal(arguments), StringComparison.Ordinal);

    [Fact]
    public void Inspect_tells_of_a_checkpoint_what_it_is_and_what_is_in_it()
    {
        Pictures.Checkpoint(Folder["m.safetensors"], "shufflenet_v2_x0_5", card: new SourceModel { Id = "m", Checkpoint = "m.safetensors", Source = "made up" });
        var text = program.Run("inspect", Folder["m.safetensors"]);
        Assert.Equal(0, text.Code);
        Assert.Contains("safetensors", text.Output, StringComparison.Ordinal);
        Assert.Contains("shufflenet_v2_x0_5, 5 classes.", text.Output, StringComparison.Ordinal);

        var json = program.Run("inspect", Folder["m.safetensors"], "--json", "--stats").Json;
        Assert.Equal(("checkpoint", "safetensors", "shufflenet_v2_x0_5", 5, true), ((string)json["kind"]!, (string)json["format"]!, (string)json["architecture"]!, (int)json["classes"]!, (bool)json["rankable"]!));
        Assert.Contains("made up", (string)json["metadata"]!["zoorank"]!, StringComparison.Ordinal);
        var bias = json["tensors"]!.AsArray().Single(t => (string)t!["name"]! == "fc.bias")!;
        Assert.Equal("[5]", bias["shape"]!.ToJsonString());
        // The oracle's formula, in float32: biases are 0.1·u.
        using var scope = TorchSharp.torch.NewDisposeScope();
        var expected = Tests.Models.FormulaWeights.Of(StateLayout.Of(Architectures.Get("shufflenet_v2_x0_5")), 5)["fc.bias"].data<float>().ToArray();
        Assert.Equal(expected.Sum(v => (double)v), (double)bias["sum"]!, 1e-12);
        Assert.Equal(expected.Sum(v => Math.Abs((double)v)), (double)bias["abs_sum"]!, 1e-12);
        Assert.Equal(expected[0], (double)bias["first"]!);
        Assert.Null(program.Run("inspect", Folder["m.safetensors"], "--json").Json["tensors"]![0]!["sum"]);
    }

    [Fact]
    public void Inspect_tells_of_a_zoo_which_models_cannot_be_ranked()
    {
        Pictures.Checkpoint(Folder["zoo/good.safetensors"], "shufflenet_v2_x0_5");
        File.WriteAllText(Folder["zoo/bad.pth"], "no checkpoint");
        var (code, output, _) = program.Run("inspect", Path.Combine(Folder.Path, "zoo"), "--json");
        Assert.Equal(3, code);
        var models = JsonNode.Parse(output)!["models"]!.AsArray();
        Assert.Equal(["bad", "good"], models.Select(m => (string)m!["id"]!));
        Assert.NotNull(models[0]!["problem"]);
        Assert.Equal("shufflenet_v2_x0_5", (string)models[1]!["architecture"]!);
        Assert.Equal("default-normalisation", (string)models[1]!["caveats"]![0]!["code"]!);
        Assert.Contains("a zoo of 2 models, 1 of which cannot be ranked", program.Run("inspect", Path.Combine(Folder.Path, "zoo")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_tells_of_data_what_is_in_them()
    {
        Drawings.Write(Folder["cells.npz"], Motif.CellsByContent, perClass: 8, seed: 1);
        var json = program.Run("inspect", Folder["cells.npz"], "--json").Json;
        Assert.Equal(("data", "MultiClass"), ((string)json["kind"]!, (string)json["task"]!));
        Assert.Equal((32, 8, 8), ((int)json["counts"]!["train"]!, (int)json["counts"]!["validation"]!, (int)json["counts"]!["test"]!));
        Assert.Equal("[8,8,8,8]", json["class_counts"]!["train"]!.ToJsonString());
        Assert.Equal("""{"min":32,"median":32,"max":32}""", json["width"]!.ToJsonString());
        Assert.Contains("Task: multi-class, 4 classes.", program.Run("inspect", Folder["cells.npz"]).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_refuses_what_is_nothing_that_it_knows()
    {
        File.WriteAllText(Folder["x.pth"], "hello");
        Assert.Contains("x.pth", program.Refusal("inspect", Folder["x.pth"]), StringComparison.Ordinal);
        Assert.Contains("none.pth", program.Refusal("inspect", Folder["none.pth"]), StringComparison.Ordinal);
        Assert.Contains("none.npz", program.Refusal("inspect", Folder["none.npz"], "--json"), StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_looks_at_all_that_is_needed()
    {
        var (code, output, error) = program.Run("doctor", "--json");
        Assert.True(code == 0, error + output);
        var findings = JsonNode.Parse(output)!.AsArray();
        Assert.Superset(new HashSet<string> { "libtorch", "TorchSharp", "arithmetic", "threads", "processor", "memory", "images", "cache" }, findings.Select(f => (string)f!["subject"]!).ToHashSet());
        Assert.All(findings, f => Assert.Contains((string)f!["status"]!, new[] { "good", "note" }));
        Assert.Contains(findings, f => ((string)f!["text"]!).StartsWith(Path.Combine(Folder.Path, "cache"), StringComparison.Ordinal));
        Assert.False(Directory.Exists(Path.Combine(Folder.Path, "cache", "features")));   // nothing is made just to look
    }

    [Fact]
    public void Doctor_says_what_is_bad_and_ends_with_2()
    {
        var (code, output, _) = program.Run("doctor", "--torch", Folder["none"]);
        Assert.Equal(2, code);
        Assert.Contains("bad   libtorch", output, StringComparison.Ordinal);
        Assert.Contains("Mend what is marked bad", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_catalogues_are_listed()
    {
        var data = program.Run("data", "list", "--json").Json.AsArray();
        Assert.Equal(MedMnistCatalogue.All.Select(s => s.Name), data.Select(s => (string)s!["name"]!));
        Assert.All(data, s => Assert.Empty(s!["fetched"]!.AsArray()));
        var zoo = program.Run("zoo", "list", "--json").Json.AsArray();
        Assert.Equal(Architectures.All.Select(a => a.Name), zoo.Select(s => (string)s!["architecture"]!));
        Assert.All(zoo, s => Assert.StartsWith(Folder.Path, (string)s!["path"]!, StringComparison.Ordinal));
        Assert.Contains("breastmnist", program.Run("data", "list").Output, StringComparison.Ordinal);
        Assert.Contains("resnet18-f37072fd.pth", program.Run("zoo", "list").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_set_is_fetched_from_a_mirror_and_checked()
    {
        var file = File.ReadAllBytes(SharedFolder.Require("data", "breastmnist_28.npz"));   // the published file itself: its MD5 is the catalogue's
        using var server = new ScriptedServer(ScriptedServer.Serves(file));
        string[] fetch = ["data", "fetch", "breastmnist", "--size", "28", "--from", server.Url[..server.Url.LastIndexOf('/')]];
        var first = program.Run(fetch);
        Assert.True(first.Code == 0, first.Error);
        Assert.Equal(file, File.ReadAllBytes(first.Output.Trim()));
        Assert.StartsWith(Folder.Path, first.Output, StringComparison.Ordinal);
        Assert.Equal(first.Output.TrimEnd() + " (was already there)\n", program.Run(fetch).Output.ReplaceLineEndings("\n"));
        Assert.Single(server.Requests);
        Assert.Equal("[28]", program.Run("data", "list", "--json").Json.AsArray().Single(s => (string)s!["name"]! == "breastmnist")!["fetched"]!.ToJsonString());
    }

    [Fact]
    public void A_file_of_another_hash_is_refused_and_not_kept()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves([1, 2, 3]));
        var (code, output, error) = program.Run("zoo", "fetch", "resnet18", "--from", server.Url[..server.Url.LastIndexOf('/')], "--to", Folder["weights"]);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("it was deleted", error, StringComparison.Ordinal);
        Assert.Equal("/resnet18-f37072fd.pth", Assert.Single(server.Requests).Path);
        Assert.Empty(Directory.GetFiles(Folder["weights"], "*.pth"));
    }

    [Fact]
    public void Offline_nothing_is_fetched_and_what_is_missing_is_told()
    {
        Assert.Contains("breastmnist", program.Refusal("data", "fetch", "breastmnist", "--offline"), StringComparison.Ordinal);
        Assert.Contains("resnet18-f37072fd.pth", program.Refusal("zoo", "fetch", "resnet18", "--offline"), StringComparison.Ordinal);
        Assert.Contains("breastmnist", program.Refusal("data", "fetch", "brestmnist"), StringComparison.Ordinal);
        Assert.Contains("--from", program.Refusal("zoo", "fetch", "resnet18", "--from", "ftp://example.org"), StringComparison.Ordinal);
        Assert.Contains("28, 64, 128", program.Refusal("data", "fetch", "breastmnist", "--size", "100"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_trained_here_can_be_ranked_here()
    {
        Drawings.Write(Folder["stripes.npz"], Motif.Stripes, perClass: 8, seed: 1);
        var trained = program.Run("pretrain", "--data", Folder["stripes.npz"], "--arch", "shufflenet_v2_x0_5", "--epochs", "1", "--batch", "16", "--input-size", "32", "--out", Folder["zoo/a.safetensors"]);
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Matches(@"shufflenet_v2_x0_5 trained on 32 images of stripes \(4 classes\), 1 epochs in \d+ s, epoch 1 kept: validation AUC \d\.\d{3}, accuracy \d+\.\d %\.", trained.Output);
        var json = program.Run("rank", "--data", Folder["stripes.npz"], "--zoo", Folder["zoo/a.safetensors"], "--probe", "8", "--json").Json;
        Assert.Equal(("a", "stripes", 32), ((string)json["models"]![0]!["id"]!, (string)json["models"]![0]!["source"]!, (int)json["models"]![0]!["preprocessing"]!["input_size"]!));
        Assert.Contains("--epochs must be at least 0; got -1", program.Refusal("pretrain", "--data", "x", "--out", "y", "--epochs", "-1"), StringComparison.Ordinal);
        // Random weights, the baseline, say so; and a card names no folder of the machine it was written on.
        var untrained = program.Run("pretrain", "--data", Folder["stripes.npz"], "--arch", "shufflenet_v2_x0_5", "--epochs", "0", "--input-size", "32", "--out", Folder["zoo/untrained.safetensors"], "--json");
        Assert.Equal("untrained", untrained.Json["source"]!.GetValue<string>());
        Assert.Empty(untrained.Json["training"]!["data"]!.AsArray());
        Assert.DoesNotContain(Folder.Path, untrained.Output, StringComparison.Ordinal);
        Assert.Contains("stripes.npz", untrained.Json["training"]!["outcome"]!["command"]!.AsArray().Select(a => a!.GetValue<string>()));

        var inspected = program.Run("inspect", Folder["zoo/a.safetensors"]);
        Assert.Contains("Trained on stripes: 32 images, 8 for validation, SHA-256 ", inspected.Output, StringComparison.Ordinal);
        Assert.Contains("By SGD, cross entropy, learning rate 0.1 × 0.1 every 15 epochs, momentum 0.9, weight decay 0.0001, batches of 16, balanced sampling, augmentation none, seed 24, at most 1 epochs, kept by auc, patience 20.", inspected.Output, StringComparison.Ordinal);
        Assert.Equal(0.1, (double)program.Run("inspect", Folder["zoo/a.safetensors"], "--json").Json["card"]!["training"]!["learningRate"]!);
    }

    [Fact]
    public void Sources_are_joined_without_the_target_and_a_finished_one_is_left_alone()
    {
        foreach (var motif in new[] { Motif.Stripes, Motif.Brightness, Motif.CellsByNucleus }) Drawings.Write(Folder[$"{motif}.npz"], motif, perClass: 4, seed: 1);
        string[] command = ["pretrain", "--data", "Stripes.npz", "Brightness.npz", "--data", "CellsByNucleus.npz", "--leave-out", "Stripes", "--share", "Brightness: dark = CellsByNucleus: class 0", "--arch", "shufflenet_v2_x0_5", "--epochs", "1", "--batch", "16", "--input-size", "32", "--save-dtype", "float16", "--out", "join.safetensors"];
        Assert.Contains("Unknown class of Brightness 'dark'", program.Refusal(command), StringComparison.Ordinal);   // an .npz knows no names
        command[9] = "Brightness: class 3 = CellsByNucleus: class 0";
        var card = program.Run([.. command, "--json"]).Json;
        Assert.Equal((7, "Brightness + CellsByNucleus", "float16"), (card["classes"]!.AsArray().Count, (string)card["source"]!, (string)card["training"]!["storedAs"]!));
        var (code, output, error) = program.Run(command);
        Assert.Equal(0, code);
        Assert.Contains("was trained by the same command before: nothing was done", error, StringComparison.Ordinal);
        Assert.Contains("(7 labels)", output, StringComparison.Ordinal);
        Assert.Contains("Give another --out, or replace it with --force.", program.Refusal([.. command, "--lr", "0.2"]), StringComparison.Ordinal);
        Assert.Contains("Did you mean Stripes?", program.Refusal([.. command, "--leave-out", "Strips"]), StringComparison.Ordinal);
        Assert.Contains("--decay-factor must be above 0 and at most 1; got 2.5.", program.Refusal([.. command, "--decay-factor", "2.5"]), StringComparison.Ordinal);
    }
}
