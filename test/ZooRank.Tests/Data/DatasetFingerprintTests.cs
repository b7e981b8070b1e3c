using ZooRank.Data;

namespace ZooRank.Tests.Data;

public class DatasetFingerprintTests
{
    [Fact]
    public void Planted_faults_are_all_found()
    {
        using var folder = new TemporaryFolder();
        var train = DatasetFiles.Images(44, 4, 4);
        var test = DatasetFiles.Images(6, 4, 4);
        void Copy(NpyArray from, int i, NpyArray to, int j) => from.Data.AsSpan(i * 16, 16).CopyTo(to.Data.AsSpan(j * 16));
        Copy(train, 0, train, 2);     // a repeat, same label
        Copy(train, 0, train, 43);    // a repeat, other label
        Copy(train, 5, test, 1);      // train in test
        Copy(test, 4, test, 5);       // a repeat inside test is neither
        train.Data.AsSpan(7 * 16, 16).Fill(90);
        byte[] labels = [.. Enumerable.Repeat((byte)0, 40), 1, 1, 1, 1];
        using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder["x.npz"],
            ("train_images", train), ("train_labels", DatasetFiles.Labels(labels)), ("test_images", test), ("test_labels", DatasetFiles.Labels(0, 0, 0, 1, 1, 1))));

        var fingerprint = DatasetFingerprint.Of(dataset);
        Assert.Equal((2, 1, 1, 1), (fingerprint.DuplicatesInTrain, fingerprint.DuplicatesAcrossSplits, fingerprint.ConflictingLabels, fingerprint.ConstantCount));
        Assert.Equal(["duplicates-across-splits", "duplicates-in-train", "conflicting-labels", "constant-image", "class-imbalance"], fingerprint.Caveats.Select(c => c.Code));
        Assert.Equal([40, 4], fingerprint.ClassCounts[Split.Train]);
        Assert.Equal((50, 44, new Extent(4, 4, 4)), (fingerprint.ComparedCount, fingerprint.SampledCount, fingerprint.Width));
        Assert.InRange(fingerprint.Intensity.Mean, 0.3, 0.7);
        Assert.Contains("train_images[7]", fingerprint.Caveats.Single(c => c.Code == "constant-image").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_large_set_only_the_probe_is_compared_and_that_is_said()
    {
        using var folder = new TemporaryFolder();
        using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder["x.npz"], ("train_images", DatasetFiles.Images(400, 4, 4)), ("train_labels", DatasetFiles.Cycle(400, 2))));
        var partial = DatasetFingerprint.Of(dataset, new FingerprintOptions { ByteLimit = 1000, SampleSize = 50 });
        Assert.Equal((200, 50), (partial.ComparedCount, partial.SampledCount));
        Assert.Equal("duplicates-partly-checked", Assert.Single(partial.Caveats).Code);
        var full = DatasetFingerprint.Of(dataset, new FingerprintOptions { ByteLimit = 1000, Full = true });
        Assert.Equal((400, 400), (full.ComparedCount, full.SampledCount));
        Assert.Empty(full.Caveats);
    }

    [Fact]
    public void Equal_files_are_found_by_length_and_hash()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 6; i++) DatasetFiles.Png(folder[$"set/{(i < 3 ? "a" : "b")}/{i}.png"], 10 * i);
        File.Copy(folder["set/a/0.png"], folder["set/b/copy.png"]);
        using var dataset = ImageDatasets.Open(folder["set"]);
        var fingerprint = DatasetFingerprint.Of(dataset);
        Assert.Equal((1, 1), (fingerprint.DuplicatesInTrain, fingerprint.ConflictingLabels));
        Assert.Equal((0.0, 50 / 255.0), (fingerprint.Intensity.Min, fingerprint.Intensity.Max));
        Assert.Equal(7, fingerprint.ConstantCount);
    }

    [Fact]
    public void Real_sets_have_no_exact_duplicates_as_their_makers_state()
    {
        using var dataset = ImageDatasets.Open(SharedFolder.Require("data", "brainmri_64.npz"));
        var fingerprint = DatasetFingerprint.Of(dataset);
        Assert.Equal((0, 0, 0), (fingerprint.DuplicatesInTrain, fingerprint.DuplicatesAcrossSplits, fingerprint.ConflictingLabels));
        Assert.Equal(1320, fingerprint.ComparedCount);
    }
}
