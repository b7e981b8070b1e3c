using ZooRank.Data;
using ZooRank.Tests.Data;
using ZooRank.Training;

namespace ZooRank.Tests.Training;

public sealed class TrainingOrderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private ImageDataset Open(NpyArray labels) => ImageDatasets.Open(DatasetFiles.Npz(folder["set.npz"], ("train_images", DatasetFiles.Images(labels.Shape[0], 4, 4)), ("train_labels", labels)));

    // Six standard deviations of a binomial count: one test in a billion would fail by chance, and the seed is fixed.
    private static void Close(double probability, int draws, int found) => Assert.InRange(found, (probability * draws) - (6 * Math.Sqrt(probability * (1 - probability) * draws)), (probability * draws) + (6 * Math.Sqrt(probability * (1 - probability) * draws)));

    [Fact]
    public void Balanced_every_class_is_drawn_equally_often_and_its_images_too()
    {
        // 900 of class 0, 90 of class 1, 10 of class 3; class 2 has none.
        using var dataset = Open(DatasetFiles.Labels([.. Enumerable.Repeat((byte)0, 900), .. Enumerable.Repeat((byte)1, 90), .. Enumerable.Repeat((byte)3, 10)]));
        var order = new TrainingOrder(dataset, TrainingSampling.Balanced);
        var drawn = Enumerable.Range(0, 30).SelectMany(epoch => order.Of(seed: 1, epoch)).ToList();
        Assert.Equal(30_000, drawn.Count);   // as many as there are images, each epoch
        Close(1 / 3.0, 30_000, drawn.Count(i => i < 900));
        Close(1 / 3.0, 30_000, drawn.Count(i => i >= 990));
        for (var image = 990; image < 1000; image++) Close(1 / 30.0, 30_000, drawn.Count(i => i == image));
    }

    [Fact]
    public void Of_several_labels_one_is_drawn_and_images_without_any_are_a_class_of_their_own()
    {
        // 60 images with the first finding, of which the last 10 have the second too; 40 with none; the third finding nobody has.
        using var dataset = Open(NpyArray.Of<byte>([.. Enumerable.Range(0, 100).SelectMany(i => new byte[] { (byte)(i < 60 ? 1 : 0), (byte)(i is >= 50 and < 60 ? 1 : 0), 0 })], 100, 3));
        var order = new TrainingOrder(dataset, TrainingSampling.Balanced);
        var drawn = Enumerable.Range(0, 300).SelectMany(epoch => order.Of(seed: 1, epoch)).ToList();
        Close(1 / 3.0, 30_000, drawn.Count(i => i >= 60));                                     // none
        Close((1 / 3.0) + (1 / 3.0 / 6), 30_000, drawn.Count(i => i is >= 50 and < 60));   // for the second finding, or by chance for the first
    }

    [Fact]
    public void Plain_each_image_comes_once()
    {
        using var dataset = Open(DatasetFiles.Cycle(50, 2));
        var order = new TrainingOrder(dataset, TrainingSampling.Plain).Of(seed: 1, epoch: 0);
        Assert.Equal(Enumerable.Range(0, 50), order.Order());
        Assert.NotEqual(Enumerable.Range(0, 50), order);
    }

    [Theory]
    [InlineData(TrainingSampling.Balanced)]
    [InlineData(TrainingSampling.Plain)]
    public void An_epoch_hangs_on_its_number_and_the_seed_alone(TrainingSampling sampling)
    {
        using var dataset = Open(DatasetFiles.Cycle(50, 2));
        var (order, other) = (new TrainingOrder(dataset, sampling), new TrainingOrder(dataset, sampling));
        _ = order.Of(1, 0);
        Assert.Equal(other.Of(1, 1), order.Of(1, 1));
        Assert.NotEqual(order.Of(1, 0), order.Of(1, 1));
        Assert.NotEqual(order.Of(1, 0), order.Of(2, 0));
    }
}
