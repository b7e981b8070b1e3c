using System.Globalization;
using System.Text.Json;
using ZooRank.Data;
using ZooRank.Metrics.Numerics;
using ZooRank.Statistics;
using static TorchSharp.torch;

namespace ZooRank.Tests.Metrics;

/// <summary>Numerical parts against SciPy and scikit-learn, run where they are installed.</summary>
public class NumericsTests
{
    private static double[] Reference(string modules, object input, string script)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["input.json"], JsonSerializer.Serialize(input));
        var output = Python.Run(modules, $"import json\nnp = numpy\nd = json.load(open(sys.argv[1]))\n{script}", folder["input.json"]);
        return [.. output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
    }

    [Theory]
    [InlineData(1000)]   // ties are rare
    [InlineData(7)]      // and frequent
    public void Rank_correlation_is_SciPys(int values)
    {
        var random = new Random(values);
        double[] x = [.. Enumerable.Range(0, 200).Select(_ => (double)random.Next(values))], y = [.. x.Select(v => v + random.Next(values))];
        var expected = Reference("numpy, scipy.stats", new { x, y }, "print(repr(float(scipy.stats.spearmanr(d['x'], d['y'])[0])))");
        Assert.Equal(expected[0], RankCorrelation.Spearman(x, y)!.Value, 1e-12);
    }

    [Fact]
    public void A_constant_list_correlates_with_nothing()
    {
        // By hand as well: ranks 1.5, 1.5, 3, 4 and 1, 2, 3, 4 are 2.5 − {1, 1, −½, −1½} and 2.5 − {1½, ½, −½, −1½}: 4.5/√(4.5·5).
        Assert.Equal(4.5 / Math.Sqrt(4.5 * 5), RankCorrelation.Spearman([1, 1, 2, 9], [0, 1, 2, 3])!.Value, 1e-15);
        Assert.Equal(-1, RankCorrelation.Spearman([1, 2, 3], [9, 4, 1])!.Value, 1e-15);
        Assert.Null(RankCorrelation.Spearman([1, 2, 3], [5, 5, 5]));
    }

    [Theory]
    [InlineData(90, 40, 8, 1)]
    [InlineData(60, 150, 32, 1)]    // more features than images, as published
    [InlineData(50, 12, 12, 4)]
    public void Randomised_components_are_scikit_learns(int n, int width, int k, int iterations)
    {
        var (values, _) = Points.Clouds(n, width, 4, 3, seed: 13);
        // In float32, as features come: the test matrix is rounded to it, and so is all that follows. Hence the tolerance.
        var expected = Reference("numpy, sklearn.decomposition", new { x = values, n, k, iterations }, """
            X = np.array(d['x'], np.float32).reshape(d['n'], -1)
            p = sklearn.decomposition.PCA(d['k'], svd_solver='randomized', iterated_power=d['iterations'], random_state=1919)
            print(*p.fit_transform(X).ravel().astype(float))
            """);
        using var scope = NewDisposeScope();
        var found = RandomizedPca.Scores(tensor(values, [n, width]).to(ScalarType.Float64), k, new NumpyRandom(1919), iterations).Values();
        Assert.Equal(expected.Length, found.Length);
        Assert.InRange(expected.Zip(found, (e, f) => Math.Abs(e - f)).Max(), 0, 1e-3);
    }
}
