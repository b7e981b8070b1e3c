using ZooRank.Data;

namespace ZooRank.Tests.Data;

public class ProbeSetTests
{
    // numpy 1.24.2: r = RandomState(24); per fold a = r.choice(4708, 200, replace=False); v = r.choice(524, 50, replace=False)
    [Theory]
    [InlineData(1, new[] { 212, 3561, 4643, 2565, 2134, 1224 }, 447487, new[] { 329, 404, 265, 517 }, 14530)]
    [InlineData(2, new[] { 4260, 3392, 3876, 1629 }, 466773, new int[0], -1)]
    public void The_plain_draw_of_seed_24_is_the_published_one(int fold, int[] first, int sum, int[] firstValidation, int validationSum)
    {
        using var folder = new TemporaryFolder();
        using var dataset = Dataset(folder, DatasetFiles.Cycle(4708, 2), DatasetFiles.Cycle(524, 2));   // PneumoniaMNIST's sizes
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { Fold = fold });
        Assert.Equal((200, sum), (probe.Count, probe.Indices.Sum()));
        Assert.Equal(first, probe.Indices.Take(first.Length));
        Assert.Equal(probe.Indices.Select(i => i % 2), probe.Labels);
        Assert.Equal(50, probe.ValidationIndices.Count);
        Assert.Equal(firstValidation, probe.ValidationIndices.Take(firstValidation.Length));
        if (validationSum >= 0) Assert.Equal(validationSum, probe.ValidationIndices.Sum());
        Assert.Empty(probe.Caveats);
    }

    [Fact]
    public void A_validation_split_that_is_small_is_taken_whole_and_draws_nothing()
    {
        using var folder = new TemporaryFolder();
        using var dataset = Dataset(folder, DatasetFiles.Cycle(300, 2), DatasetFiles.Cycle(50, 2));
        var random = new NumpyRandom(24);
        random.Choice(300, 200);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { Fold = 2 });
        Assert.Equal(random.Choice(300, 200), probe.Indices);
        Assert.Equal(Enumerable.Range(0, 50), probe.ValidationIndices);
    }

    [Fact]
    public void A_small_split_is_taken_whole_in_permuted_order()
    {
        using var folder = new TemporaryFolder();
        using var dataset = Dataset(folder, DatasetFiles.Cycle(60, 3));
        var probe = ProbeSet.Draw(dataset);
        Assert.Equal(new NumpyRandom(24).Permutation(60), probe.Indices);
        Assert.Equal("60 images are measured instead of 300 (100 for each of 3 classes), since there are no more that could be drawn and read.", Assert.Single(probe.Caveats).Message);
    }

    [Fact]
    public void The_stratified_draw_keeps_the_shares_and_every_class()
    {
        using var folder = new TemporaryFolder();
        using var dataset = Dataset(folder, DatasetFiles.Labels([.. Enumerable.Range(0, 1000).Select(i => (byte)(i < 700 ? 0 : i < 999 ? 1 : 2))]));
        var options = new ProbeOptions { PerClass = 10, Sampling = Sampling.Stratified };
        var probe = ProbeSet.Draw(dataset, options);
        Assert.Equal([20, 9, 1], Enumerable.Range(0, 3).Select(c => probe.Labels.Count(l => l == c)));
        Assert.Equal(30, probe.Indices.Distinct().Count());
        Assert.NotEqual(probe.Labels.Order(), probe.Labels);
        Assert.Equal(probe.Indices, ProbeSet.Draw(dataset, options).Indices);
        Assert.NotEqual(probe.Indices, ProbeSet.Draw(dataset, options with { Fold = 2 }).Indices);
        Assert.NotEqual(probe.Indices, ProbeSet.Draw(dataset, options with { Seed = 25 }).Indices);
        Assert.Equal("class 'class 2' has 1 probe image; fewer than 5 say little.", Assert.Single(probe.Caveats).Message);
    }

    [Fact]
    public void Shares_follow_the_largest_remainder()
    {
        Assert.Equal([4, 3, 3], ProbeSet.Allocate([10, 10, 10], 10));
        Assert.Equal([47, 16, 16, 12, 6, 3], ProbeSet.Allocate([47000, 16000, 15800, 12000, 6100, 3100], 100));   // the textbook example of Hamilton's method
        Assert.Equal([97, 1, 1, 1], ProbeSet.Allocate([99997, 1, 1, 1], 100));
        Assert.Equal([2, 3], ProbeSet.Allocate([2, 3], 5));
        var random = new Random(1);
        for (var round = 0; round < 500; round++)
        {
            int[] counts = [.. Enumerable.Range(0, random.Next(2, 12)).Select(_ => random.Next(1, round + 2))];
            var size = random.Next(counts.Length, counts.Sum() + 1);
            var shares = ProbeSet.Allocate(counts, size);
            Assert.Equal(size, shares.Sum());
            Assert.All(shares.Zip(counts), s => Assert.InRange(s.First, 1, s.Second));
        }
    }

    [Fact]
    public void A_class_that_was_not_drawn_is_told()
    {
        using var folder = new TemporaryFolder();
        var last = new NumpyRandom(24).Permutation(2000)[^1];   // the first 300 are drawn
        using var dataset = Dataset(folder, DatasetFiles.Labels([.. Enumerable.Range(0, 2000).Select(i => (byte)(i == last ? 2 : i % 2))]));
        Assert.Contains(ProbeSet.Draw(dataset).Caveats, c => c.Code == "class-absent" && c.Message.Contains("'class 2'", StringComparison.Ordinal));
    }

    [Fact]
    public void What_cannot_be_measured_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var lopsided = Dataset(folder, DatasetFiles.Labels([.. Enumerable.Range(0, 2000).Select(i => (byte)(i == 3 ? 1 : 0))]));
        Assert.Contains("are of one class", Assert.Throws<InvalidInputException>(() => ProbeSet.Draw(lopsided)).Message, StringComparison.Ordinal);
        using var single = Dataset(folder, DatasetFiles.Labels(0, 1, 2));
        Assert.Contains("no class has two images", Assert.Throws<InvalidInputException>(() => ProbeSet.Draw(single)).Message, StringComparison.Ordinal);
        Assert.Contains("folds 1 to 5", Assert.Throws<InvalidInputException>(() => ProbeSet.Draw(single, new ProbeOptions { Fold = 6 })).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidInputException>(() => ProbeSet.Draw(single, new ProbeOptions { PerClass = 0 }));
    }

    // Finding l is in every (l+2)-th image; the last one as given.
    private static NpyArray Findings(int count, int width, Func<int, bool> last) =>
        NpyArray.Of<byte>([.. Enumerable.Range(0, count * width).Select(k => (byte)((k % width == width - 1 ? last(k / width) : k / width % (k % width + 2) == 0) ? 1 : 0))], count, width);

    [Fact]
    public void Of_a_multi_label_set_the_same_draw_gives_its_rows()
    {
        using var folder = new TemporaryFolder();
        using var dataset = Dataset(folder, Findings(4708, 2, i => i % 7 == 0), Findings(524, 2, i => i % 7 == 0));
        var probe = ProbeSet.Draw(dataset);
        // The published draw of 200 of 4,708, see above.
        Assert.Equal([212, 3561, 4643, 2565, 2134, 1224], probe.Indices.Take(6));
        Assert.Equal((200, 447487, 50, 14530), (probe.Count, probe.Indices.Sum(), probe.ValidationIndices.Count, probe.ValidationIndices.Sum()));
        Assert.True(probe.IsMultiLabel);
        Assert.Empty(probe.Labels);
        Assert.Equal(probe.Indices.SelectMany(i => new[] { (byte)(i % 2 == 0 ? 1 : 0), (byte)(i % 7 == 0 ? 1 : 0) }), probe.MultiLabels);
        Assert.Empty(probe.Caveats);
        var failure = Assert.Throws<InvalidInputException>(() => ProbeSet.Draw(dataset, new ProbeOptions { Sampling = Sampling.Stratified }));
        Assert.Contains("Use --sampling plain.", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", "class-without-images", "finding 'finding 2' is in no training image, so nothing about it can be measured.")]
    [InlineData("undrawn", "class-absent", "finding 'finding 2' is in training images, but in none that was drawn.")]
    [InlineData("all", "class-everywhere", "finding 'finding 2' is in every probe image, so nothing about it can be measured.")]
    [InlineData("few", "small-class", "finding 'finding 2' is in 3 of 300 probe images; fewer than 5 say little.")]
    [InlineData("most", "small-class", "finding 'finding 2' is absent from 3 of 300 probe images; fewer than 5 say little.")]
    public void A_finding_about_which_little_can_be_said_is_told(string which, string code, string message)
    {
        using var folder = new TemporaryFolder();
        var order = new NumpyRandom(24).Permutation(2000);   // the first 300 are drawn
        var (few, last) = (order[..3].ToHashSet(), order[^1]);
        using var dataset = Dataset(folder, Findings(2000, 3, i => which switch { "none" => false, "undrawn" => i == last, "all" => true, "few" => few.Contains(i), _ => !few.Contains(i) }));
        var caveat = Assert.Single(ProbeSet.Draw(dataset).Caveats);
        Assert.Equal((code, message), (caveat.Code, caveat.Message));
    }

    [Fact]
    public void Findings_that_tell_no_images_apart_are_refused_and_a_small_set_is_taken_whole()
    {
        using var folder = new TemporaryFolder();
        using var same = Dataset(folder, NpyArray.Of<byte>([.. Enumerable.Repeat(new byte[] { 1, 0, 1 }, 20).SelectMany(r => r)], 20, 3));
        Assert.Contains("no finding is in some of the 20 images drawn and absent from others", Assert.Throws<InvalidInputException>(() => ProbeSet.Draw(same)).Message, StringComparison.Ordinal);
        using var small = Dataset(folder, Findings(60, 3, i => i % 4 == 0));
        Assert.Equal("60 images are measured instead of 300 (100 for each of 3 findings), since there are no more that could be drawn and read.", Assert.Single(ProbeSet.Draw(small).Caveats).Message);
    }

    [Fact]
    public void Images_are_loaded_in_the_order_of_the_probe()
    {
        using var folder = new TemporaryFolder();
        using var dataset = Dataset(folder, DatasetFiles.Cycle(40, 2));
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 10 });
        var batches = probe.LoadInBatches(8).ToList();
        Assert.Equal([8, 8, 4], batches.Select(b => b.Count));
        Assert.Equal(probe.Indices.Select(i => dataset.Load(Split.Train, [i])[0].Pixels), batches.SelectMany(b => b).Select(i => i.Pixels));
        Assert.Equal(dataset.ContentHash(Split.Train, probe.Indices), probe.ContentHash);
    }

    private static ImageDataset Dataset(TemporaryFolder folder, NpyArray train, NpyArray? validation = null)
    {
        (string, NpyArray)[] arrays = [("train_images", DatasetFiles.Images(train.Shape[0], 2, 2)), ("train_labels", train)];
        if (validation is not null) arrays = [.. arrays, ("val_images", DatasetFiles.Images(validation.Shape[0], 2, 2)), ("val_labels", validation)];
        return ImageDatasets.Open(DatasetFiles.Npz(folder[$"{Guid.NewGuid():N}.npz"], arrays));
    }
}
