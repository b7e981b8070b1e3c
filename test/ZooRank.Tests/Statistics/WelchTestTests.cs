using System.Globalization;
using ZooRank.Statistics;

namespace ZooRank.Tests.Statistics;

public class WelchTestTests
{
    [Fact]
    public void It_is_scipy_s_for_samples_of_every_kind()
    {
        var random = new Random(5);
        double[] Sample(double around, double spread) => [.. Enumerable.Range(0, random.Next(2, 9)).Select(_ => around + (spread * (random.NextDouble() - 0.5)))];
        var pairs = Enumerable.Range(0, 60).Select(i => (Sample(0.8, 0.1), Sample(0.8 + (0.001 * i), i % 3 == 0 ? 1e-6 : 0.05))).Append(([0.5, 0.5, 0.5], [0.25, 0.75])).ToList();
        static string Text(IEnumerable<double> values) => $"[{string.Join(",", values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}]";
        var lines = Python.Run("numpy, scipy.stats", $$"""
            for a, b in [{{string.Join(",", pairs.Select(p => $"({Text(p.Item1)},{Text(p.Item2)})"))}}]:
                r = scipy.stats.ttest_ind(a, b, equal_var=False)
                va, vb = numpy.var(a, ddof=1) / len(a), numpy.var(b, ddof=1) / len(b)
                df = (va + vb) ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1))
                print(repr(float(r.statistic)), repr(float(df)), repr(float(r.pvalue)))
            """).Trim().Split('\n').Select(l => l.Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray()).ToList();
        Assert.Equal(pairs.Count, lines.Count);
        foreach (var (pair, expected) in pairs.Zip(lines))
        {
            var test = WelchTest.Of(pair.Item1, pair.Item2)!;
            // The incomplete beta function is computed by other series there and here.
            Assert.Equal(expected[0], test.T, 1e-9 * Math.Abs(expected[0]));
            Assert.Equal(expected[1], test.DegreesOfFreedom, 1e-9 * expected[1]);
            Assert.Equal(expected[2], test.P, 1e-8 * expected[2]);
        }
    }

    [Fact]
    public void It_is_undefined_for_one_value_and_where_nothing_varies()
    {
        Assert.Null(WelchTest.Of([0.5], [0.4, 0.6]));
        Assert.Null(WelchTest.Of([0.5, 0.6], [0.4]));
        Assert.Null(WelchTest.Of([0.5, 0.5], [0.4, 0.4]));
    }

    // By hand from Holm 1979: sorted 0.01 ×4, 0.02 ×3, 0.03 ×2, 0.04 ×1, each at least the one before.
    [Fact]
    public void Holm_multiplies_the_smallest_by_most_and_never_turns_the_order()
    {
        Assert.Equal([0.06, 0.04, 0.06, 0.06], Holm.Adjust([0.03, 0.01, 0.04, 0.02]).Select(p => Math.Round(p, 12)));
        Assert.Equal([1, 1], Holm.Adjust([0.9, 0.8]));
        Assert.Empty(Holm.Adjust([]));
    }
}
