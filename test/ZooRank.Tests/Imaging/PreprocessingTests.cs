using ZooRank.Imaging;
using static TorchSharp.torch;

namespace ZooRank.Tests.Imaging;

public class PreprocessingTests
{
    private static readonly Preprocessing Bare = new() { Mean = [0, 0, 0], Std = [1, 1, 1] };

    [Fact]
    public void An_image_that_fits_keeps_its_exact_values()
    {
        var image = Noise(32, 32, 3, 8);
        using var scope = NewDisposeScope();
        var result = new Preprocessing { InputSize = 32 }.Apply([image]);
        Assert.Equal([1, 3, 32, 32], result.shape);
        float[] mean = [0.485f, 0.456f, 0.406f], std = [0.229f, 0.224f, 0.225f];
        for (var c = 0; c < 3; c++)   // torchvision's ToTensor and Normalize, in float32
            Assert.Equal(((image.Sample(5, 9, c) / 255f) - mean[c]) / std[c], result[0, c, 9, 5].item<float>());
    }

    [Fact]
    public void Grey_is_replicated_and_each_channel_normalised_as_its_own()
    {
        using var scope = NewDisposeScope();
        var result = new Preprocessing { InputSize = 4, Mean = [0, 0.5f, 1], Std = [1, 2, 4] }.Apply([new Image(4, 4, 1, 8, [.. Enumerable.Repeat((byte)255, 16)])]);
        Assert.Equal([1f, 0.25f, 0f], Enumerable.Range(0, 3).Select(c => result[0, c, 0, 0].item<float>()));
    }

    [Fact]
    public void Sixteen_bit_white_is_one()
    {
        using var scope = NewDisposeScope();
        var result = (Bare with { InputSize = 2 }).Apply([new Image(2, 2, 1, 16, [255, 255, 0, 0, 0, 128, 255, 127])]);
        Assert.Equal([1f, 0f, 32768 / 65535f, 32767 / 65535f], result[0, 0].data<float>().ToArray());
    }

    [Fact]
    public void Images_of_different_shapes_keep_their_order()
    {
        Image[] images = [Flat(10, 6, 1, 10), Flat(8, 8, 3, 20), Flat(10, 6, 1, 30), Flat(5, 40, 3, 40), Flat(8, 8, 3, 50)];
        using var scope = NewDisposeScope();
        var result = (Bare with { InputSize = 8 }).Apply(images);
        for (var i = 0; i < images.Length; i++) Assert.Equal((i + 1) * 10 / 255f, result[i, 2, 3, 3].item<float>(), 1e-6f);
        Assert.Equal([0, 3, 8, 8], (Bare with { InputSize = 8 }).Apply([]).shape);
    }

    [Fact]
    public void Applying_leaves_no_tensor_behind()
    {
        Image[] images = [Noise(50, 40, 3, 8), Noise(20, 70, 1, 16)];
        using var scope = NewDisposeScope();
        for (var i = 0; i < 3; i++) Bare.Apply(images);
        Assert.Equal(3, scope.DisposablesCount);
    }

    [Fact]
    public void Every_row_of_weights_sums_to_one_and_enlarging_reproduces_a_constant()
    {
        using var scope = NewDisposeScope();
        foreach (var (from, to) in new[] { (28, 224), (1618, 224), (224, 224), (3, 7), (1, 5), (500, 1) })
            Assert.True(Resampling.Weights(from, to).sum(1).sub(1).abs().max().item<float>() < 1e-5f);
        Assert.Equal(0f, Resampling.Weights(9, 9).sub(eye(9)).abs().max().item<float>());
    }

    [Fact]
    public void Crop_keeps_the_middle_and_pad_adds_black()
    {
        var pixels = new byte[20 * 10];
        for (var y = 0; y < 10; y++) pixels.AsSpan((y * 20) + 5, 10).Fill(255);   // the middle half is white
        var image = new Image(20, 10, 1, 8, pixels);
        using var scope = NewDisposeScope();
        var crop = (Bare with { InputSize = 10, Resize = ResizeMode.Crop }).Apply([image]);
        Assert.Equal(1, crop.min().item<float>());
        var pad = (Bare with { InputSize = 10, Resize = ResizeMode.Pad }).Apply([Flat(20, 10, 1, 255)])[0, 0];
        Assert.Equal([0f, 0, 1, 1, 1, 1, 1, 0, 0, 0], pad.select(1, 4).data<float>().ToArray().Select(v => MathF.Round(v, 5)));
    }

    [Theory]
    [InlineData(64, 64, 224)]
    [InlineData(477, 411, 224)]
    [InlineData(1000, 301, 97)]
    [InlineData(28, 500, 64)]
    public void Resizing_agrees_with_PIL_within_its_two_roundings(int width, int height, int size)
    {
        using var folder = new TemporaryFolder();
        var image = Noise(width, height, 3, 8);
        File.WriteAllBytes(folder["in.raw"], image.Pixels);
        Python.Run("numpy, PIL, PIL.Image", """
            folder, w, h, s = sys.argv[1], *map(int, sys.argv[2:])
            image = PIL.Image.fromarray(numpy.fromfile(folder + "/in.raw", numpy.uint8).reshape(h, w, 3))
            numpy.asarray(image.resize((s, s), PIL.Image.BILINEAR)).tofile(folder + "/out.raw")
            """, folder.Path, $"{width}", $"{height}", $"{size}");
        var expected = File.ReadAllBytes(folder["out.raw"]);
        using var scope = NewDisposeScope();
        var actual = (Bare with { InputSize = size }).Apply([image])[0].permute(1, 2, 0).contiguous().data<float>().ToArray();
        // PIL rounds to bytes after either pass: half a level for each, and the first is averaged by the second.
        for (var i = 0; i < actual.Length; i++) Assert.Equal(expected[i] / 255f, actual[i], 1.01f / 255f);
    }

    [Theory]
    [InlineData(ResizeMode.Squash, 301, 500, 224)]
    [InlineData(ResizeMode.Crop, 301, 500, 224)]
    [InlineData(ResizeMode.Crop, 500, 301, 97)]
    [InlineData(ResizeMode.Squash, 50, 61, 128)]
    public void Resizing_agrees_with_torchvision_in_floating_point(ResizeMode mode, int width, int height, int size)
    {
        using var folder = new TemporaryFolder();
        var image = Noise(width, height, 3, 8);
        File.WriteAllBytes(folder["in.raw"], image.Pixels);
        Python.Run("numpy, torch, torchvision", """
            folder, mode, w, h, s = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
            x = torch.tensor(numpy.fromfile(folder + "/in.raw", numpy.uint8).reshape(h, w, 3)).permute(2, 0, 1).float() / 255
            if mode == "Squash":
                y = torch.nn.functional.interpolate(x[None], (s, s), mode="bilinear", antialias=True)[0]
            else:
                y = torchvision.transforms.functional.center_crop(torchvision.transforms.functional.resize(x, s, antialias=True), s)
            y.contiguous().numpy().astype(numpy.float32).tofile(folder + "/out.raw")
            """, folder.Path, mode.ToString(), $"{width}", $"{height}", $"{size}");
        var bytes = File.ReadAllBytes(folder["out.raw"]);
        var expected = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes.AsSpan()).ToArray();
        using var scope = NewDisposeScope();
        var actual = (Bare with { InputSize = size, Resize = mode }).Apply([image])[0].data<float>().ToArray();
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < actual.Length; i++) Assert.Equal(expected[i], actual[i], 2e-5f);   // torch keeps its weights in float32 throughout
    }

    [Fact]
    public void Two_with_the_same_values_are_equal()
    {
        Assert.Equal(new Preprocessing(), new Preprocessing { Mean = [.. Preprocessing.ImageNet.Mean] });
        Assert.NotEqual(Preprocessing.ImageNet, Preprocessing.Half);
    }

    [Fact]
    public void Impossible_settings_are_refused()
    {
        Assert.Throws<InvalidInputException>(() => (Bare with { Std = [1, 0, 1] }).Apply([]));
        Assert.Throws<InvalidInputException>(() => (Bare with { Mean = [0] }).Apply([]));
    }

    private static Image Flat(int width, int height, int channels, byte value) => new(width, height, channels, 8, [.. Enumerable.Repeat(value, width * height * channels)]);

    private static Image Noise(int width, int height, int channels, int bitDepth)
    {
        var pixels = new byte[width * height * channels * bitDepth / 8];
        new Random(5).NextBytes(pixels);
        return new Image(width, height, channels, bitDepth, pixels);
    }
}
