using ZooRank.Metrics.Numerics;

namespace ZooRank.Tests.Metrics;

public class DistanceScreenTests
{
    [Theory]
    [InlineData("normal")]
    [InlineData("grid")]      // distances equal to the limit: they count
    [InlineData("shifted")]
    [InlineData("outlier")]
    [InlineData("one place")]
    public unsafe void No_pair_within_its_limit_is_missed_and_few_beyond_are_let_through(string kind)
    {
        const int N = 203, Width = 40;
        var points = Points.Doubles(N, Width, kind);
        double Squared(int i, int j) => NearestNeighbours.SquaredDistance(points.AsSpan(i * Width, Width), points.AsSpan(j * Width, Width));
        double[] limits = [.. Enumerable.Range(0, N).Select(i => Squared(i, (7 * i + 1) % N))];
        using var screen = new DistanceScreen(N, Width);
        fixed (double* first = points) Assert.True(screen.Load(first));
        var found = new DistanceScreen.Pairs();
        screen.Scan(0..screen.Panels, 0..screen.Panels, screen.Limits(limits), found);
        var pairs = Enumerable.Range(0, found.Count).Select(p => (found.Rows[p], found.Columns[p])).ToHashSet();
        Assert.Equal(found.Count, pairs.Count);
        var near = Enumerable.Range(0, N).SelectMany(i => Enumerable.Range(i + 1, N - i - 1).Select(j => (i, j))).Where(p => Squared(p.i, p.j) <= Math.Max(limits[p.i], limits[p.j])).ToHashSet();
        Assert.Subset(pairs, near);
        if (kind != "outlier") Assert.True(pairs.Count - near.Count < N);   // it moves the mean away from the others, whose squares and bounds grow with that
    }

    [Fact]
    public unsafe void Four_rows_are_multiplied_as_the_sum_says()
    {
        float* a = stackalloc float[3 * 16], b = stackalloc float[3 * 16], to = stackalloc float[4 * 16];
        for (var i = 0; i < 48; i++) (a[i], b[i]) = (i % 7, i % 5);
        DistanceScreen.Products256(a + 4, b, 3, to);
        for (var r = 0; r < 4; r++)
            for (var c = 0; c < 16; c++) Assert.Equal(Enumerable.Range(0, 3).Sum(k => (k * 16 + 4 + r) % 7 * ((k * 16 + c) % 5)), to[r * 16 + c]);   // whole numbers, so exact
    }
}
