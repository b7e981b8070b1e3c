using System.Globalization;
using ZooRank.Training.Augmentation;

namespace ZooRank.Tests.Training;

public class ImageAugmentationTests
{
    private const int Draws = 10_000;

    private static ImageAugmentation[] Drawn(int height = 224, int width = 224, long seed = 24, long epoch = 0) =>
        [.. Enumerable.Range(0, Draws).Select(i => ImageAugmentation.Draw(seed, epoch, i, height, width))];

    // torchvision's own draws: top, left, height and width of each box.
    private static CropBox[] TorchvisionBoxes(int height, int width)
    {
        var output = Python.Run("torch,torchvision",
            """
            torch.manual_seed(24)
            height, width, draws = (int(a) for a in sys.argv[1:])
            image = torch.empty(1, height, width)
            for _ in range(draws): print(*torchvision.transforms.RandomResizedCrop.get_params(image, (0.08, 1.0), (3 / 4, 4 / 3)))
            """, [.. new[] { height, width, Draws }.Select(n => n.ToString(CultureInfo.InvariantCulture))]);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Select(n => new CropBox(Number(n[0]), Number(n[1]), Number(n[2]), Number(n[3])))];
        static int Number(string s) => int.Parse(s, CultureInfo.InvariantCulture);
    }

    // The two-sample statistic of Kolmogorov and Smirnov.
    private static double LargestGap(IEnumerable<double> first, IEnumerable<double> second)
    {
        double[] a = [.. first.Order()], b = [.. second.Order()];
        var (i, j, gap) = (0, 0, 0.0);
        while (i < a.Length && j < b.Length)
        {
            var x = Math.Min(a[i], b[j]);
            while (i < a.Length && a[i] <= x) i++;
            while (j < b.Length && b[j] <= x) j++;
            gap = Math.Max(gap, Math.Abs(((double)i / a.Length) - ((double)j / b.Length)));
        }
        return gap;
    }

    [Theory]
    [InlineData(224, 224)]
    [InlineData(28, 28)]
    [InlineData(60, 200)]
    [InlineData(200, 90)]
    [InlineData(1, 9)]
    public void Boxes_are_distributed_as_torchvisions(int height, int width)
    {
        var (expected, actual) = (TorchvisionBoxes(height, width), Drawn(height, width).Select(a => a.Crop).ToArray());
        Assert.Equal(Draws, expected.Length);
        foreach (var (what, of) in new (string, Func<CropBox, double>)[]
        {
            ("area", b => b.Height * b.Width), ("ratio", b => (double)b.Width / b.Height), ("height", b => b.Height), ("width", b => b.Width), ("top", b => b.Top), ("left", b => b.Left),
            ("space below", b => height - b.Height - b.Top), ("space at the right", b => width - b.Width - b.Left), ("area and place", b => (b.Height * b.Width) + (1e6 * b.Left)),
        })
            // 2.2 · √(2 ÷ n) is exceeded once in 8,000 times by equal distributions (Smirnov's limit, 2·exp(−2·2.2²)).
            Assert.True(LargestGap(expected.Select(of), actual.Select(of)) < 2.2 * Math.Sqrt(2.0 / Draws), what);
    }

    [Theory]
    [InlineData(10, 400)]
    [InlineData(400, 10)]
    public void Where_no_box_fits_it_is_torchvisions_in_the_middle(int height, int width)
    {
        // The smallest box is larger than such an image is thin: all ten tries fail.
        Assert.Equal(TorchvisionBoxes(height, width).Distinct(), Drawn(height, width).Select(a => a.Crop).Distinct());
    }

    [Fact]
    public void Angles_are_uniform_up_to_five_degrees_and_every_coin_is_fair_and_of_its_own()
    {
        var drawn = Drawn();
        Assert.All(drawn, a => Assert.InRange(a.Angle, 0, 5));
        // One sample against the uniform distribution itself, Kolmogorov's limit; once in 8,000 times.
        Assert.True(LargestGap(drawn.Select(a => a.Angle), Enumerable.Range(0, 20 * Draws).Select(i => 5 * (i + 0.5) / (20 * Draws))) < 2.2 / Math.Sqrt(Draws));

        Func<ImageAugmentation, bool>[] coins = [a => a.Flip, a => a.Sharpen, a => a.Autocontrast, a => a.Equalise, a => a.Angle > 2.5, a => a.Crop.Left % 2 == 1, a => a.Crop.Height % 2 == 1];
        var four = 4 * Math.Sqrt(0.25 * Draws);   // standard deviations of a binomial count
        foreach (var (i, coin) in coins.Index())
        {
            if (i < 5) Assert.InRange(drawn.Count(coin), (Draws / 2) - four, (Draws / 2) + four);
            // Two fair coins that know nothing of each other agree half of the time; so do one's throws for neighbouring images.
            if (i < 5) Assert.InRange(drawn.Zip(drawn.Skip(1)).Count(p => coin(p.First) == coin(p.Second)), (Draws / 2) - four, (Draws / 2) + four);
            foreach (var other in coins[..Math.Min(i, 5)]) Assert.InRange(drawn.Count(a => coin(a) == other(a)), (Draws / 2) - four, (Draws / 2) + four);
        }
    }

    [Fact]
    public void Draws_depend_on_seed_epoch_and_image_alone()
    {
        var drawn = Drawn();
        Assert.Equal(drawn.Reverse(), Enumerable.Range(0, Draws).Reverse().Select(i => ImageAugmentation.Draw(24, 0, i, 224, 224)));
        Assert.Equal(Draws, drawn.Distinct().Count());
        foreach (var other in new[] { Drawn(epoch: 1), Drawn(seed: 25), Drawn(seed: 0), Drawn(epoch: 24, seed: 0) }) Assert.Empty(drawn.Intersect(other));
    }

    [Fact]
    public void The_numbers_are_SplitMix64s()
    {
        // The generator and its start written in Python's unlimited integers; its first lines check it against the published numbers for the seed 1234567.
        var expected = Python.Run("math",
            """
            M, G = 2**64 - 1, 0x9E3779B97F4A7C15
            def mix(z):
                z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
                z = (z ^ z >> 27) * 0x94D049BB133111EB & M
                return z ^ z >> 31
            assert [mix(1234567 + k * G & M) for k in (1, 2, 3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]
            for seed, epoch, image in ((0, 0, 0), (24, 399, 49999), (-1, 7, 2**40)):
                start = mix(mix(mix((seed + G) & M) + epoch & M) + image & M)
                numbers = [mix(start + k * G & M) for k in range(1, 6)]
                print(numbers[0] >> 63, repr(5 * (numbers[1] >> 11) / 2**53), *(n >> 63 for n in numbers[2:]))
            """);
        static int Bit(bool b) => b ? 1 : 0;
        var actual = new[] { (0L, 0L, 0L), (24, 399, 49999), (-1, 7, 1L << 40) }.Select(k => ImageAugmentation.Draw(k.Item1, k.Item2, k.Item3, 64, 64))
            .Select(a => FormattableString.Invariant($"{Bit(a.Flip)} {a.Angle:R} {Bit(a.Sharpen)} {Bit(a.Autocontrast)} {Bit(a.Equalise)}"));
        Assert.Equal(expected.Split('\n', StringSplitOptions.RemoveEmptyEntries), actual);
    }

    [Fact]
    public void An_image_without_pixels_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageAugmentation.Draw(1, 0, 0, 0, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageAugmentation.Draw(1, 0, 0, 5, 0));
    }
}
