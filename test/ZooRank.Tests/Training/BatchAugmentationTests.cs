using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using ZooRank.Data;
using ZooRank.Training.Augmentation;
using static TorchSharp.torch;

namespace ZooRank.Tests.Training;

public sealed class BatchAugmentationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    // torchvision's functions on image tensors, one image after the other, in the order of the pipeline. A step whose parameters say "nothing" is left out.
    private const string Torchvision =
        """
        import json
        import torchvision.transforms.functional as F
        torch.set_num_threads(1)
        at, size = sys.argv[1], int(sys.argv[2])
        shape = [int(s) for s in sys.argv[3].split(',')]
        images = torch.frombuffer(bytearray(open(at + '/images', 'rb').read()), dtype=torch.uint8).view(shape)
        results, crops = [], []
        for x, (flip, top, left, height, width, angle, sharpen, autocontrast, equalise) in zip(images, json.load(open(at + '/augmentations'))):
            if flip: x = F.hflip(x)
            box = (top, left, height, width, [size, size], F.InterpolationMode.BILINEAR)
            crops.append(F.resized_crop(x.double(), *box, antialias=True))
            x = F.resized_crop(x, *box, antialias=True)
            if angle: x = F.rotate(x, angle, F.InterpolationMode.NEAREST, fill=[0.0] * len(x))
            if sharpen: x = F.adjust_sharpness(x, 2)
            if autocontrast: x = F.autocontrast(x)
            if equalise: x = F.equalize(x)
            results.append(x)
        open(at + '/results', 'wb').write(torch.stack(results).numpy().tobytes())
        open(at + '/crops', 'wb').write(torch.stack(crops).numpy().tobytes())
        """;

    private byte[] Reference(Tensor images, ImageAugmentation[] augmentations, int size)
    {
        File.WriteAllBytes(folder["images"], images.bytes.ToArray());
        static int Bit(bool b) => b ? 1 : 0;
        File.WriteAllText(folder["augmentations"], $"[{string.Join(',', augmentations.Select(a => FormattableString.Invariant($"[{Bit(a.Flip)},{a.Crop.Top},{a.Crop.Left},{a.Crop.Height},{a.Crop.Width},{a.Angle:R},{Bit(a.Sharpen)},{Bit(a.Autocontrast)},{Bit(a.Equalise)}]")))}]");
        Python.Run("torch,torchvision", Torchvision, folder.Path, size.ToString(CultureInfo.InvariantCulture), string.Join(',', images.shape));
        return File.ReadAllBytes(folder["results"]);
    }

    private static byte[] Bytes(Tensor images) => images.cpu().bytes.ToArray();

    private static byte[] Apply(Tensor images, ImageAugmentation[] augmentations, int size)
    {
        using var result = BatchAugmentation.Apply(images, augmentations, size);
        return Bytes(result);
    }

    private static ImageAugmentation[] Draws(Tensor images, int epoch = 0) => [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => ImageAugmentation.Draw(1, epoch, i, (int)images.shape[2], (int)images.shape[3]))];

    private static ImageAugmentation Whole(Tensor images) => new() { Crop = new(0, 0, (int)images.shape[2], (int)images.shape[3]) };

    // Noise, a smooth scene, three levels, low contrast, one odd pixel, black, white, and half and half.
    private static Tensor Pictures(int channels, int height, int width, int seed = 1)
    {
        var random = new Random(seed);
        Func<int, int, int, double>[] kinds =
        [
            (_, _, _) => random.Next(256),
            (c, y, x) => 128 + (80 * Math.Sin((0.11 * x) + c) * Math.Cos(0.07 * y)) + (40.0 * (((x - 9) * (x - 9)) + ((y - 7) * (y - 7)) < 60 ? 1 : 0)),
            (c, _, _) => new[] { 3, 90, 200 + c }[random.Next(3)],
            (c, y, x) => 100 + c + ((x + y) % 7),
            (_, y, x) => y == 4 && x == 3 ? 18 : 17,
            (_, _, _) => 0,
            (_, _, _) => 255,
            (_, _, x) => x < width / 2 ? 0 : 255,
        ];
        var values = kinds.SelectMany(kind => Enumerable.Range(0, channels).SelectMany(c => Enumerable.Range(0, height * width).Select(i => (byte)Math.Clamp(kind(c, i / width, i % width), 0, 255))));
        return tensor([.. values], [kinds.Length, channels, height, width], dtype: ScalarType.Byte);
    }

    // For some angles the source of a pixel lies in the middle between two, to float32's rounding, and then either is right: those are left out.
    private static double[] Angles(int count, int size)
    {
        var middle = (size - 1) / 2.0;
        bool Clear(double angle)
        {
            var (sin, cos) = Math.SinCos(double.DegreesToRadians(angle));
            return Enumerable.Range(0, size * size).Select(i => (X: (i % size) - middle, Y: (i / size) - middle)).SelectMany(p => new[] { (cos * p.X) - (sin * p.Y) + middle, (sin * p.X) + (cos * p.Y) + middle })
                .All(s => Math.Abs(s - Math.Floor(s) - 0.5) > 1e-5);
        }
        var random = new Random(5);
        return [.. Enumerable.Repeat(0, int.MaxValue).Select(_ => 5 * random.NextDouble()).Where(Clear).Take(count)];
    }

    [Theory]
    [InlineData(1, 33)]
    [InlineData(3, 64)]
    [InlineData(3, 2)]
    [InlineData(1, 1)]
    public void Flip_rotation_sharpness_autocontrast_and_equalisation_are_torchvisions_to_the_byte(int channels, int size)
    {
        var pictures = Pictures(channels, size, size);
        var whole = Whole(pictures);
        var steps = new[] { whole with { Flip = true }, whole with { Sharpen = true }, whole with { Autocontrast = true }, whole with { Equalise = true }, whole with { Autocontrast = true, Equalise = true } }
            .Concat(Angles(4, size).Select(angle => whole with { Angle = angle })).ToArray();
        var images = cat([.. steps.Select(_ => pictures)]);
        ImageAugmentation[] augmentations = [.. steps.SelectMany(step => Enumerable.Repeat(step, (int)pictures.shape[0]))];
        Assert.Equal(Reference(images, augmentations, size), Apply(images, augmentations, size));
    }

    [Theory]
    [InlineData(64, 64, 64)]
    [InlineData(57, 91, 33)]
    [InlineData(200, 160, 24)]
    [InlineData(12, 10, 40)]
    public void A_crop_is_the_rounding_of_torchvisions_in_float64(int height, int width, int size)
    {
        var images = cat([.. Enumerable.Repeat(Pictures(3, height, width), 6)]);
        ImageAugmentation[] augmentations = [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => new ImageAugmentation { Flip = i % 3 == 0, Crop = ImageAugmentation.Draw(3, 0, i, height, width).Crop })];
        var (expected, actual) = (Reference(images, augmentations, size), Apply(images, augmentations, size));
        var exact = MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(folder["crops"])).ToArray();
        // A sum of products up to 255 in float32 is off by some 1e-4 at most; so only values that close to a half may go up where torchvision's 8-bit path goes down.
        Assert.All(exact.Zip(actual), p => Assert.InRange(p.Second, p.First - 0.5001, p.First + 0.5001));
        Assert.InRange(expected.Zip(actual).Count(p => p.First != p.Second), 0, 0.005 * expected.Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_steps_follow_each_other_as_in_torchvision(int channels)
    {
        // A box of half the side has weights of quarters, which float32 adds exactly: so that what follows begins with the same bytes.
        const int size = 48;
        var images = cat([.. Enumerable.Repeat(Pictures(channels, 40, 56), 8)]);
        ImageAugmentation[] augmentations =
            [.. Angles((int)images.shape[0], size).Select((angle, i) => ImageAugmentation.Draw(1, 0, i, 40, 56) with { Angle = angle, Crop = new(i % 17, i % 33, size / 2, size / 2) })];
        Assert.Equal(Reference(images, augmentations, size), Apply(images, augmentations, size));
    }

    [Theory]
    [InlineData("ham10000_64.npz", 64)]
    [InlineData("breastmnist_28.npz", 64)]
    [InlineData("pneumonia3_64.npz", 64)]
    public void Real_images_are_augmented_as_torchvision_augments_them(string file, int size)
    {
        using var dataset = ImageDatasets.Open(SharedFolder.Require("data", file));
        var loaded = dataset.Load(Split.Train, [.. Enumerable.Range(0, 200)], size);
        var images = cat([.. loaded.Select(i => tensor(i.Pixels, [1, i.Height, i.Width, i.Channels], dtype: ScalarType.Byte).permute(0, 3, 1, 2))]).contiguous();
        var augmentations = Draws(images, epoch: 3);
        var differences = Reference(images, augmentations, size).Zip(Apply(images, augmentations, size), (a, b) => Math.Abs(a - b)).Chunk((int)images.shape[1] * size * size).ToArray();
        // Enlarged, a value seldom lies so close to a half that float32's rounding decides, or a pixel's source so close to the middle of two; contrast may then increase that.
        Assert.InRange(differences.Count(d => d.All(x => x == 0)), 190, 200);
        Assert.All(differences, d => Assert.InRange(d.Average(), 0, 0.1));
    }

    [Fact]
    public void An_image_does_not_depend_on_the_batch_it_is_in()
    {
        var images = cat([.. Enumerable.Range(0, 40).Select(i => Pictures(1, 70, 50, seed: i))]);   // 320 of 64 x 64 are more than are worked on at once
        var augmentations = Draws(images);
        augmentations[7] = Whole(images);   // 70 rows to 64 and less: some filters are wider than others
        var together = Apply(images, augmentations, 64).Chunk(64 * 64).ToArray();
        int[] order = [.. Enumerable.Range(0, augmentations.Length)];
        new Random(4).Shuffle(order);
        var shuffled = Apply(images[tensor(Array.ConvertAll(order, i => (long)i))], Array.ConvertAll(order, i => augmentations[i]), 64).Chunk(64 * 64).ToArray();
        Assert.All(order.Index(), o => Assert.Equal(together[o.Item], shuffled[o.Index]));
        foreach (var i in order.Take(30)) Assert.Equal(together[i], Apply(images[i..(i + 1)], [augmentations[i]], 64));
    }

    [Fact]
    public void A_grey_image_gives_what_each_channel_of_its_replicate_gives()
    {
        var grey = Pictures(1, 37, 41);
        var augmentations = Draws(grey);
        using var one = BatchAugmentation.Apply(grey, augmentations, 32);
        Assert.Equal(Bytes(one.expand(-1, 3, -1, -1).contiguous()), Apply(grey.expand(-1, 3, -1, -1), augmentations, 32));
    }

    [Fact]
    public void What_nothing_is_done_to_keeps_its_bytes()
    {
        var images = Pictures(3, 31, 31);
        Assert.Equal(Bytes(images), Apply(images, [.. Enumerable.Repeat(Whole(images), 8)], 31));
        Assert.Equal([0, 3, 16, 16], BatchAugmentation.Apply(images[..0], [], 16).shape);
    }

    [Fact]
    public void The_images_given_are_not_changed_and_no_tensor_is_left_behind()
    {
        var images = Pictures(3, 40, 40);
        var (before, live) = (Bytes(images), DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        var result = BatchAugmentation.Apply(images, Draws(images), 40);
        Assert.Equal(live + 1, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        result.Dispose();
        Assert.Equal(before, Bytes(images));
    }

    [Fact]
    public void A_gpu_gives_the_same_bytes()
    {
        Assert.SkipUnless(cuda.is_available(), "no CUDA device on this machine");
        var images = Pictures(3, 70, 50);
        Assert.Equal(Apply(images, Draws(images), 64), Apply(images.cuda(), Draws(images), 64));
    }

    [Fact]
    public void What_cannot_be_augmented_is_refused()
    {
        var images = Pictures(3, 20, 30);
        ImageAugmentation[] augmentations = Draws(images);
        Assert.Throws<ArgumentException>(() => BatchAugmentation.Apply(images.to(ScalarType.Float32), augmentations, 20));
        Assert.Throws<ArgumentException>(() => BatchAugmentation.Apply(images[0], augmentations, 20));
        Assert.Throws<ArgumentException>(() => BatchAugmentation.Apply(images[.., ..2], augmentations, 20));
        Assert.Throws<ArgumentException>(() => BatchAugmentation.Apply(images, augmentations[1..], 20));
        Assert.Throws<ArgumentOutOfRangeException>(() => BatchAugmentation.Apply(images, augmentations, 0));
        foreach (var box in new CropBox[] { new(0, 0, 21, 30), new(0, 1, 20, 30), new(-1, 0, 5, 5), new(0, -1, 5, 5), new(0, 0, 0, 5), new(3, 3, 5, 0), new(int.MaxValue, 0, 5, 5) })
            Assert.Throws<ArgumentException>(() => BatchAugmentation.Apply(images, [.. augmentations[1..], augmentations[0] with { Crop = box }], 20));
    }
}
