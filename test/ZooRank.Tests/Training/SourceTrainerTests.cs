using System.Globalization;
using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Models;
using ZooRank.Runs;
using ZooRank.Tests.Data;
using ZooRank.Tests.Features;
using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.Tests.Training;

/// <summary>Alone on the process: weights are drawn from libtorch's one global generator, from which other tests draw too.</summary>
[CollectionDefinition(nameof(SourceTrainerTests), DisableParallelization = true)]
[Collection(nameof(SourceTrainerTests))]
public sealed class SourceTrainerTests : IDisposable
{
    private static readonly Architecture ShuffleNet = Architectures.Get("shufflenet_v2_x0_5");
    private static readonly SourceTrainingOptions Small = new() { Epochs = 1, LearningRate = 0.05, BatchSize = 16, InputSize = 32 };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private SourceTraining Train(ImageDataset dataset, string name, SourceTrainingOptions? options = null, IProgress<TrainingProgress>? progress = null, Architecture? architecture = null) =>
        SourceTrainer.Train(dataset, architecture ?? ShuffleNet, folder[name], options ?? Small, progress, TestContext.Current.CancellationToken);

    /// <summary>Every tensor of a file, bit for bit.</summary>
    private Dictionary<string, string> Weights(string name)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(folder[name]);
        return checkpoint.Tensors.ToDictionary(t => t.Name, t => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(checkpoint.Read(t).bytes)));
    }

    [Fact]
    public void What_can_be_learned_is_learned()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Brightness, 48);
        var untrained = Train(dataset, "untrained.safetensors", Small with { Epochs = 0 }).Model.Training!.Outcome!;
        Assert.Equal((0, null, null), (untrained.EpochsTrained, untrained.BestEpoch, untrained.ValidationAuc));
        // Four brightnesses, chance is 25 % and an AUC of 0.5.
        var outcome = Train(dataset, "trained.safetensors", Small with { Epochs = 8, LearningRate = 0.02, DecayEvery = 5 }, architecture: Architectures.Get("resnet18")).Model.Training!.Outcome!;
        Assert.InRange(outcome.ValidationAccuracy!.Value, 0.75, 1);
        Assert.InRange(outcome.ValidationAuc!.Value, 0.95, 1);
    }

    [Fact]
    public void The_file_is_a_source_model_that_says_how_to_feed_it()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        Train(dataset, "stripes.safetensors");
        var model = LoadedModel.Open(Assert.Single(ModelZoo.Open(folder["stripes.safetensors"]).Models));
        Assert.Equal(("stripes", ShuffleNet.Name, 4, 32), (model.Source.Id, model.ArchitectureName, model.ClassCount, model.Preprocessing.InputSize));
        Assert.Equal([0.5f, 0.5f, 0.5f], model.Preprocessing.Mean);
        Assert.Equal(dataset.ClassNames, model.Source.Classes);
        Assert.Equal(dataset.Name, model.Source.Source);
        Assert.Empty(model.Caveats);
        using var scope = NewDisposeScope();
        Assert.True(model.Network(CPU).forward(zeros(2, 3, 32, 32)).isfinite().all().item<bool>());
    }

    [Fact]
    public void The_same_seed_trains_the_same_weights_and_another_one_others()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        Train(dataset, "a.safetensors");
        Train(dataset, "b.safetensors");
        Train(dataset, "c.safetensors", Small with { Seed = 25 });
        Assert.Equal(Weights("a.safetensors"), Weights("b.safetensors"));
        Assert.NotEqual(Weights("a.safetensors"), Weights("c.safetensors"));
    }

    [Fact]
    public void Progress_is_told_to_the_end()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        var seen = new List<TrainingProgress>();
        var training = Train(dataset, "a.safetensors", Small with { Epochs = 2 }, new Told(seen.Add));
        Assert.Equal([(32, 40), (40, 40)], seen.Select(p => p.Images).Where(i => i.All > 0));   // 32 images and 8 for validation
        var batches = seen.Where(p => p.Images.All == 0 && p.Ended is null).ToList();
        Assert.Equal([0.25, 0.5, 0.75, 1], batches.Select(p => p.Fraction));   // two batches an epoch
        Assert.Equal([0, 0, 1, 1], batches.Select(p => p.Epoch));
        Assert.All(batches, p => Assert.True(p.Loss > 0));
        Assert.Equal(training.Curve, seen.Select(p => p.Ended).OfType<EpochRecord>());
    }

    private sealed class Told(Action<TrainingProgress> tell) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => tell(value);
    }

    [Fact]
    public void A_learning_rate_beyond_reason_is_told_with_a_better_one_whatever_the_culture()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
        try
        {
            var message = Assert.Throws<InvalidInputException>(() => Train(dataset, "a.safetensors", Small with { Epochs = 40, LearningRate = 1.5e30 })).Message;
            Assert.StartsWith("training diverged in epoch ", message, StringComparison.Ordinal);
            Assert.EndsWith("Lower the learning rate: --lr 1.5E+29.", message, StringComparison.Ordinal);
            Assert.False(File.Exists(folder["a.safetensors"]));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Cancellation_ends_it_and_writes_nothing()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        using var source = new CancellationTokenSource();
        var cancels = new Told(_ => source.Cancel());
        Assert.Throws<OperationCanceledException>(() => SourceTrainer.Train(dataset, ShuffleNet, folder["a.safetensors"], Small with { Epochs = 50 }, cancels, source.Token));
        Assert.False(File.Exists(folder["a.safetensors"]));
    }

    [Fact]
    public void What_cannot_be_trained_on_is_refused()
    {
        using var one = ImageDatasets.Open(DatasetFiles.Npz(folder["one.npz"], ("train_images", DatasetFiles.Images(4, 8, 8)), ("train_labels", DatasetFiles.Labels(1, 1, 1, 1)), ("test_images", DatasetFiles.Images(2, 8, 8)), ("test_labels", DatasetFiles.Labels(0, 1))));
        Assert.Contains("all training images are of one class", Assert.Throws<InvalidInputException>(() => Train(one, "a.safetensors")).Message, StringComparison.Ordinal);
        using var many = ImageDatasets.Open(DatasetFiles.Npz(folder["many.npz"], ("train_images", DatasetFiles.Images(4, 8, 8)), ("train_labels", NpyArray.Of<byte>([1, 1, 0, 1, 1, 0, 0, 1], 4, 2))));
        Assert.Contains("too few to hold any out", Assert.Throws<InvalidInputException>(() => Train(many, "a.safetensors")).Message, StringComparison.Ordinal);
        using var same = ImageDatasets.Open(DatasetFiles.Npz(folder["same.npz"], ("train_images", DatasetFiles.Images(2, 8, 8)), ("train_labels", NpyArray.Of<byte>([1, 1, 0, 1, 1, 0], 2, 3))));
        Assert.Contains("nothing to learn", Assert.Throws<InvalidInputException>(() => Train(same, "a.safetensors")).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path, "a.safetensors*"));
    }

    [Fact]
    public void It_leaves_no_tensor_behind()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        Train(dataset, "a.safetensors");
        using var join = JoinedDataset.Join([dataset, Pictures.Drawn(folder, Motif.Brightness, 8, "other.npz")]);
        Train(join, "join.safetensors");
        var before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Train(dataset, "a.safetensors", Small with { Overwrite = true });
        Train(join, "join.safetensors", Small with { Overwrite = true, CheckpointEvery = TimeSpan.Zero });
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void An_interrupted_training_goes_on_to_the_very_same_model()
    {
        using var dataset = Pictures.Drawn(folder, Motif.CellsByContent, 8);
        var options = Small with { Epochs = 5, DecayEvery = 3, Augment = true, CheckpointEvery = TimeSpan.FromHours(1) };
        var mnasnet = Architectures.Get("mnasnet1_0");   // it has dropout, which draws random numbers
        var whole = Train(dataset, "whole.safetensors", options, architecture: mnasnet);

        foreach (var end in new[] { 2, 4 })
        {
            using var source = new CancellationTokenSource();
            // In the middle of the epoch after, so that what it had done of it is lost.
            var kill = new Told(p => { if (p.Epoch == end && p.Ended is null && p.Images.All == 0) source.Cancel(); });
            Assert.Throws<OperationCanceledException>(() => SourceTrainer.Train(dataset, mnasnet, folder["cut.safetensors"], options, kill, source.Token));
            Assert.False(File.Exists(folder["cut.safetensors"]));
            Assert.True(File.Exists(folder["cut.safetensors.progress"]));
            Assert.Single(ModelZoo.Open(folder.Path).Models);   // the one that is whole
        }
        var epochs = new List<int>();
        var continued = Train(dataset, "cut.safetensors", options, new Told(p => { if (p.Ended is { } e) epochs.Add(e.Epoch); }), mnasnet);

        Assert.Equal([4], epochs);
        Assert.Equal(Weights("whole.safetensors"), Weights("cut.safetensors"));
        Assert.Equal(whole.Curve.Select(e => e with { Seconds = 0 }), continued.Curve.Select(e => e with { Seconds = 0 }));
        Assert.Equal((0, 2), (whole.Model.Training!.Outcome!.Interruptions, continued.Model.Training!.Outcome!.Interruptions));
        Assert.False(File.Exists(folder["cut.safetensors.progress"]));
    }

    [Fact]
    public void What_is_finished_is_not_trained_again_and_what_is_another_is_not_replaced()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        var first = Train(dataset, "a.safetensors");
        var written = File.GetLastWriteTimeUtc(folder["a.safetensors"]);
        var again = Train(dataset, "a.safetensors", progress: new Told(_ => Assert.Fail("there is nothing to do")));
        Assert.Equal((false, true), (first.WasFinished, again.WasFinished));
        Assert.Equal(ModelCard.Write(first.Model), ModelCard.Write(again.Model));

        string Refusal(SourceTrainingOptions? options = null, ImageDataset? other = null) => Assert.Throws<InvalidInputException>(() => Train(other ?? dataset, "a.safetensors", options)).Message;
        Assert.Contains("learning_rate is 0.05 there, 0.1 here", Refusal(Small with { LearningRate = 0.1 }), StringComparison.Ordinal);
        Assert.Contains("epochs is 1 there, 2 here", Refusal(Small with { Epochs = 2 }), StringComparison.Ordinal);
        using var changed = Pictures.Drawn(folder, Motif.Stripes, 8, seed: 2);   // other pictures under the same name
        Assert.Contains("sha256", Refusal(other: changed), StringComparison.Ordinal);
        File.Copy(Pictures.Checkpoint(folder["foreign.safetensors"], ShuffleNet.Name), folder["b.safetensors"]);
        Assert.Contains("no card of a model trained here", Assert.Throws<InvalidInputException>(() => Train(dataset, "b.safetensors")).Message, StringComparison.Ordinal);
        Assert.Equal(written, File.GetLastWriteTimeUtc(folder["a.safetensors"]));

        Assert.False(Train(dataset, "a.safetensors", Small with { Overwrite = true, LearningRate = 0.1 }).WasFinished);
        var elsewhere = Path.Combine(folder.Path, "no", "folder", "yet", "a.safetensors");
        Assert.False(SourceTrainer.Train(dataset, ShuffleNet, elsewhere, Small with { Overwrite = true }, cancellation: TestContext.Current.CancellationToken).WasFinished);
    }

    [Fact]
    public void The_beginning_of_another_training_is_refused_and_a_damaged_one_too()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        void Interrupt(SourceTrainingOptions options)
        {
            using var source = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => SourceTrainer.Train(dataset, ShuffleNet, folder["a.safetensors"], options, new Told(p => { if (p.Epoch == 1 && p.Ended is null) source.Cancel(); }), source.Token));
        }
        var options = Small with { Epochs = 3, CheckpointEvery = TimeSpan.Zero };
        Interrupt(options);
        Assert.Contains("the beginning of another training (epochs is 3 there, 4 here)", Assert.Throws<InvalidInputException>(() => Train(dataset, "a.safetensors", options with { Epochs = 4 })).Message, StringComparison.Ordinal);
        Safetensors.Write(folder["a.safetensors.progress"], []);
        Assert.Contains("--force", Assert.Throws<InvalidInputException>(() => Train(dataset, "a.safetensors", options)).Message, StringComparison.Ordinal);
        Assert.Equal(3, Train(dataset, "a.safetensors", options with { Overwrite = true }).Curve.Count);
    }

    [Fact]
    public void The_epoch_that_is_best_on_validation_images_is_kept()
    {
        using var dataset = Pictures.Drawn(folder, Motif.CellsByContent, 16);
        // A learning rate at which it goes up and down.
        var training = Train(dataset, "best.safetensors", Small with { Epochs = 8, LearningRate = 0.3 });
        var best = training.Curve.MaxBy(e => e.ValidationAuc)!;
        Assert.Equal(best.Epoch + 1, training.Model.Training!.Outcome!.BestEpoch);
        Assert.Equal(best.ValidationAuc, training.Model.Training.Outcome.ValidationAuc);
        Train(dataset, "short.safetensors", Small with { Epochs = best.Epoch + 1, LearningRate = 0.3, Selection = EpochSelection.Last });
        Assert.Equal(Weights("short.safetensors"), Weights("best.safetensors"));

        var byLoss = Train(dataset, "loss.safetensors", Small with { Epochs = 8, LearningRate = 0.3, Selection = EpochSelection.Loss });
        Assert.Equal(training.Curve.MinBy(e => e.ValidationLoss)!.Epoch + 1, byLoss.Model.Training!.Outcome!.BestEpoch);
    }

    [Fact]
    public void Without_a_better_epoch_patience_ends_it()
    {
        using var dataset = Pictures.Drawn(folder, Motif.CellsByContent, 16);
        var options = Small with { Epochs = 10, LearningRate = 0.3 };
        var whole = Train(dataset, "whole.safetensors", options).Curve;
        var ended = Train(dataset, "ended.safetensors", options with { Patience = 2 }).Curve;
        // The first epoch that is two behind the best so far.
        var expected = Enumerable.Range(1, whole.Count).First(n => n == whole.Count || n - 1 - whole.Take(n).MaxBy(e => e.ValidationAuc)!.Epoch == 2);
        Assert.Equal(whole.Take(expected).Select(e => e.ValidationAuc), ended.Select(e => e.ValidationAuc));
        Assert.InRange(expected, 3, 9);   // else this would show nothing
    }

    [Fact]
    public void The_learning_rate_falls_by_steps()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 4);
        var training = Train(dataset, "a.safetensors", Small with { Epochs = 5, DecayEvery = 2, DecayFactor = 0.5, LearningRate = 0.08 });
        Assert.Equal([0.08, 0.08, 0.04, 0.04, 0.02], training.Curve.Select(e => e.LearningRate));
    }

    [Fact]
    public void Where_there_is_no_validation_split_a_tenth_is_held_out_by_patient_and_it_is_said()
    {
        var random = new Random(1);
        var lines = new List<string> { "path,label,patient" };
        for (var i = 0; i < 80; i++)
        {
            DatasetFiles.Png(folder[$"images/{i}.png"], random.Next(256));
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"images/{i}.png,{(i % 4 == 0 ? "rare" : "common")},p{i / 2}"));
        }
        File.WriteAllLines(folder["set.csv"], lines);
        using var dataset = ImageDatasets.Open(folder["set.csv"]);
        var training = Train(dataset, "a.safetensors");
        var data = Assert.Single(training.Model.Training!.Data);
        Assert.Equal((true, 80), (data.HeldOut, data.TrainImages + data.ValidationImages));
        Assert.InRange(data.ValidationImages, 8, 10);   // whole patients of two images
        Assert.Contains("patient by patient", Assert.Single(training.Caveats, c => c.Code == "held-out").Message, StringComparison.Ordinal);

        var without = Train(dataset, "b.safetensors", Small with { Selection = EpochSelection.Last });
        data = Assert.Single(without.Model.Training!.Data);
        Assert.Equal((null, 80, 0), (data.HeldOut, data.TrainImages, data.ValidationImages));
        Assert.Empty(without.Caveats);
    }

    [Fact]
    public void Findings_are_learned_by_binary_cross_entropy()
    {
        // Finding 0: the left half is bright; finding 1: the upper half is; as in ChestMNIST any number of them, also none. Finding 2 nobody has.
        using var dataset = ImageDatasets.Open(Findings("chest-like.npz", 96, 32));
        Assert.Equal(TaskKind.MultiLabel, dataset.Kind);
        var training = Train(dataset, "a.safetensors", Small with { Epochs = 8 }, architecture: Architectures.Get("resnet18"));
        var (card, outcome) = (training.Model.Training!, training.Model.Training!.Outcome!);
        Assert.Equal(("binary_cross_entropy", 3), (card.Loss, training.Model.Classes!.Count));
        Assert.InRange(outcome.ValidationAuc!.Value, 0.95, 1);
        Assert.Contains("'finding 2'", Assert.Single(training.Caveats, c => c.Code == "class-not-validated").Message, StringComparison.Ordinal);
        Assert.Equal(3, LoadedModel.Open(ModelZoo.Open(folder["a.safetensors"]).Models.Single()).ClassCount);
    }

    private string Findings(string name, params int[] counts)
    {
        var random = new Random(1);
        var arrays = new List<(string, NpyArray)>();
        foreach (var (split, n) in new[] { "train", "val" }.Zip(counts))
        {
            var (pixels, labels) = (new byte[n * 256], new byte[n * 3]);
            for (var i = 0; i < n; i++)
            {
                var (left, upper) = (random.Next(2), random.Next(2));
                (labels[3 * i], labels[(3 * i) + 1]) = ((byte)left, (byte)upper);
                for (var p = 0; p < 256; p++) pixels[(i * 256) + p] = (byte)(40 + random.Next(60) + (p % 16 < 8 ? 70 * left : 0) + (p < 128 ? 70 * upper : 0));
            }
            arrays.Add(($"{split}_images", NpyArray.Of<byte>(pixels, n, 16, 16)));
            arrays.Add(($"{split}_labels", NpyArray.Of<byte>(labels, n, 3)));
        }
        return DatasetFiles.Npz(folder[name], [.. arrays]);
    }

    [Fact]
    public void A_join_is_one_source_that_knows_all_its_labels_and_each_of_its_sets()
    {
        using var stripes = Pictures.Drawn(folder, Motif.Stripes, 8, "stripes.npz");
        using var brightness = Pictures.Drawn(folder, Motif.Brightness, 16, "brightness.npz");
        using var chest = ImageDatasets.Open(Findings("findings.npz", 24, 12));
        using var colour = ImageDatasets.Open(DatasetFiles.Npz(folder["colour.npz"], ("train_images", DatasetFiles.Images(20, 20, 14, 3)), ("train_labels", DatasetFiles.Cycle(20, 2))));   // RGB, another size, no validation split
        var training = Train(JoinedDataset.Join([stripes, brightness, chest, colour], leaveOut: ["brightness"]), "join.safetensors", Small with { Epochs = 2 });
        var model = LoadedModel.Open(ModelZoo.Open(folder["join.safetensors"]).Models.Single());
        Assert.Equal((4 + 3 + 1 + 2, "stripes + findings + colour"), (model.ClassCount, model.Source.Source));
        Assert.Equal([("stripes", 32, 8, null), ("findings", 24, 12, null), ("colour", 18, 2, true)], model.Source.Training!.Data.Select(d => (d.Name, d.TrainImages, d.ValidationImages, d.HeldOut)));
        Assert.Equal(stripes.ContentHash(Split.Train, [.. Enumerable.Range(0, 32)]), model.Source.Training.Data[0].TrainSha256);
        Assert.Equal("colour", Assert.Single(training.Caveats, c => c.Code == "held-out").About);
        Assert.All(training.Curve, e => Assert.NotNull(e.ValidationAuc));
        Assert.Equal("paper", model.Source.Training.Augmentation);   // of a join, as published
    }

    [Fact]
    public void Augmentation_changes_what_is_trained_on_and_nothing_that_is_validated()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        var options = Small with { LearningRate = 1e-30 };   // the weights stay; the running statistics are of augmented images
        var (plain, augmented) = (Train(dataset, "plain.safetensors", options), Train(dataset, "augmented.safetensors", options with { Augment = true }));
        Assert.Equal(("none", "paper"), (plain.Model.Training!.Augmentation, augmented.Model.Training!.Augmentation));
        Assert.NotEqual(plain.Curve[0].TrainLoss, augmented.Curve[0].TrainLoss);
        var (a, b) = (Weights("plain.safetensors"), Weights("augmented.safetensors"));
        Assert.All(a.Keys.Where(k => k.EndsWith("running_mean", StringComparison.Ordinal)), k => Assert.NotEqual(a[k], b[k]));
        Assert.All(a.Keys.Where(k => k.EndsWith(".weight", StringComparison.Ordinal)), k => Assert.Equal(a[k], b[k]));
    }

    [Fact]
    public void Half_precision_halves_the_file_and_rounds_the_weights_only()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        Train(dataset, "single.safetensors");
        Train(dataset, "half.safetensors", Small with { HalfPrecision = true });
        Assert.InRange(new FileInfo(folder["half.safetensors"]).Length, 0, (long)(0.6 * new FileInfo(folder["single.safetensors"]).Length));
        using var scope = NewDisposeScope();
        using var single = Checkpoint.Open(folder["single.safetensors"]);
        using var half = Checkpoint.Open(folder["half.safetensors"]);
        foreach (var (a, b) in single.Tensors.OrderBy(t => t.Name).Zip(half.Tensors.OrderBy(t => t.Name)))
        {
            Assert.Equal(a.DType == ScalarType.Float32 ? ScalarType.Float16 : a.DType, b.DType);
            Assert.True(single.Read(a).to(b.DType).equal(half.Read(b)).all().item<bool>());
        }
        Assert.Equal(ShuffleNet.Name, LoadedModel.Open(ModelZoo.Open(folder["half.safetensors"]).Models.Single()).ArchitectureName);
    }

    [Theory]
    [InlineData(false, Explicit = true)]
    [InlineData(true)]
    public void PyTorch_takes_the_same_steps(bool joined)
    {
        using var stripes = Pictures.Drawn(folder, Motif.Stripes, 12, "stripes.npz");
        using var brightness = Pictures.Drawn(folder, Motif.Brightness, 6, "brightness.npz");
        var dataset = joined ? JoinedDataset.Join([stripes, brightness]) : stripes;
        // A last batch that is not full, a learning rate that falls after the first epoch.
        var options = Small with { Epochs = 2, DecayEvery = 1, LearningRate = 1e-4, BatchSize = 16, Augment = false };
        Train(dataset, "start.safetensors", options with { Epochs = 0 }, architecture: Architectures.Get("resnet18"));
        var training = Train(dataset, "end.safetensors", options, architecture: Architectures.Get("resnet18"));
        var order = new TrainingOrder(dataset, TrainingSampling.Balanced);
        File.WriteAllLines(folder["order.txt"], Enumerable.Range(0, 2).Select(epoch => string.Join(' ', order.Of(options.Seed, epoch))));

        // torchvision's ResNet18 from the weights we started with, over the batches we drew; torch.optim.SGD, StepLR, scikit-learn's AUC. In float64, for in float32 PyTorch 1.13 itself is off by
        // a hundredth after one step. At the epoch of the best AUC: how far our weights are from PyTorch's, as a share of how far they have come.
        var found = Python.Run("numpy, sklearn, torch, torchvision", """
            import json
            import numpy as np
            from sklearn.metrics import roc_auc_score
            folder, joined = sys.argv[1], sys.argv[2] == 'True'

            def read(path):
                raw = open(path, 'rb').read()
                n = int.from_bytes(raw[:8], 'little')
                head = json.loads(raw[8:8 + n])
                head.pop('__metadata__')
                types = {'F32': np.float32, 'I64': np.int64}
                return {k: torch.from_numpy(np.frombuffer(raw, types[v['dtype']], int(np.prod(v['shape'])), 8 + n + v['data_offsets'][0]).reshape(v['shape']).copy()) for k, v in head.items()}

            def load(split):
                x, y, base = [], [], 0
                for name in ['stripes', 'brightness'] if joined else ['stripes']:
                    d = np.load(f'{folder}/{name}.npz')
                    x.append(d[split + '_images'])
                    y.append(d[split + '_labels'].ravel().astype(np.int64) + base)
                    base += 4
                x = torch.from_numpy(np.concatenate(x)).double().div(255).sub(0.5).div(0.5)[:, None].repeat(1, 3, 1, 1)
                return x, torch.from_numpy(np.concatenate(y)), base

            x, y, classes = load('train')
            vx, vy, _ = load('val')
            one_hot = lambda labels: torch.nn.functional.one_hot(labels, classes).double()
            criterion = torch.nn.BCEWithLogitsLoss() if joined else torch.nn.CrossEntropyLoss()
            target = one_hot if joined else (lambda labels: labels)
            net = torchvision.models.resnet18(num_classes=classes)
            net.load_state_dict(read(f'{folder}/start.safetensors'))
            net.double()
            start = {k: v.clone() for k, v in net.state_dict().items()}
            optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4)
            scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1)
            rows, states = [], []
            for line in open(f'{folder}/order.txt'):
                order = torch.tensor([int(w) for w in line.split()])
                net.train()
                total = 0
                for batch in order.split(16):
                    optimizer.zero_grad()
                    loss = criterion(net(x[batch]), target(y[batch]))
                    loss.backward()
                    optimizer.step()
                    total += loss.item() * len(batch)
                scheduler.step()
                net.eval()
                with torch.no_grad():
                    logits = net(vx)
                    p = (logits.sigmoid() if joined else logits.softmax(1)).numpy()
                    rows.append([total / len(order), criterion(logits, target(vy)).item(), np.mean([roc_auc_score(vy.numpy() == c, p[:, c]) for c in range(classes)])])
                states.append({k: v.clone() for k, v in net.state_dict().items()})
            best = int(np.argmax([r[2] for r in rows]))
            end = read(f'{folder}/end.safetensors')
            assert end.keys() == states[best].keys()
            norm = lambda a, b: sum(((a[k].double() - b[k].double()) ** 2).sum() for k in a if 'tracked' not in k).sqrt().item()
            worst = norm(states[best], end) / norm(states[best], start)
            assert all(states[best][k] == end[k] for k in end if 'tracked' in k)
            for r in rows: print(*map(repr, map(float, r)))
            print(best + 1, worst)
            """, folder.Path, $"{joined}").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ').Select(w => double.Parse(w, CultureInfo.InvariantCulture)).ToArray()).ToArray();

        // Ours computes in float32; batch normalisation over few images amplifies its rounding, the more the further training goes, hence few and small steps.
        Assert.Equal(found[^1][0], training.Model.Training!.Outcome!.BestEpoch!.Value);
        Assert.InRange(found[^1][1], 0, 1e-3);
        foreach (var (expected, epoch) in found.Zip(training.Curve))
        {
            Assert.Equal(expected[0], epoch.TrainLoss!.Value, 1e-3 * expected[0]);
            Assert.Equal(expected[1], epoch.ValidationLoss!.Value, 1e-3 * expected[1]);
            Assert.Equal(expected[2], epoch.ValidationAuc!.Value, 1e-6);
        }
    }
}
