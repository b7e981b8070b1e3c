using System.Globalization;
using System.Text.Json;
using ZooRank.Statistics;

namespace ZooRank.Tests.Statistics;

/// <summary>Against the reference values of ../shared/oracle/statistics.json (SciPy), against SciPy itself where it is installed, and against values counted by hand.</summary>
public class StatisticsTests
{
    private static JsonElement[] Oracle(string kind) => [.. JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("oracle", "statistics.json"))).RootElement.GetProperty(kind).EnumerateArray()];

    private static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetDouble())];

    [Fact]
    public void Correlations_are_the_oracle_s()
    {
        foreach (var c in Oracle("weighted_tau"))
        {
            var (x, y) = (Numbers(c.GetProperty("x")), Numbers(c.GetProperty("y")));
            void Same(string name, double? found)
            {
                if (!c.TryGetProperty(name, out var expected)) return;   // the undefined case has only τ_w
                if (expected.ValueKind == JsonValueKind.Null) Assert.Null(found);
                else Assert.Equal(expected.GetDouble(), found!.Value, 1e-12);
            }
            Same("tau_w", WeightedTau.Of(x, y));
            Same("tau_w_rank_none", WeightedTau.Of(x, y, WeightedTau.RanksBy(x, y)));
            Same("kendall_b", RankCorrelation.Kendall(x, y));
            Same("spearman", RankCorrelation.Spearman(x, y));
        }
    }

    [Fact]
    public void Friedman_and_Nemenyi_are_the_oracle_s()
    {
        foreach (var c in Oracle("friedman"))
        {
            var found = FriedmanTest.Of([.. c.GetProperty("scores").EnumerateArray().Select(row => (IReadOnlyList<double>)RankCorrelation.DescendingRanks(Numbers(row)))])!;
            Assert.Equal(c.GetProperty("statistic").GetDouble(), found.Statistic, 1e-9);
            Assert.Equal(c.GetProperty("p").GetDouble(), found.P, 1e-9);
            foreach (var (expected, rank) in Numbers(c.GetProperty("average_ranks")).Zip(found.AverageRanks)) Assert.Equal(expected, rank, 1e-12);
        }
        // The oracle's q is that of Demšar's table, three decimals: so much may differ here.
        foreach (var c in Oracle("nemenyi")) Assert.Equal(c.GetProperty("critical_difference").GetDouble(), FriedmanTest.CriticalDifference(c.GetProperty("k").GetInt32(), c.GetProperty("n").GetInt32(), c.GetProperty("alpha").GetDouble()), 1e-3);
    }

    [Fact]
    public void Every_variant_of_the_weighted_tau_is_SciPy_s_on_rankings_with_ties()
    {
        var random = new Random(3);
        var cases = Enumerable.Range(0, 200).Select(_ => random.Next(3, 20)).Select(n => (X: Draw(n), Y: Draw(n))).ToList();
        const string Script = """
            import json, warnings
            warnings.filterwarnings('ignore')
            from scipy.stats import weightedtau as t, wilcoxon, friedmanchisquare
            for x, y in json.loads(sys.argv[1]):
                r = [t(x, y), t(x, y, rank=None), t(x, y, rank=False), t(x, y, additive=False), t(x, y, weigher=lambda r: 1 / (r + 2) ** 2)]
                print(' '.join(repr(float(v[0])) for v in r))
            """;
        var lines = Python.Run("scipy", Script, JsonSerializer.Serialize(cases.Select(c => new[] { c.X, c.Y }))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(cases.Count, lines.Length);
        foreach (var ((x, y), line) in cases.Zip(lines))
        {
            double?[] ours =
            [
                WeightedTau.Of(x, y), WeightedTau.Of(x, y, WeightedTau.RanksBy(x, y)), WeightedTau.Of(x, y, Enumerable.Range(0, x.Length).ToArray()), WeightedTau.Of(x, y, additive: false),
                WeightedTau.Of(x, y, r => 1.0 / ((r + 2) * (r + 2))),
            ];
            foreach (var (theirs, mine) in line.Split(' ').Zip(ours))
                if (theirs == "nan") Assert.Null(mine);
                else Assert.Equal(double.Parse(theirs, CultureInfo.InvariantCulture), mine!.Value, 1e-12);
        }

        double[] Draw(int n) => [.. Enumerable.Range(0, n).Select(_ => (double)random.Next(n))];
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(13)]
    [InlineData(40)]
    public void The_studentised_range_is_SciPy_s_for_any_number_of_methods(int k)
    {
        var lines = Python.Run("scipy", "from scipy.stats import studentized_range as s; import numpy; k = int(sys.argv[1]); print(s.ppf(0.95, k, numpy.inf)); print(s.cdf(3, k, numpy.inf))", k.ToString(CultureInfo.InvariantCulture)).Split('\n');
        Assert.Equal(double.Parse(lines[0], CultureInfo.InvariantCulture), StudentizedRange.Critical(0.05, k), 1e-6);   // SciPy's root finder stops there
        Assert.Equal(double.Parse(lines[1], CultureInfo.InvariantCulture), StudentizedRange.Cdf(3, k), 1e-8);
    }

    [Fact]
    public void Iman_and_Davenport_s_statistic_is_that_of_its_formula()
    {
        // (N − 1) χ² / (N (k − 1) − χ²) with N = 4, k = 3 (Demšar, JMLR 2006, section 3.2.2); ranks 1.25, 2, 2.75: χ² = 48/12 · (1.5625 + 4 + 7.5625 − 12) = 4.5, F = 13.5/3.5.
        double[][] ranks = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [1, 2, 3]];
        var test = FriedmanTest.Of(ranks)!;
        Assert.Equal(4.5, test.Statistic, 1e-12);
        Assert.Equal(13.5 / 3.5, test.ImanDavenport!.Value, 1e-12);
    }

    [Fact]
    public void Wilcoxon_s_test_counts_all_signs()
    {
        // n = 5, all positive: W = 0, two of the 32 signs are as far. With a tie, by hand: ranks 1.5, 1.5, 3 and signs + + −: W = 3, of the eight sums 0, 1.5, 1.5, 3, 3, 4.5, 4.5, 6 five are at most 3: p = 1.
        Assert.Equal(2 / 32.0, WilcoxonTest.Of([1, 2, 3, 4, 5])!.P, 1e-15);
        Assert.Equal((3, 1, 3), WilcoxonTest.Of([1, 1, -2]) is var t ? (t!.W, t.P, t.Pairs) : default);
        Assert.Equal(5, WilcoxonTest.Of([0, 0.1, 0.2, 0.3, 0.4, -0.5])!.Pairs);
        Assert.Null(WilcoxonTest.Of([0, 0]));
        var random = new Random(1);
        var cases = Enumerable.Range(0, 50).Select(_ => Enumerable.Range(0, random.Next(4, 25)).Select(_ => random.NextDouble() - 0.4).ToArray()).ToList();
        var lines = Python.Run("scipy", "import json\nfrom scipy.stats import wilcoxon\nfor d in json.loads(sys.argv[1]): print(*map(float, wilcoxon(d, mode='exact')))", JsonSerializer.Serialize(cases)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var (d, line) in cases.Zip(lines))
        {
            var (found, expected) = (WilcoxonTest.Of(d)!, line.Split(' ').Select(v => double.Parse(v, CultureInfo.InvariantCulture)).ToArray());
            Assert.Equal(expected[0], found.W, 1e-9);
            Assert.Equal(expected[1], found.P, 1e-9);
        }
    }

    [Fact]
    public void Regret_is_what_the_best_of_the_chosen_loses_and_ties_are_drawn_by_lot()
    {
        double[] auc = [0.9, 0.8, 0.7, 0.6];
        Assert.Equal(0, SelectionQuality.Regret([4, 3, 2, 1], auc, 1), 1e-15);
        Assert.Equal(0.3, SelectionQuality.Regret([1, 2, 3, 4], auc, 1), 1e-15);
        Assert.Equal(0.2, SelectionQuality.Regret([1, 2, 3, 4], auc, 2), 1e-15);
        Assert.Equal(0.7 / 0.9, SelectionQuality.Relative([1, 2, 3, 4], auc, 2), 1e-15);
        Assert.Equal(0, SelectionQuality.Regret([1, 2, 3, 4], auc, 9), 1e-15);
        Assert.Equal(0.15, SelectionQuality.Regret([5, 5, 5, 5], auc, 1), 1e-15);             // the mean is 0.75
        Assert.Equal(0.9 - ((3 * 0.9 + 2 * 0.8 + 0.7) / 6), SelectionQuality.Regret([5, 5, 5, 5], auc, 2), 1e-15);   // of the six pairs three hold the first
        Assert.Equal(0.15, SelectionQuality.Regret([1, 5, 7, 5], [0.9, 0.8, 0.7, 0.6], 2), 1e-15);   // one of two joins the third
    }

    [Fact]
    public void A_random_ranking_s_tau_spreads_as_published()
    {
        // Simulated independently with SciPy over 4,000 permutations: 0.247 and 0.418 for 14, 0.308 and 0.523 for 9; a standard error of 3 % of the spread.
        foreach (var (n, deviation, percentile) in new[] { (14, 0.247, 0.418), (9, 0.308, 0.523) })
        {
            var found = RandomRanking.Of(n);
            Assert.Equal(deviation, found.StandardDeviation, 0.01);
            Assert.Equal(percentile, found.Percentile95, 0.02);
        }
    }

    [Fact]
    public void The_bootstrap_s_interval_is_about_two_standard_errors_each_way()
    {
        // Of 100 normal values: 1.96 s/√n; percentiles of 10,000 draws have an error of some per cent.
        var random = new Random(8);
        double[] values = [.. Enumerable.Range(0, 100).Select(_ => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))];
        var (mean, error) = (values.Average(), Math.Sqrt(values.Sum(v => Math.Pow(v - values.Average(), 2)) / 99 / 100));
        var interval = Bootstrap.OfMean(values)!;
        Assert.Equal(mean - (1.96 * error), interval.Low, 0.15 * error);
        Assert.Equal(mean + (1.96 * error), interval.High, 0.15 * error);
        Assert.Equal(interval, Bootstrap.OfMean(values));
        Assert.Null(Bootstrap.OfMean([1]));
    }

    [Fact]
    public void What_is_constant_has_no_correlation()
    {
        Assert.Null(WeightedTau.Of([1, 1, 1], [1, 2, 3]));
        Assert.Null(RankCorrelation.Kendall([1, 2, 3], [5, 5, 5]));
        Assert.Null(FriedmanTest.Of([[1.5, 1.5], [1.5, 1.5]]));
    }
}
