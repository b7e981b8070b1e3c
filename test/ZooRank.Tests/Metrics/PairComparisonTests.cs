using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Tests.Metrics;

public class PairComparisonTests
{
    private const int Binned = 0;   // no set is small enough to be sorted

    private static (Tensor Unit, int[] Labels) Random(int n, int width, int classes, int seed)
    {
        var (values, labels) = Points.Clouds(n, width, classes, 2, seed);
        var rows = tensor(values, [n, width]).to(ScalarType.Float64);
        return (rows / rows.norm(1, keepdim: true), labels);
    }

    // All pairs by their definitions: Pearson's correlation of average ranks, and the share of (two classes, one class) couples in order.
    private static (double? Rho, double Auc) ByDefinition(double[,] distances, int[] labels)
    {
        List<double> x = [], y = [];
        for (var i = 0; i < labels.Length; i++)
            for (var j = i + 1; j < labels.Length; j++) (x, y) = ([.. x, distances[i, j]], [.. y, labels[i] == labels[j] ? 0 : 1]);
        double[] Ranks(List<double> v) => [.. v.Select(a => v.Count(b => b < a) + (v.Count(b => b == a) + 1) / 2.0)];
        var (a, b) = (Ranks(x), Ranks(y));
        double Centred(double[] u, double[] w) => Enumerable.Range(0, u.Length).Sum(i => (u[i] - u.Average()) * (w[i] - w.Average()));
        var apart = x.Where((_, i) => y[i] == 1).ToList();
        var alike = x.Where((_, i) => y[i] == 0).ToList();
        var auc = apart.Sum(d => alike.Sum(s => d > s ? 1 : d == s ? 0.5 : 0)) / apart.Count / alike.Count;
        return (Centred(a, a) > 0 && Centred(b, b) > 0 ? Centred(a, b) / Math.Sqrt(Centred(a, a) * Centred(b, b)) : null, auc);
    }

    [Theory]
    [InlineData(600, 8, 3)]
    [InlineData(300, 32, 2)]
    [InlineData(257, 3, 5)]     // one row more than a block
    public void Sorted_and_counted_pairs_agree(int n, int width, int classes)
    {
        using var scope = NewDisposeScope();
        var (unit, labels) = Random(n, width, classes, seed: 3);
        var (sorted, counted) = (PairComparison.Of(unit, labels), PairComparison.Of(unit, labels, Binned));
        Assert.Equal(0, sorted.Uncertainty);
        Assert.InRange(counted.Uncertainty, double.Epsilon, 1e-3);
        Assert.InRange(Math.Abs(sorted.Auc - counted.Auc), 0, counted.Uncertainty);   // as it promises
        Assert.Equal(sorted.Auc, counted.Auc, 1e-5);
        Assert.Equal(sorted.Spearman!.Value, counted.Spearman!.Value, 1e-5);
    }

    [Fact]
    public void Without_ties_it_is_Spearmans_correlation_of_all_pairs()
    {
        using var scope = NewDisposeScope();
        var (unit, labels) = Random(40, 6, 3, seed: 5);
        var products = unit.matmul(unit.T).Values();
        var distances = new double[40, 40];
        for (var i = 0; i < 1600; i++) distances[i / 40, i % 40] = 1 - products[i];
        var (rho, auc) = ByDefinition(distances, labels);
        var found = PairComparison.Of(unit, labels);
        Assert.Equal(rho!.Value, found.Spearman!.Value, 1e-12);
        Assert.Equal(auc, found.Auc, 1e-12);
    }

    [Theory]
    [InlineData(PairComparison.LargestSorted)]
    [InlineData(Binned)]
    public void Ties_count_half_and_share_their_mean_rank(int largestSorted)
    {
        // Rows on the axes, either way: every distance is 0, 1 or 2 exactly.
        var random = new Random(11);
        int[] axes = [.. Enumerable.Range(0, 40).Select(_ => random.Next(6))], labels = [.. axes.Select(a => random.Next(4) == 0 ? random.Next(3) : a % 3)];
        double[] rows = [.. axes.SelectMany(a => Enumerable.Range(0, 3).Select(k => k == a / 2 ? 1.0 - 2 * (a % 2) : 0))];
        var distances = new double[40, 40];
        for (var i = 0; i < 40; i++)
            for (var j = 0; j < 40; j++) distances[i, j] = axes[i] == axes[j] ? 0 : axes[i] / 2 == axes[j] / 2 ? 2 : 1;
        var (rho, auc) = ByDefinition(distances, labels);
        using var scope = NewDisposeScope();
        var found = PairComparison.Of(tensor(rows, [40, 3]), labels, largestSorted);
        Assert.Equal(rho!.Value, found.Spearman!.Value, 1e-12);
        Assert.Equal(auc, found.Auc, 1e-12);
    }

    [Theory]
    [InlineData(PairComparison.LargestSorted)]
    [InlineData(Binned)]
    public void Where_nothing_differs_there_is_no_correlation(int largestSorted)
    {
        using var scope = NewDisposeScope();
        var same = tensor(new[] { 0.6, 0.8 }).repeat(10, 1);
        var found = PairComparison.Of(same, [.. Enumerable.Range(0, 10).Select(i => i % 2)], largestSorted);
        Assert.Equal((0.5, null), (found.Auc, found.Spearman));
        Assert.Null(PairComparison.Of(Random(10, 4, 2, seed: 1).Unit, new int[10], largestSorted).Spearman);   // one class
        Assert.Null(PairComparison.Of(Random(10, 4, 2, seed: 1).Unit, [.. Enumerable.Range(0, 10)], largestSorted).Spearman);   // no two of one
    }
}
