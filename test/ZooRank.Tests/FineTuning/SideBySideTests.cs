using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.FineTuning;
using ZooRank.Models;
using ZooRank.Runs;
using ZooRank.Tests.Features;
using static TorchSharp.torch;

namespace ZooRank.Tests.FineTuning;

/// <summary>Runs trained together give what they give alone. Convolutions in groups sum in another order, so single precision differs in its last digits, and a step later in more.</summary>
[Collection(nameof(Training.SourceTrainerTests))]
public sealed class SideBySideTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly ImageDataset dataset;
    private readonly FineTuningTarget target;
    private readonly List<(LoadedModel Model, RunConfiguration Run)> runs;

    public SideBySideTests()
    {
        dataset = Pictures.Drawn(folder, Motif.Stripes, 24);
        target = FineTuningTarget.Draw(dataset, new() { PerClass = 12 });
        // Two sources that want different normalisations, two momenta and weight decays, two seeds.
        var models = new[] { (Name: "a", Half: 0.5f, Turn: 0), (Name: "b", Half: 0.3f, Turn: 5) }.Select(m => LoadedModel.Open(ModelZoo.Open(Pictures.Checkpoint(folder[m.Name + ".safetensors"], "resnet18", seed: m.Turn,
            card: new SourceModel { Id = m.Name, Checkpoint = "", Mean = [m.Half, m.Half, m.Half], Std = [0.5f, 0.5f, 0.5f], InputSize = 32 })).Models[0]));
        var grid = new FineTuningGrid { LearningRates = [1e-4], Momenta = [0.9, 0], WeightDecays = [1e-3], BatchSizes = [16] };
        runs = [.. models.SelectMany(m => new FineTuningProtocol { MaxEpochs = 3 }.Runs(m, target, grid, seeds: 1).Select((r, i) => (m, r with { Seed = i, WeightDecay = i * 1e-3 })))];
    }

    public void Dispose()
    {
        dataset.Dispose();
        folder.Dispose();
    }

    private List<RunRecord> Compute(string store, int together, int epochs = 3, int patience = 50, IReadOnlyList<(LoadedModel Model, RunConfiguration Run)>? of = null)
    {
        var changed = (of ?? runs).Select(r => (r.Model, r.Run with { MaxEpochs = epochs, Patience = patience })).ToList();
        var outcome = new GridRunner(RunStore.Open(folder[store]), target, CPU) { Together = together }.Compute(changed, default, TestContext.Current.CancellationToken);
        Assert.Equal(changed.Count, outcome.Computed);
        return [.. RunStore.Open(folder[store]).Records()];
    }

    [Fact]
    public void What_runs_give_together_they_give_alone()
    {
        var (alone, together) = (Compute("alone", 1), Compute("together", 3));   // 3 and 1
        Assert.Equal(alone.Select(r => r.Id), together.Select(r => r.Id));
        foreach (var (one, many) in alone.Zip(together))
        {
            // After the first epoch of three steps the losses still agree to single precision's few last digits.
            Assert.Equal(one.Curve[0].TrainLoss!.Value, many.Curve[0].TrainLoss!.Value, 1e-4);
            foreach (var (a, b) in one.Curve.Zip(many.Curve))
            {
                Assert.Equal(a.TrainLoss!.Value, b.TrainLoss!.Value, 1e-2);
                Assert.Equal(a.ValidationLoss!.Value, b.ValidationLoss!.Value, 1e-2);
                Assert.Equal(a.LearningRate, b.LearningRate);
            }
        }
    }

    [Fact]
    public void One_that_diverges_takes_no_other_with_it_and_is_recorded_as_if_it_had_been_alone()
    {
        List<(LoadedModel Model, RunConfiguration Run)> mixed = [runs[0], (runs[1].Model, runs[1].Run with { LearningRate = 1e6 }), runs[3]];
        var (alone, together) = (Compute("alone", 1, of: mixed), Compute("together", 8, of: mixed));
        Assert.Equal(alone.Select(r => (r.Id, r.Status, r.StoppedAt)), together.Select(r => (r.Id, r.Status, r.StoppedAt)));
        Assert.Equal(1, together.Count(r => r.Status == RunStatus.Diverged));
        foreach (var (one, many) in alone.Zip(together).Where(p => p.First.Status == RunStatus.Finished)) Assert.Equal(one.Curve[0].TrainLoss!.Value, many.Curve[0].TrainLoss!.Value, 1e-4);
    }

    [Fact(Explicit = true)]
    public void Runs_that_end_early_leave_the_others_to_go_on()
    {
        var records = Compute("patience", 8, epochs: 12, patience: 1);
        Assert.All(records, r => Assert.Equal(r.Curve.Count - 1, r.StoppedAt));
        Assert.All(records, r => Assert.True(r.StoppedAt == 11 || r.StoppedAt == r.BestEpoch + 1));
        Assert.True(records.Select(r => r.StoppedAt).Distinct().Count() > 1);
    }

    [Fact(Explicit = true)]
    public void A_run_begun_together_can_be_finished_alone()
    {
        List<(LoadedModel, RunConfiguration)> two = [runs[0], runs[3]];
        var whole = Compute("alone", 1, of: two);
        using var stop = new CancellationTokenSource();
        var runner = new GridRunner(RunStore.Open(folder["parts"]), target, CPU) { Together = 8, Observer = new StopAtOnce(stop) };
        Assert.Equal(two.Count, runner.Compute(two, stop.Token, TestContext.Current.CancellationToken).Left);
        foreach (var (one, other) in whole.Zip(Compute("parts", 1, of: two)))
        {
            Assert.Equal((one.Id, 3, 1), (other.Id, other.Curve.Count, other.Provenance!.Interruptions));
            Assert.Equal(one.Curve[2].TrainLoss!.Value, other.Curve[2].TrainLoss!.Value, 1e-2);
        }
    }

    private sealed class StopAtOnce(CancellationTokenSource stop) : IRunObserver
    {
        public void Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind) { }
        public void EpochDone(RunConfiguration run, EpochRecord epoch) => stop.Cancel();
        public void Finished(RunRecord record) { }
        public void Interrupted(RunConfiguration run) { }
    }
}
