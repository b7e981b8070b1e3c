using ZooRank.Data;
using ZooRank.Imaging;
using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.Tests.Training;

public sealed class ResidentImagesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(700)]
    public void Every_image_stands_where_its_label_does_whether_or_not_anyone_follows_the_reading(int count)
    {
        const int Side = 16;
        // Picture i is grey i mod 251 all over, and so is its label: no two neighbours agree.
        var labels = Enumerable.Range(0, count).Select(i => (byte)(i % 251)).ToArray();
        var pictures = labels.SelectMany(v => Enumerable.Repeat(v, Side * Side)).ToArray();
        NpzWriter.Write(folder["set.npz"],
        [
            new("train_images", NpyArray.Of<byte>(pictures, count, Side, Side)), new("train_labels", NpyArray.Of<byte>(labels, count, 1)),
        ]);
        using var dataset = ImageDatasets.Open(folder["set.npz"]);
        var reverse = Enumerable.Range(0, count).Reverse().ToList();
        var reported = new List<int>();
        using var followed = ResidentImages.Load(dataset, Split.Train, reverse, Preprocessing.Half with { InputSize = Side }, CPU, new Reports(reported.Add), TestContext.Current.CancellationToken);
        using var alone = ResidentImages.Load(dataset, Split.Train, reverse, Preprocessing.Half with { InputSize = Side }, CPU, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(count, reported[^1]);
        foreach (var images in new[] { followed, alone })
        {
            var seen = images.Pixels.select(3, 5).select(2, 7).select(1, 0).to(ScalarType.Int64).data<long>().ToArray();
            Assert.Equal(reverse.Select(i => (long)labels[i]), seen);
            Assert.Equal(reverse.Select(i => (long)labels[i]), images.Labels.data<long>().ToArray());
        }
    }

    private sealed class Reports(Action<int> add) : IProgress<int>
    {
        public void Report(int value) => add(value);
    }
}
