using ZooRank.Data;

namespace ZooRank.Tests.Data;

/// <summary>Values from NumPy 1.24.2; the call stands beside them.</summary>
public class NumpyRandomTests
{
    [Theory]   // RandomState(seed).randint(0, 2**32, 2, dtype=uint32)
    [InlineData(0u, 2357136044u, 2546248239u)]
    [InlineData(24u, 4123242914u, 1264583555u)]
    [InlineData(42u, 1608637542u, 3421126067u)]
    [InlineData(uint.MaxValue, 419326371u, 479346978u)]
    public void The_first_bits_are_NumPys(uint seed, uint first, uint second)
    {
        var random = new NumpyRandom(seed);
        Assert.Equal([first, second], [random.NextUInt32(), random.NextUInt32()]);
    }

    [Fact]   // The authors' own check of MT19937: the 10,000th output from seed 5489.
    public void The_ten_thousandth_number_is_the_published_one()
    {
        var random = new NumpyRandom(5489);
        for (var i = 1; i < 10000; i++) random.NextUInt32();
        Assert.Equal(4123659995u, random.NextUInt32());
    }

    [Fact]   // RandomState(42).random_sample(2)
    public void Doubles_have_53_bits()
    {
        var random = new NumpyRandom(42);
        Assert.Equal([0.3745401188473625, 0.9507143064099162], [random.NextDouble(), random.NextDouble()]);
    }

    [Theory]   // r = RandomState(seed); r.normal(size=5), and r.normal(size=9995)[-1]
    [InlineData(42u, new[] { 0.4967141530112327, -0.13826430117118466, 0.6476885381006925, 1.5230298564080254, -0.23415337472333597 }, 0.6443884535381822)]
    [InlineData(1919u, new[] { 0.5514310619336983, 2.396945162422225, -0.6182229714569782, 1.249708015363302, -0.07029358686256074 }, -1.533635038389618)]
    public void Normal_numbers_are_NumPys(uint seed, double[] first, double tenThousandth)
    {
        var random = new NumpyRandom(seed);
        // The logarithm is the platform's own: its last bit may differ from that of the C library.
        foreach (var expected in first) Assert.Equal(expected, random.NextNormal(), 1e-15);
        for (var i = 6; i < 10000; i++) random.NextNormal();
        Assert.Equal(tenThousandth, random.NextNormal(), 1e-15);
    }

    [Fact]   // r = RandomState(42); r.normal(size=3), r.random_sample(): the kept fourth number is not among the bits
    public void A_normal_number_that_is_kept_does_not_disturb_the_bits()
    {
        var random = new NumpyRandom(42);
        for (var i = 0; i < 3; i++) random.NextNormal();
        Assert.Equal(0.15601864044243652, random.NextDouble());
        Assert.Equal(1.5230298564080254, random.NextNormal(), 1e-15);
    }

    [Theory]   // RandomState(seed).permutation(10)
    [InlineData(24u, new[] { 9, 4, 8, 7, 5, 6, 1, 0, 3, 2 })]
    [InlineData(42u, new[] { 8, 1, 5, 0, 7, 2, 9, 4, 3, 6 })]
    [InlineData(1919u, new[] { 6, 5, 9, 8, 4, 3, 7, 1, 0, 2 })]
    public void Permutations_are_NumPys(uint seed, int[] expected) => Assert.Equal(expected, new NumpyRandom(seed).Permutation(10));

    [Theory]   // r = RandomState(seed); a, b, c = r.choice(4708, 200, replace=False), r.choice(524, 50, replace=False), r.choice(4708, 200, replace=False)
    [InlineData(24u, new[] { 212, 3561, 4643, 2565, 2134, 1224 }, 447487, 14530, 466773)]
    [InlineData(42u, new[] { 1210, 1729, 3915, 3721, 2254, 291 }, 472572, 12709, 448849)]
    [InlineData(1919u, new[] { 621, 3748, 2229, 170, 2579, 3815 }, 487905, 11815, 480957)]
    public void Choices_follow_one_another_as_NumPys_do(uint seed, int[] first, int sumA, int sumB, int sumC)
    {
        var random = new NumpyRandom(seed);
        var (a, b, c) = (random.Choice(4708, 200), random.Choice(524, 50), random.Choice(4708, 200));
        Assert.Equal(first, a[..6]);
        Assert.Equal((sumA, sumB, sumC), (a.Sum(), b.Sum(), c.Sum()));
    }

    [Fact]
    public void A_choice_of_more_than_there_is_is_a_mistake_of_the_caller() => Assert.Throws<ArgumentOutOfRangeException>(() => new NumpyRandom(1).Choice(3, 4));
}
