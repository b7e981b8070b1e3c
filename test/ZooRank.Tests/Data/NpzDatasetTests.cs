using System.Text.Json;
using ZooRank.Data;

namespace ZooRank.Tests.Data;

public class NpzDatasetTests
{
    [Fact]
    public void Counts_labels_and_names_are_read()
    {
        using var folder = new TemporaryFolder();
        using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder["pneumoniamnist_64.npz"],
            ("train_images", DatasetFiles.Images(6, 8, 8)), ("train_labels", DatasetFiles.Cycle(6, 2)),
            ("test_images", DatasetFiles.Images(4, 8, 8)), ("test_labels", DatasetFiles.Cycle(4, 2))));
        Assert.Equal(("pneumoniamnist_64", TaskKind.Binary, 6, 0, 4), (dataset.Name, dataset.Kind, dataset.Count(Split.Train), dataset.Count(Split.Validation), dataset.Count(Split.Test)));
        Assert.Equal(["normal", "pneumonia"], dataset.ClassNames);
        Assert.Equal([0, 1, 0, 1, 0, 1], dataset.Labels(Split.Train));
        Assert.Empty(dataset.Labels(Split.Validation));
        Assert.Equal("MedMNIST-style .npz, 6 train, 4 test images, 8×8 grey 8 bit, 2 classes", dataset.Description);
        Assert.EndsWith("train_images[3]", dataset.Describe(Split.Train, 3), StringComparison.Ordinal);
    }

    [Fact]
    public void Images_of_every_layout_are_read()
    {
        using var folder = new TemporaryFolder();
        var deep = new NpyArray(NpyType.UInt16, [4, 5, 6], new byte[240]);
        foreach (var (images, words) in new[]
        {
            (DatasetFiles.Images(4, 5, 6), "6×5 grey 8 bit"), (DatasetFiles.Images(4, 5, 6, 1), "6×5 grey 8 bit"), (DatasetFiles.Images(4, 5, 6, 3), "6×5 RGB 8 bit"), (deep, "6×5 grey 16 bit"),
        })
        {
            using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder["x.npz"], ("train_images", images), ("train_labels", DatasetFiles.Cycle(4, 3))));
            Assert.Contains($"4 images without splits: all are train, {words}, 3 classes", dataset.Description, StringComparison.Ordinal);
            var loaded = dataset.Load(Split.Train, [3, 0]);
            Assert.Equal(images.Data[^(images.Data.Length / 4)..], loaded[0].Pixels);
            Assert.Equal(images.Data[..(images.Data.Length / 4)], loaded[1].Pixels);
            Assert.Equal(["class 0", "class 1", "class 2"], dataset.ClassNames);
        }
    }

    [Fact]
    public void Labels_may_be_of_any_type_that_holds_whole_numbers()
    {
        using var folder = new TemporaryFolder();
        foreach (var labels in new[] { NpyArray.Of<long>([0, 1, 1]), NpyArray.Of<int>([0, 1, 1], 3, 1), NpyArray.Of([0f, 1, 1]), NpyArray.Of([false, true, true]), NpyArray.Of<byte>([1, 0, 0, 1, 0, 1], 3, 2) })
        {
            using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder["x.npz"], ("train_images", DatasetFiles.Images(3, 4, 4)), ("train_labels", labels)));
            Assert.Equal([0, 1, 1], dataset.Labels(Split.Train));
        }
    }

    [Fact]
    public void Several_findings_at_once_make_a_multi_label_set()
    {
        using var folder = new TemporaryFolder();
        var labels = new byte[5 * 14];
        labels[2] = labels[3] = labels[30] = 1;
        using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder["chestmnist.npz"], ("train_images", DatasetFiles.Images(5, 4, 4)), ("train_labels", NpyArray.Of<byte>(labels, 5, 14))));
        Assert.Equal((TaskKind.MultiLabel, "atelectasis", 14), (dataset.Kind, dataset.ClassNames[0], dataset.ClassNames.Count));
        Assert.Equal((1, 1, 1), (dataset.MultiLabels(Split.Train)[0, 2], dataset.MultiLabels(Split.Train)[0, 3], dataset.MultiLabels(Split.Train)[2, 2]));
        Assert.Equal(64, dataset.ContentHash(Split.Train, [0, 1]).Length);
        Assert.Throws<InvalidInputException>(() => dataset.Labels(Split.Train));
        Assert.Equal(TaskKind.MultiLabel, DatasetFingerprint.Of(dataset).Kind);
    }

    [Fact]
    public void A_class_without_training_images_is_a_caveat()
    {
        using var folder = new TemporaryFolder();
        using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder["x.npz"], ("train_images", DatasetFiles.Images(4, 4, 4)), ("train_labels", DatasetFiles.Labels(0, 2, 0, 2))));
        Assert.Equal(["class 'class 1' has no training image, so nothing about it can be measured."], dataset.Caveats.Select(c => c.Message));
    }

    [Fact]
    public void Faults_are_told_in_one_line_with_a_next_step()
    {
        var images = DatasetFiles.Images(4, 5, 5);
        var labels = DatasetFiles.Cycle(4, 2);
        Refused("no array 'train_labels'. The file holds: train_images, labels.", ("train_images", images), ("labels", labels));
        Refused("no array 'train_images'. The file holds: x.", ("x", images));
        Refused("no array 'val_labels'", ("train_images", images), ("train_labels", labels), ("val_images", images));
        Refused("train_images has 4 images, train_labels 3 labels", ("train_images", images), ("train_labels", DatasetFiles.Cycle(3, 2)));
        Refused("train_labels[1] is -1; labels must be 0 to C−1", ("train_images", images), ("train_labels", NpyArray.Of([0, -1, 1, 1])));
        Refused("train_labels[3] is 4;", ("train_images", images), ("train_labels", NpyArray.Of([0, 1, 1, 4])));
        Refused("0.5 is not a whole number", ("train_images", images), ("train_labels", NpyArray.Of([0, 0.5, 1, 1])));
        Refused("every image has label 1", ("train_images", images), ("train_labels", DatasetFiles.Labels(1, 1, 1, 1)));
        Refused("holds 3D volumes", ("train_images", DatasetFiles.Images(4, 28, 28, 28)), ("train_labels", labels));
        Refused("holds 3D volumes", ("train_images", DatasetFiles.Images(4, 9, 9, 9, 1)), ("train_labels", labels));
        Refused("has its channels first", ("train_images", DatasetFiles.Images(4, 3, 9, 9)), ("train_labels", labels));
        Refused("has 4 channels", ("train_images", DatasetFiles.Images(4, 9, 9, 4)), ("train_labels", labels));
        Refused("does not hold images", ("train_images", DatasetFiles.Images(4, 9)), ("train_labels", labels));
        Refused("does not hold 8-bit or 16-bit pixels", ("train_images", NpyArray.Of(new float[100], 4, 5, 5)), ("train_labels", labels));
        Refused("train_images is empty", ("train_images", DatasetFiles.Images(0, 5, 5)), ("train_labels", NpyArray.Of<byte>([], 0, 1)));
        Refused("so each must be 0 or 1, but row 1 has 2", ("train_images", images), ("train_labels", NpyArray.Of<byte>([0, 1, 2, 0, 1, 0, 1, 0], 4, 2)));
        Refused("do not have the same number of channels", ("train_images", images), ("train_labels", labels), ("test_images", DatasetFiles.Images(4, 5, 5, 3)), ("test_labels", labels));
        Refused("images without pixels", ("train_images", DatasetFiles.Images(4, 0, 5)), ("train_labels", labels));
    }

    [Fact]
    public void An_archive_cut_short_or_empty_is_told_so()
    {
        using var folder = new TemporaryFolder();
        var path = DatasetFiles.Npz(folder["x.npz"], ("train_images", DatasetFiles.Images(40, 5, 5)), ("train_labels", DatasetFiles.Cycle(40, 2)));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..500]);
        Assert.Contains("not a whole zip archive", Refusal(path), StringComparison.Ordinal);
        File.WriteAllBytes(path, []);
        Assert.Contains("the file is empty", Refusal(path), StringComparison.Ordinal);
        File.WriteAllText(path, "not found");
        Assert.Contains("not a whole zip archive", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void The_content_hash_depends_on_pixels_labels_and_order_and_on_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var images = DatasetFiles.Images(4, 5, 5);
        string Hash(string name, byte[] labels, params int[] indices)
        {
            using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder[name], ("train_images", images), ("train_labels", DatasetFiles.Labels(labels))));
            return dataset.ContentHash(Split.Train, indices);
        }
        var hash = Hash("a.npz", [0, 1, 0, 1], 0, 1);
        Assert.Equal(hash, Hash("b.npz", [0, 1, 1, 1], 0, 1));
        Assert.NotEqual(hash, Hash("a.npz", [0, 1, 0, 1], 1, 0));
        Assert.NotEqual(hash, Hash("a.npz", [1, 1, 0, 0], 0, 1));
    }

    [Fact]
    public void Every_real_set_has_the_counts_of_its_manifest()
    {
        var manifest = JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("data", "MANIFEST.json"))).RootElement;
        var sets = manifest.GetProperty("datasets").EnumerateArray().Select(s => (Set: s, Folder: SharedFolder.Require("data")))
            .Concat(manifest.GetProperty("highres_sets").EnumerateArray().Select(s => (Set: s, Folder: SharedFolder.Require("data", "highres")))).ToList();
        Assert.Equal(16, sets.Count);
        foreach (var (set, folder) in sets)
        {
            using var dataset = ImageDatasets.Open(Path.Combine(folder, Path.GetFileName(set.GetProperty("file").GetString()!)));
            foreach (var (split, key) in new[] { (Split.Train, "train"), (Split.Validation, "val"), (Split.Test, "test") })
            {
                var counts = set.GetProperty("counts").GetProperty(key).GetProperty("per_class").EnumerateArray().Select(c => c.GetInt32()).ToList();
                Assert.Equal(counts, Enumerable.Range(0, counts.Count).Select(c => dataset.Labels(split).Count(l => l == c)));
            }
            var probe = ProbeSet.Draw(dataset);
            Assert.Equal(Math.Min(100 * probe.ClassCount, dataset.Count(Split.Train)), probe.Count);
            Assert.Equal(probe.Count, probe.Load(0, probe.Count).Count);
        }
    }

    private static void Refused(string expected, params (string, NpyArray)[] arrays)
    {
        using var folder = new TemporaryFolder();
        var message = Refusal(DatasetFiles.Npz(folder["x.npz"], arrays));
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.StartsWith(folder["x.npz"], message, StringComparison.Ordinal);
    }

    private static string Refusal(string path) => Assert.Throws<InvalidInputException>(() => ImageDatasets.Open(path)).Message;
}
