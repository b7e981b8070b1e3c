using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Features;
using ZooRank.Imaging;
using ZooRank.Models;
using ZooRank.Tests.Data;

namespace ZooRank.Tests.Features;

public sealed class FeatureCacheTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FeatureCache cache;
    private readonly string checkpoint;
    private readonly ImageDataset dataset;

    public FeatureCacheTests()
    {
        cache = new FeatureCache(Path.Combine(folder.Path, "cache"));
        checkpoint = Pictures.Checkpoint(folder["m.safetensors"], "shufflenet_v2_x0_5");
        dataset = Pictures.Drawn(folder, Motif.Stripes, 6);
    }

    public void Dispose()
    {
        dataset.Dispose();
        folder.Dispose();
    }

    private (FeatureSet Features, bool Cached) Extract(ImageDataset? data = null, string? file = null, ModelOverrides? overrides = null, int perClass = 3, uint seed = 24)
    {
        var model = LoadedModel.Open(new SourceModel { Id = "m", Checkpoint = file ?? checkpoint }, overrides ?? new() { InputSize = 32 });
        var found = ModelFeatures.Of(model, ProbeSet.Draw(data ?? dataset, new ProbeOptions { PerClass = perClass, Seed = seed }), TorchSharp.torch.CPU, cache, cancellation: TestContext.Current.CancellationToken);
        return (found.Features, found.Cached);
    }

    private string[] Files() => Directory.GetFiles(Path.Combine(folder.Path, "cache"));

    [Fact]
    public void The_second_extraction_reads_what_the_first_has_kept()
    {
        var first = Extract();
        var second = Extract();
        Assert.Equal((false, true), (first.Cached, second.Cached));
        Assert.Equal(first.Features.Values, second.Features.Values);
        Assert.Equal(first.Features.Logits, second.Features.Logits);
        Assert.Equal(first.Features.Conv2GradientNorms, second.Features.Conv2GradientNorms);
        Assert.Single(Files());
    }

    [Fact]
    public void A_copy_of_the_checkpoint_and_of_the_data_under_other_names_is_the_same()
    {
        Extract();
        File.Copy(checkpoint, folder["elsewhere/other.safetensors"]);
        File.Copy(dataset.Path, folder["elsewhere/other.npz"]);
        using var copy = ImageDatasets.Open(folder["elsewhere/other.npz"]);
        Assert.True(Extract(copy, folder["elsewhere/other.safetensors"]).Cached);
    }

    [Fact]
    public void Whatever_changes_the_numbers_is_extracted_anew()
    {
        Extract();
        Assert.False(Extract(overrides: new() { InputSize = 48 }).Cached);
        Assert.False(Extract(overrides: new() { InputSize = 32, Mean = [0.5f, 0.5f, 0.5f], Std = [0.5f, 0.5f, 0.25f] }).Cached);
        Assert.False(Extract(overrides: new() { InputSize = 32, Mean = [0.5f, 0.4f, 0.5f], Std = [0.5f, 0.5f, 0.5f] }).Cached);
        Assert.False(Extract(overrides: new() { InputSize = 32, Resize = ResizeMode.Pad }).Cached);
        Assert.False(Extract(file: Pictures.Checkpoint(folder["n.safetensors"], "shufflenet_v2_x0_5", seed: 1)).Cached);
        Assert.False(Extract(overrides: new() { InputSize = 32, Layer = "stage3" }).Cached);
        Assert.False(Extract(overrides: new() { InputSize = 32, Layer = "stage2" }).Cached);
        Assert.True(Extract(overrides: new() { InputSize = 32, Layer = "stage3" }).Cached);
        Assert.False(Extract(perClass: 4).Cached);
        Assert.False(Extract(seed: 25).Cached);
        using (var other = Pictures.Drawn(folder, Motif.Brightness, 6, "other.npz")) Assert.False(Extract(other).Cached);
        Assert.Equal(11, Files().Length);
        // What is the default anyway changes nothing.
        Assert.True(Extract(overrides: new() { InputSize = 32, Mean = [0.5f, 0.5f, 0.5f], Std = [0.5f, 0.5f, 0.5f], Resize = ResizeMode.Squash }).Cached);
    }

    [Fact]
    public void A_damaged_file_is_made_again()
    {
        var first = Extract();
        var file = Assert.Single(Files());
        var good = File.ReadAllBytes(file);
        byte[][] damages = [[], good[..(good.Length / 2)], [.. good.Select((b, i) => i == good.Length / 3 ? (byte)~b : b)]];
        foreach (var damaged in damages)
        {
            File.WriteAllBytes(file, damaged);
            var again = Extract();
            Assert.False(again.Cached);
            Assert.Equal(first.Features.Values, again.Features.Values);
            Assert.True(Extract().Cached);
        }
        Assert.Single(Files());
    }

    [Fact]
    public void A_file_of_other_features_under_its_name_is_made_again()
    {
        var first = Extract();
        var file = Assert.Single(Files());
        NpzWriter.Write(file, [new("features", NpyArray.Of<float>([1], 1, 1)), new("labels", NpyArray.Of<long>([], 0)), new("class_count", NpyArray.Of<long>([], 0))]);
        Assert.False(Extract().Cached);
        FeatureFile.Write(file, first.Features with { Labels = [.. first.Features.Labels.Select(y => (y + 1) % 4)] });
        Assert.False(Extract().Cached);
    }

    [Fact]
    public void The_same_pictures_elsewhere_in_another_set_keep_their_own_places_there()
    {
        var (images, labels) = (DatasetFiles.Images(8, 32, 32), DatasetFiles.Cycle(8, 2));
        using var first = ImageDatasets.Open(DatasetFiles.Npz(folder["first.npz"], ("train_images", images), ("train_labels", labels)));
        Assert.False(Extract(first, perClass: 4).Cached);
        var model = LoadedModel.Open(new SourceModel { Id = "m", Checkpoint = checkpoint }, new() { InputSize = 32 });
        var probe = ProbeSet.Draw(first, new ProbeOptions { PerClass = 4 });
        var stored = cache.Find(model, probe, "CPU")!;
        cache.Keep(model, probe, "CPU", stored with { Indices = [.. stored.Indices.Select(i => i + 1)], ClassCount = 3 });   // as the other set would
        var found = Extract(first, perClass: 4);
        Assert.True(found.Cached);
        Assert.Equal(probe.Indices, found.Features.Indices);
        Assert.Equal(2, found.Features.ClassCount);
    }

    [Fact]
    public void Pictures_decoded_smaller_for_a_smaller_input_do_not_answer_for_a_larger_one()
    {
        // JPEG is decoded at a reduced size where the input allows: the same file, other numbers, told apart by the input's size.
        for (var i = 0; i < 4; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 512 * 512).Select(p => (byte)(128 + 100 * Math.Sin(p % 512 / (3.0 + i)) * Math.Cos(p / 512 / 5.0)))];
            using var picture = NetVips.Image.NewFromMemory(pixels, 512, 512, 1, NetVips.Enums.BandFormat.Uchar);
            picture.Jpegsave(folder[$"jpeg/{(i < 2 ? "a" : "b")}/{i}.jpg"]);
        }
        using var data = ImageDatasets.Open(Path.Combine(folder.Path, "jpeg"));
        var small = Extract(data, overrides: new() { InputSize = 32 });
        var large = Extract(data, overrides: new() { InputSize = 64 });
        Assert.False(large.Cached);
        Assert.NotEqual(small.Features.Values, large.Features.Values);
        Assert.True(Extract(data, overrides: new() { InputSize = 32 }).Cached);
    }
}
