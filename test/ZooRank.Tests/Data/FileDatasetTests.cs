using System.IO.Compression;
using ZooRank.Data;

namespace ZooRank.Tests.Data;

public class FileDatasetTests
{
    [Fact]
    public void Folders_are_classes_in_the_order_of_their_names()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "set/b/1.png", "set/b/deep/2.png", "set/a/1.png", "set/a/3.jpg");   // by content: a PNG may be called .jpg
        using var dataset = ImageDatasets.Open(folder["set"]);
        Assert.Equal(["a", "b"], dataset.ClassNames);
        Assert.Equal([0, 0, 1, 1], dataset.Labels(Split.Train));
        Assert.Equal("folder of classes, 4 images without splits: all are train, 2 classes", dataset.Description);
        Assert.EndsWith(Path.Combine("b", "deep", "2.png"), dataset.Describe(Split.Train, 3).Replace('/', Path.DirectorySeparatorChar), StringComparison.Ordinal);
        Assert.Null(dataset.Groups(Split.Train));
        Assert.Empty(dataset.Caveats);
    }

    [Theory]
    [InlineData("train", "val", "test")]
    [InlineData("Train", "valid", "Test")]
    [InlineData("training", "validation", "testing")]
    public void Folders_of_splits_are_recognised(string train, string validation, string test)
    {
        using var folder = new TemporaryFolder();
        Write(folder, $"set/{train}/a/1.png", $"set/{train}/b/2.png", $"set/{validation}/a/3.png", $"set/{test}/b/4.png", $"set/{test}/c/5.png", "set/masks/a/6.png");
        using var dataset = ImageDatasets.Open(folder["set"]);
        Assert.Equal([2, 1, 2], ImageDataset.Splits.Select(dataset.Count));
        Assert.Equal([1, 2], dataset.Labels(Split.Test));
        Assert.Equal(["folder-ignored", "class-without-images"], dataset.Caveats.Select(c => c.Code));
    }

    [Fact]
    public void What_is_no_image_is_left_out_and_told_where_it_claims_to_be_one()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "set/a/1.png", "set/a/2.png", "set/b/1.png", "set/.hidden/x.png", "set/a/.DS_Store.png", "set/loose.png");
        File.WriteAllText(folder["set/a/notes.txt"], "hello");
        File.WriteAllText(folder["set/b/broken.png"], "hello");
        File.WriteAllBytes(folder["set/b/empty.jpg"], []);
        using var dataset = ImageDatasets.Open(folder["set"]);
        Assert.Equal(3, dataset.Count(Split.Train));
        Assert.Equal(["b/broken.png: not an image that can be read (got a text). PNG, JPEG, TIFF, BMP, WebP and GIF are read: convert it to PNG. It was left out.",
            "b/empty.jpg: not an image that can be read (got an empty file). Copy or download it again. It was left out.",
            "images outside of any class folder were left out: 1."], dataset.Caveats.Select(c => c.ToString()));
    }

    [Fact]
    public void A_broken_image_among_good_ones_is_left_out_of_the_probe_and_named()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 30; i++) Write(folder, $"set/{(i % 2 == 0 ? "a" : "b")}/{i}.png");
        var whole = File.ReadAllBytes(folder["set/a/4.png"]);
        File.WriteAllBytes(folder["set/a/4.png"], whole[..40]);   // the first bytes are those of a PNG
        using var dataset = ImageDatasets.Open(folder["set"]);
        Assert.Empty(dataset.Caveats);
        var probe = ProbeSet.Draw(dataset);
        Assert.Equal((30, 29), (dataset.Count(Split.Train), probe.Count));
        var caveat = Assert.Single(probe.Caveats, c => c.Code == "unreadable-image");
        Assert.Equal(folder["set/a/4.png"], caveat.About);
        Assert.StartsWith("not an image that can be read (got a damaged PNG", caveat.Message, StringComparison.Ordinal);
        Assert.Equal(29, probe.LoadInBatches(8).Sum(b => b.Count));
        Assert.Contains(DatasetFingerprint.Of(dataset).Caveats, c => c.Code == "unreadable-image");

        var index = Enumerable.Range(0, 30).Single(i => dataset.Describe(Split.Train, i) == folder["set/a/4.png"]);
        var error = Assert.Throws<UnreadableImageException>(() => dataset.Load(Split.Train, [0, index]));
        Assert.Equal((Split.Train, index), (error.Split, error.Index));
        Assert.Contains("4.png", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("move the file out of the data set or leave out its line.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_zip_is_read_like_the_folder_that_it_holds()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "set/whole/train/a/1.png", "set/whole/train/b/2.png", "set/whole/test/a/3.png", "set/__MACOSX/x/._1.png");
        ZipFile.CreateFromDirectory(folder["set"], folder["set.zip"]);
        Directory.Delete(folder["set/__MACOSX"], recursive: true);
        using var zip = ImageDatasets.Open(folder["set.zip"]);
        using var plain = ImageDatasets.Open(folder["set/whole"]);
        foreach (var split in ImageDataset.Splits)
        {
            Assert.Equal(plain.Labels(split), zip.Labels(split));
            int[] all = [.. Enumerable.Range(0, plain.Count(split))];
            Assert.Equal(plain.ContentHash(split, all), zip.ContentHash(split, all));
            Assert.Equal(plain.Load(split, all).Select(i => i.Pixels), zip.Load(split, all).Select(i => i.Pixels));
        }
        Assert.Contains("set.zip: whole/train/a/1.png", zip.Describe(Split.Train, 0), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_entry_of_a_zip_is_found_by_its_checksum()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "set/a/1.png", "set/b/2.png");
        ZipFile.CreateFromDirectory(folder["set"], folder["set.zip"], CompressionLevel.NoCompression, includeBaseDirectory: false);
        var bytes = File.ReadAllBytes(folder["set.zip"]);
        bytes[100] ^= 1;
        File.WriteAllBytes(folder["set.zip"], bytes);
        using var dataset = ImageDatasets.Open(folder["set.zip"]);
        Assert.Contains("damaged in the archive", Assert.Throws<UnreadableImageException>(() => dataset.Load(Split.Train, [0, 1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_of_folders_are_told_in_one_line()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "loose/1.png", "loose/2.png", "one/a/1.png", "notrain/train/readme.png", "notrain/test/a/1.png", "notrain/test/b/1.png");
        File.WriteAllText(folder["notrain/train/readme.png"], "x");
        Directory.CreateDirectory(folder["empty"]);
        var dicom = new byte[200];
        "DICM"u8.CopyTo(dicom.AsSpan(128));
        File.WriteAllBytes(folder["dicom/a/1"], dicom);
        Assert.Contains("images without class folders around them: 2.", Refusal(folder["loose"]), StringComparison.Ordinal);
        Assert.Contains("all images are of one class, 'a'", Refusal(folder["one"]), StringComparison.Ordinal);
        Assert.Contains("no images were found", Refusal(folder["empty"]), StringComparison.Ordinal);
        Assert.Contains("holds DICOM files and no images. Convert it", Refusal(folder["dicom"]), StringComparison.Ordinal);
        Assert.Contains("images without class folders around them: 1.", Refusal(folder["one/a"]), StringComparison.Ordinal);
        Assert.EndsWith("does not exist. Did you mean loose?", Refusal(folder["losse"]), StringComparison.Ordinal);
        Assert.Contains("neither does its folder", Refusal(Path.Combine(folder.Path, "no", "where")), StringComparison.Ordinal);
        Assert.Contains("one PNG image is no data set", Refusal(folder["loose/1.png"]), StringComparison.Ordinal);
        Assert.Contains("the train folder holds no images", Refusal(folder["notrain"]), StringComparison.Ordinal);
        Assert.Contains("is empty", Refusal(" "), StringComparison.Ordinal);
    }

    [Fact]
    public void Real_archives_and_samples_open()
    {
        var sources = SharedFolder.Require("data", "sources");
        var expected = new Dictionary<string, (int Images, int Classes)> { ["sarsct"] = (725, 2), ["odir"] = (2738, 10), ["cifar10"] = (8000, 10) };
        foreach (var (name, (images, classes)) in expected)
        {
            using var dataset = ImageDatasets.Open(Path.Combine(sources, name + ".zip"));
            Assert.Equal((images, classes), (dataset.Count(Split.Train), dataset.ClassNames.Count));
            Assert.Empty(dataset.Caveats);
            var probe = ProbeSet.Draw(dataset);
            Assert.Equal(100 * classes, probe.Count);
        }
        using var samples = ImageDatasets.Open(SharedFolder.Require("data", "samples", "chest_xray"));
        Assert.Equal(["Covid-19", "No_findings", "Pneumonia"], samples.ClassNames);
        var fingerprint = DatasetFingerprint.Of(samples);
        Assert.Equal((11, 11, "1,3", "8,16"), (fingerprint.Counts[Split.Train], fingerprint.SampledCount, string.Join(',', fingerprint.Channels), string.Join(',', fingerprint.BitDepths)));
        Assert.Equal(1618, fingerprint.Width.Max);
    }

    internal static string Refusal(string path)
    {
        var message = Assert.Throws<InvalidInputException>(() => ImageDatasets.Open(path).Dispose()).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    // Each file another grey.
    private static void Write(TemporaryFolder folder, params string[] names)
    {
        foreach (var name in names) DatasetFiles.Png(folder[name], name.Sum(c => c * 7) % 251);
    }
}
