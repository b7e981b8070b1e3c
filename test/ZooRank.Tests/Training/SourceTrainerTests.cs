using System.Globalization;
using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Models;
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

    private double Train(ImageDataset dataset, string name, SourceTrainingOptions? options = null, IProgress<TrainingProgress>? progress = null, Architecture? architecture = null) =>
        SourceTrainer.Train(dataset, architecture ?? ShuffleNet, folder[name], options ?? Small, progress, TestContext.Current.CancellationToken);

    [Fact]
    public void What_can_be_learned_is_learned()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Brightness, 32);
        var untrained = Train(dataset, "untrained.safetensors", Small with { Epochs = 0 });
        Assert.Equal(0, untrained);   // no epoch, no image right
        // Four brightnesses, chance is 25 %.
        Assert.InRange(Train(dataset, "trained.safetensors", Small with { Epochs = 6 }, architecture: Architectures.Get("resnet18")), 0.75, 1);
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
        double[] Weights(string name)
        {
            using var scope = NewDisposeScope();
            using var checkpoint = Checkpoint.Open(folder[name]);
            return [.. checkpoint.Tensors.Select(t => checkpoint.Read(t).to(ScalarType.Float64).sum().item<double>())];
        }
        Assert.Equal(Weights("a.safetensors"), Weights("b.safetensors"));
        Assert.NotEqual(Weights("a.safetensors"), Weights("c.safetensors"));
    }

    [Fact]
    public void Progress_is_told_to_the_end()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        var seen = new List<TrainingProgress>();
        Train(dataset, "a.safetensors", Small with { Epochs = 2 }, new Told(seen.Add));
        Assert.Equal([0.25, 0.5, 0.75, 1], seen.Select(p => p.Fraction));   // 32 images, two batches an epoch
        Assert.Equal([0, 0, 1, 1], seen.Select(p => p.Epoch));
        Assert.All(seen, p => Assert.True(p.Loss > 0));
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
        using var many = ImageDatasets.Open(DatasetFiles.Npz(folder["many.npz"], ("train_images", DatasetFiles.Images(4, 8, 8)), ("train_labels", ZooRank.Data.NpyArray.Of<byte>([1, 1, 0, 1, 1, 0, 0, 1], 4, 2))));
        Assert.Contains("multi-label", Assert.Throws<InvalidInputException>(() => Train(many, "a.safetensors")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_leaves_no_tensor_behind()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 8);
        Train(dataset, "a.safetensors");
        var before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Train(dataset, "a.safetensors");
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }
}
