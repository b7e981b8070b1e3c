using System.Globalization;
using System.Text.Json.Nodes;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Tests.Data;
using ZooRank.Tests.Features;

namespace ZooRank.Tests.Cli;

public sealed class RankCommandTests : IDisposable
{
    private const string ShuffleNet = "shufflenet_v2_x0_5";

    private readonly CommandLine program = new();

    private TemporaryFolder Folder => program.Folder;

    public void Dispose() => program.Dispose();

    private string[] Rank(params string[] more) => ["rank", "--data", Folder["target.npz"], "--zoo", Path.Combine(Folder.Path, "zoo"), "--probe", "8", "--input-size", "32", "--threads", "2", .. more];

    private void Prepare(params int[] seeds)
    {
        Drawings.Write(Folder["target.npz"], Motif.Brightness, perClass: 8, seed: 1);
        foreach (var seed in seeds) Pictures.Checkpoint(Folder[$"zoo/m{seed}.safetensors"], ShuffleNet, seed: seed);
    }

    [Fact]
    public void A_table_an_advice_and_files_for_machines()
    {
        Prepare(0, 3);
        var (code, output, error) = program.Run(Rank("--out", Folder["out/ranking.json"], "--csv", Folder["out/ranking.csv"]));
        Assert.True(code == 0, error);
        foreach (var text in new[] { "target: 32 images of 4 classes measured", "m0", "m3", "S_LP", "How far to trust such a ranking", "Bear in mind" }) Assert.Contains(text, output, StringComparison.Ordinal);
        Assert.Contains("[1/2] m0: opening", error, StringComparison.Ordinal);

        var ranking = JsonNode.Parse(File.ReadAllText(Folder["out/ranking.json"]))!;
        var models = ranking["models"]!.AsArray();
        var lines = File.ReadAllText(Folder["out/ranking.csv"]).TrimEnd('\n').Split('\n');
        Assert.Equal("rank,id,score,interval_low,interval_high,probability_best,group,lp_fu,lp,nca_objective,fu,knn,architecture,source,parameters,imagenet_top1,prior_mean_rank,seconds,skipped", lines[0]);
        Assert.Equal(3, lines.Length);
        for (var i = 0; i < 2; i++)
        {
            var cells = lines[i + 1].Split(',');
            Assert.Equal((string)models[i]!["id"]!, cells[1]);
            foreach (var (column, key) in new[] { (8, "lp"), (9, "nca_objective"), (10, "fu") })
                Assert.Equal((double)models[i]!["measures"]![key]!, double.Parse(cells[column], CultureInfo.InvariantCulture));   // to the last digit
            // What the table shows is what the files hold, rounded.
            Assert.Contains(((double)models[i]!["measures"]!["lp"]!).ToString("0.0000", CultureInfo.InvariantCulture), output, StringComparison.Ordinal);
        }
        Assert.Equal("zoorank", (string)ranking["provenance"]!["command"]![0]!);
        Assert.Equal("rank", (string)ranking["provenance"]!["command"]![1]!);
    }

    [Fact]
    public void With_json_standard_output_is_JSON_alone_and_a_second_run_is_cached()
    {
        Prepare(0, 3);
        var first = program.Run(Rank("--json"));
        var second = program.Run(Rank("--json"));
        Assert.True(first.Code == 0 && second.Code == 0, first.Error + second.Error);
        Assert.Equal([false, false], first.Json["models"]!.AsArray().Select(m => (bool)m!["cached"]!));
        Assert.Equal([true, true], second.Json["models"]!.AsArray().Select(m => (bool)m!["cached"]!));
        Assert.Equal(first.Json["models"]!.AsArray().Select(m => m!["score"]!.ToJsonString()), second.Json["models"]!.AsArray().Select(m => m!["score"]!.ToJsonString()));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(Folder.Path, "cache", "features")).Length);
        Assert.All(program.Run(Rank("--json", "--no-cache")).Json["models"]!.AsArray(), m => Assert.False((bool)m!["cached"]!));
    }

    [Fact]
    public void A_model_that_cannot_be_measured_makes_the_code_3_and_is_named()
    {
        Prepare(0, 3);
        File.WriteAllText(Folder["zoo/broken.pth"], "no checkpoint");
        var (code, output, _) = program.Run(Rank("--csv", Folder["ranking.csv"]));
        Assert.Equal(3, code);
        Assert.Contains("Skipped (1):", output, StringComparison.Ordinal);
        Assert.Contains("broken: ", output, StringComparison.Ordinal);
        var last = File.ReadAllLines(Folder["ranking.csv"])[^1];
        Assert.StartsWith(",broken,,,,,,,,,,", last, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_data_are_refused_in_one_line()
    {
        Prepare(0);
        string Data(string path, params string[] more) => program.Refusal(["rank", "--data", path, "--zoo", Path.Combine(Folder.Path, "zoo"), "--input-size", "32", .. more]);
        Assert.Contains("none.npz", Data(Folder["none.npz"]), StringComparison.Ordinal);
        File.WriteAllBytes(Folder["corrupt.npz"], File.ReadAllBytes(Folder["target.npz"])[..500]);
        Assert.Contains("corrupt.npz", Data(Folder["corrupt.npz"]), StringComparison.Ordinal);
        DatasetFiles.Npz(Folder["one.npz"], ("train_images", DatasetFiles.Images(4, 8, 8)), ("train_labels", DatasetFiles.Labels(1, 1, 1, 1)));
        Assert.Contains("a task needs at least two classes", Data(Folder["one.npz"]), StringComparison.Ordinal);
        Assert.Contains("Fold 6", Data(Folder["target.npz"], "--fold", "6"), StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_options_are_refused_in_one_line()
    {
        Prepare(0);
        Assert.Contains("--mean and --std belong together", program.Refusal(Rank("--mean", "0.5,0.5,0.5")), StringComparison.Ordinal);
        Assert.Contains("three numbers from 0 to 1", program.Refusal(Rank("--mean", "127,127,127", "--std", "0.5,0.5,0.5")), StringComparison.Ordinal);
        Assert.Contains("--input-size", program.Refusal(Rank("--input-size", "7")), StringComparison.Ordinal);
        Assert.Contains("'stratified'", program.Refusal(Rank("--sampling", "random")), StringComparison.Ordinal);
        Assert.Contains("--memory", program.Refusal(Rank("--memory", "0")), StringComparison.Ordinal);
        Assert.Contains("--threads", program.Refusal(Rank("--threads", "0")), StringComparison.Ordinal);
        Assert.Contains("cpu, cuda, cuda:N and auto", program.Refusal(Rank("--device", "gpu")), StringComparison.Ordinal);
        Assert.Contains("is a CPU build", program.Refusal(Rank("--device", "cuda:1")), StringComparison.Ordinal);
        Assert.Contains("no such folder", program.Refusal(Rank("--torch", Folder["none"])), StringComparison.Ordinal);
        Assert.Contains("no such file or folder", program.Refusal("rank", "--data", Folder["target.npz"], "--zoo", Folder["none"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Overrides_and_scenario_reach_the_result()
    {
        Prepare(0, 3);
        var json = program.Run(Rank("--json", "--mean", "0.25,0.5,0.75", "--std", "1 0.5 0.25", "--scenario", "architecture", "--sampling", "stratified", "--seed", "7", "--memory", "0.001")).Json;
        Assert.Equal(("architecture", "architectures are compared, with both terms reversed (eq. 8 of the paper), as asked"), ((string)json["scenario"]!, (string)json["scenario_reason"]!));
        Assert.Equal("[0.25,0.5,0.75]", json["models"]![0]!["preprocessing"]!["mean"]!.ToJsonString());
        Assert.Equal("[1,0.5,0.25]", json["models"]![0]!["preprocessing"]!["std"]!.ToJsonString());
        Assert.Equal((7, "stratified"), ((int)json["provenance"]!["seed"]!, (string)json["provenance"]!["sampling"]!));
    }

    [Fact]
    public void Offline_a_checkpoint_that_is_not_there_is_skipped()
    {
        Prepare(0);
        File.WriteAllText(Folder["zoo/zoo.json"], """{ "models": [ { "id": "here", "checkpoint": "m0.safetensors" }, { "id": "far", "checkpoint": "far.pth", "url": "http://127.0.0.1:9/far.pth" } ] }""");
        var (code, output, _) = program.Run(Rank("--offline", "--json"));
        Assert.Equal(3, code);
        Assert.Equal("far", (string)JsonNode.Parse(output)!["skipped"]![0]!["id"]!);
    }

    [Fact]
    public async Task An_interrupt_ends_it_with_130_one_line_and_no_half_of_a_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent as on Linux");
        Drawings.Write(Folder["target.npz"], Motif.Brightness, perClass: 60, seed: 1);
        for (var i = 0; i < 3; i++) Pictures.Checkpoint(Folder[$"zoo/m{i}.safetensors"], ShuffleNet, seed: i);
        using var process = program.Start("rank", "--data", Folder["target.npz"], "--zoo", Path.Combine(Folder.Path, "zoo"), "--probe", "60", "--out", Folder["ranking.json"], "--json");
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        while (process.StandardError.ReadLine() is { } line && !line.StartsWith("[1/3]", StringComparison.Ordinal)) { }
        using (var kill = System.Diagnostics.Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)])) kill.WaitForExit();
        var rest = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(130, process.ExitCode);
        Assert.Equal("zoorank: interrupted. What was finished is kept: run the same command again to go on from there.", rest.TrimEnd('\n').Split('\n')[^1]);
        Assert.DoesNotContain("   at ", rest, StringComparison.Ordinal);
        Assert.Equal("", await output);
        Assert.False(File.Exists(Folder["ranking.json"]));
        Assert.Empty(Directory.GetFiles(Folder.Path, "*.tmp", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }));
    }

    [Fact]
    public void A_multi_label_set_gives_features_and_is_ranked_by_LogME()
    {
        Prepare(0, 3);
        var labels = NpyArray.Of<byte>([.. Enumerable.Range(0, 60).Select(k => (byte)(k % 2 == 0 || k % 7 == 0 ? 1 : 0))], 20, 3);
        NpzWriter.Write(Folder["chest.npz"], [new("train_images", new NpyArray(NpyType.UInt8, [20, 8, 8], [.. Enumerable.Range(0, 1280).Select(i => (byte)(i * i))])), new("train_labels", labels)]);
        string[] common = ["--data", Folder["chest.npz"], "--probe", "4", "--input-size", "32"];
        var (code, output, error) = program.Run(["features", "--model", Path.Combine(Folder.Path, "zoo") + ":m3", .. common, "--out", Folder["chest_features.npz"]]);
        Assert.True(code == 0, error);
        Assert.Contains("12×1024 features of shufflenet_v2_x0_5, 5 logits, labels 12×3, no gradients (multi-label).", output, StringComparison.Ordinal);
        using (var file = NpzFile.Open(Folder["chest_features.npz"])) Assert.Equal([12, 3], file.Read("labels").Shape);
        // Ranked by LogME, which such labels have; the paper's metric they have not.
        var ranking = program.Run(["rank", "--zoo", Path.Combine(Folder.Path, "zoo"), .. common, "--json", "--metrics", "hscore:shrunk,lp"]).Json;
        Assert.Equal("logme", (string)ranking["metric"]!);
        Assert.All(ranking["models"]!.AsArray(), m => Assert.True(m!["measures"]!["hscore:shrunk"]!.GetValue<double>() >= 0));
        Assert.StartsWith("it is defined for one label per image", (string)ranking["models"]![0]!["undefined"]!["lp"]!, StringComparison.Ordinal);
        Assert.Contains("Rank by one of logme", program.Refusal(["rank", "--zoo", Path.Combine(Folder.Path, "zoo"), .. common, "--by", "lp_fu"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_features_of_one_model_are_written_for_NumPy()
    {
        Prepare(0, 3);
        string[] common = ["--data", Folder["target.npz"], "--probe", "8", "--input-size", "32", "--out", Folder["features.npz"]];
        var (code, output, error) = program.Run(["features", "--model", Path.Combine(Folder.Path, "zoo") + ":m3", .. common]);
        Assert.True(code == 0, error);
        Assert.Contains("32×1024 features of shufflenet_v2_x0_5, 5 logits, 7 batches.", output, StringComparison.Ordinal);
        Assert.Contains("note: m3: mean and std are not stated", error, StringComparison.Ordinal);
        using (var file = NpzFile.Open(Folder["features.npz"])) Assert.Equal([32, 1024], file.Read("features").Shape);
        (_, output, _) = program.Run(["features", "--model", Path.Combine(Folder.Path, "zoo") + ":m3", "--layer", "stage3", .. common]);
        Assert.Contains("32×96 features of shufflenet_v2_x0_5 at stage3, 5 logits, 7 batches.", output, StringComparison.Ordinal);
        Assert.Contains("m3", program.Refusal(["features", "--model", Path.Combine(Folder.Path, "zoo") + ":m4", .. common]), StringComparison.Ordinal);
        Assert.Contains("no such file", program.Refusal(["features", "--model", Folder["none.pth"], .. common]), StringComparison.Ordinal);
    }
}
