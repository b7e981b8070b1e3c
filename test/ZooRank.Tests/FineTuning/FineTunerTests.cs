using System.Text.Json.Nodes;
using TorchSharp;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.FineTuning;
using ZooRank.Models;
using ZooRank.Runs;
using ZooRank.Tests.Features;
using static TorchSharp.torch;

namespace ZooRank.Tests.FineTuning;

[Collection(nameof(Training.SourceTrainerTests))]
public sealed class FineTunerTests : IDisposable
{
    private static readonly FineTuningProtocol Short = new() { MaxEpochs = 4 };
    private static readonly FineTuningGrid One = new() { LearningRates = [0.01], WeightDecays = [1e-4], Momenta = [0.9], BatchSizes = [16] };

    private readonly TemporaryFolder folder = new();
    private readonly ImageDataset dataset;
    private readonly FineTuningTarget target;
    private readonly LoadedModel model;

    public FineTunerTests()
    {
        dataset = Pictures.Drawn(folder, Motif.Brightness, 24);
        target = FineTuningTarget.Draw(dataset, new() { PerClass = 12 });
        model = Model("shufflenet_v2_x0_5");   // small: what is tested here hangs on no architecture where none is named
    }

    public void Dispose()
    {
        dataset.Dispose();
        folder.Dispose();
    }

    private LoadedModel Model(string architecture) => LoadedModel.Open(ModelZoo.Open(Pictures.Checkpoint(folder[$"{architecture}.safetensors"], architecture,
        card: new SourceModel { Id = architecture, Checkpoint = "", Mean = [0.5f, 0.5f, 0.5f], Std = [0.5f, 0.5f, 0.5f], InputSize = 32 })).Models[0]);

    private List<(LoadedModel, RunConfiguration)> Runs(FineTuningGrid grid, int seeds = 1, FineTuningProtocol? protocol = null, LoadedModel? of = null) =>
        [.. (protocol ?? Short).Runs(of ?? model, target, grid, seeds).Select(r => (of ?? model, r))];

    private GridOutcome Compute(string store, IReadOnlyList<(LoadedModel, RunConfiguration)> runs, IRunObserver? observer = null, CancellationTokenSource? timeUp = null) =>
        new GridRunner(RunStore.Open(folder[store]), target, CPU) { Observer = observer }.Compute(runs, timeUp?.Token ?? default, TestContext.Current.CancellationToken);

    private RunRecord Only(string store) => Assert.Single(RunStore.Open(folder[store]).Records());

    // What a run has found, without when and where.
    private static string Result(RunRecord record) => $"{record.Status} {record.BestEpoch} {record.StoppedAt} {record.ValidationLoss:R} {record.ValidationAuc:R} {record.TestLoss:R} {record.TestAuc:R} {string.Join(";", record.Curve.Select(e => $"{e.TrainLoss:R} {e.ValidationLoss:R}"))}";

    [Fact]
    public void A_run_learns_and_says_all_that_made_it()
    {
        var source = Model("resnet18");
        var runs = Runs(One, protocol: Short with { MaxEpochs = 8, Augment = false }, of: source);
        Assert.Equal(new GridOutcome(1, 0, 0, 0), Compute("truth", runs));
        var record = Only("truth");
        Assert.Equal(runs[0].Item2.Id, record.Id);
        Assert.Equal(RunStatus.Finished, record.Status);
        Assert.Equal(8, record.Curve.Count);
        Assert.InRange(record.TestAuc!.Value, 0.85, 1);   // four brightnesses: easy
        Assert.Equal(record.Curve[record.BestEpoch!.Value].ValidationLoss, record.ValidationLoss);
        Assert.Equal(record.Curve.Max(e => e.ValidationAuc), record.ValidationAuc);
        Assert.Equal(0.01 * (1 + Math.Cos(Math.PI * 2 / 8)) / 2, record.Curve[2].LearningRate, 15);
        Assert.Equal(source.Sha256, record.Configuration.Source.Sha256);
        Assert.Equal(target.Train.ContentHash, record.Configuration.Target.TrainSha256);
        Assert.Equal("cpu", record.Provenance!.Device);
    }

    [Fact]
    public void A_finished_run_is_not_computed_again()
    {
        Compute("truth", Runs(One));
        var before = File.GetLastWriteTimeUtc(Directory.EnumerateFiles(folder["truth/runs"], "*.json", SearchOption.AllDirectories).Single());
        Assert.Equal(new GridOutcome(0, 1, 0, 0), Compute("truth", Runs(One)));
        Assert.Equal(before, File.GetLastWriteTimeUtc(Directory.EnumerateFiles(folder["truth/runs"], "*.json", SearchOption.AllDirectories).Single()));
    }

    [Fact]
    public void The_same_seed_gives_the_same_run_and_another_seed_another()
    {
        Compute("a", Runs(One));
        Compute("b", Runs(One));
        Assert.Equal(Result(Only("a")), Result(Only("b")));
        Compute("c", Runs(One, seeds: 2).Skip(1).ToList());
        Assert.NotEqual(Result(Only("a")), Result(Only("c")));
    }

    [Theory]
    [InlineData("resnet18", 0, 2)]
    [InlineData("efficientnet_v2_s", 0, Explicit = true)]   // random numbers of its own: stochastic depth
    public void A_run_that_was_interrupted_goes_on_as_if_it_had_not_been(string architecture, params int[] after)
    {
        var source = Model(architecture);
        var runs = Runs(One, protocol: Short with { MaxEpochs = after[^1] + 2 }, of: source);
        Compute("whole", runs);
        foreach (var epoch in after)
        {
            using var stop = new CancellationTokenSource();
            Assert.Equal(new GridOutcome(0, 0, 0, 1), Compute("parts", runs, new StopAfter(epoch, stop), stop));
            Assert.Empty(RunStore.Open(folder["parts"]).Records());
        }
        Assert.Equal(1, Compute("parts", runs).Computed);
        Assert.Equal(Result(Only("whole")), Result(Only("parts")));
        Assert.Equal(after.Length, Only("parts").Provenance!.Interruptions);
        Assert.Empty(Directory.EnumerateFiles(folder["parts/work"], "*.safetensors", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_damaged_checkpoint_costs_its_epochs_and_nothing_else()
    {
        Compute("whole", Runs(One));
        using (var stop = new CancellationTokenSource()) Compute("parts", Runs(One), new StopAfter(1, stop), stop);
        var checkpoint = Directory.EnumerateFiles(folder["parts"], "checkpoint.safetensors", SearchOption.AllDirectories).Single();
        File.WriteAllBytes(checkpoint, File.ReadAllBytes(checkpoint)[..1000]);
        Compute("parts", Runs(One));
        Assert.Equal(Result(Only("whole")), Result(Only("parts")));
    }

    [Fact]
    public void A_run_whose_loss_becomes_infinite_ends_there_and_is_recorded_as_that()
    {
        Compute("truth", Runs(One with { LearningRates = [1e6] }));
        var record = Only("truth");
        Assert.Equal(RunStatus.Diverged, record.Status);
        Assert.InRange(record.Curve.Count, 1, 4);
        Assert.Null(record.TestAuc);
    }

    [Fact]
    public void Patience_ends_a_run_that_gets_no_better()
    {
        // A learning rate at which nothing moves: every epoch's validation AUC is the first one's, but for batch-norm's running statistics.
        Compute("truth", Runs(One with { LearningRates = [1e-30] }, protocol: Short with { MaxEpochs = 30, Patience = 2 }));
        var record = Only("truth");
        Assert.Equal(record.BestEpoch + 2, record.StoppedAt);
        Assert.InRange(record.StoppedAt!.Value, 2, 20);
    }

    [Fact]
    public void Runs_that_another_has_claimed_are_left_to_it()
    {
        var runs = Runs(One, seeds: 2);
        using var other = RunStore.Open(folder["truth"]).TryClaim(runs[0].Item2.Id);
        Assert.Equal(new GridOutcome(1, 0, 1, 0), Compute("truth", runs));
    }

    [Fact]
    public void A_run_whose_holder_on_another_machine_fell_silent_is_waited_for_and_taken_over()
    {
        var runs = Runs(One, seeds: 2);
        var store = RunStore.Open(folder["truth"], new(Heartbeat: TimeSpan.FromSeconds(0.2), Stale: TimeSpan.FromSeconds(4), Settled: TimeSpan.FromHours(1)));
        store.TryClaim(runs[0].Item2)!.Dispose();
        var file = folder[$"truth/work/{runs[0].Item2.Id}.1.claim"];
        var claim = JsonNode.Parse(File.ReadAllText(file))!;
        (claim["state"], claim["holder"]!["host"]) = ("held", "a node that died");
        File.WriteAllText(file, claim.ToJsonString());
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow - TimeSpan.FromSeconds(1));
        Assert.Equal(new GridOutcome(2, 0, 0, 0), new GridRunner(store, target, CPU).Compute(runs, CancellationToken.None, TestContext.Current.CancellationToken));
        Assert.Equal(2, store.Records().Count);
    }

    [Fact]
    public void Nothing_of_a_run_stays_behind_in_memory()
    {
        Compute("warm", Runs(One));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Compute("truth", Runs(One, seeds: 2));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void The_paper_s_grid_has_120_runs_with_its_batch_sizes()
    {
        // arXiv 2412.20172: {128, 256} for Path (900 images), Derma, Blood, Tissue, OrganA/C/S (1,100); {64, 128} for OCT (400), Retina (500); {32, 64} for Pneumonia, Breast (200).
        Assert.Equal(120, FineTuningGrid.Paper.Combinations(900).Distinct().Count());
        foreach (var (images, sizes) in new[] { (700, "128,256"), (1100, "128,256"), (500, "64,128"), (400, "64,128"), (200, "32,64") })
            Assert.Equal(sizes, string.Join(",", FineTuningGrid.Paper.Combinations(images).Select(h => h.BatchSize).Distinct().Order()));
    }

    [Theory]
    [InlineData("{", "not a grid")]
    [InlineData("""{"lr": [], "weight_decay": [0], "momentum": [0]}""", "'lr' is empty")]
    [InlineData("""{"lr": [0.1], "weight_decay": [0], "momentum": [1]}""", "below 1")]
    [InlineData("""{"lr": [0.1, 0.1], "weight_decay": [0], "momentum": [0]}""", "twice")]
    [InlineData("""{"lr": [0.1], "weight_decay": [0], "momentum": [0], "learning_rate": [1]}""", "not a grid")]
    [InlineData("null", "empty")]
    public void A_grid_that_is_none_is_refused_in_a_line(string text, string part)
    {
        File.WriteAllText(folder["grid.json"], text);
        var message = Assert.Throws<InvalidInputException>(() => FineTuningGrid.Open(folder["grid.json"])).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Throws<InvalidInputException>(() => FineTuningGrid.Open("nowhere.json"));
    }

    private sealed class StopAfter(int epoch, CancellationTokenSource stop) : IRunObserver
    {
        public void Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind) { }
        public void EpochDone(RunConfiguration run, EpochRecord record)
        {
            if (record.Epoch >= epoch) stop.Cancel();
        }
        public void Finished(RunRecord record) { }
        public void Interrupted(RunConfiguration run) { }
    }
}
