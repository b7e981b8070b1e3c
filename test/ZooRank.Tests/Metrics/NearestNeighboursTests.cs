using ZooRank.Metrics.Numerics;

namespace ZooRank.Tests.Metrics;

public class NearestNeighboursTests
{
    public static TheoryData<int, int, string> Clouds()
    {
        var data = new TheoryData<int, int, string>();
        foreach (var (n, width) in new[] { (1, 3), (2, 1), (15, 4), (16, 2), (17, 50), (300, 7), (700, 130) })
            foreach (var kind in new[] { "normal", "grid", "twins", "tiny", "huge", "shifted", "outlier", "one place", "beyond float32" }) data.Add(n, width, kind);
        return data;
    }

    [Theory]
    [MemberData(nameof(Clouds))]
    public void They_are_those_of_a_sort_of_all_distances(int n, int width, string kind)
    {
        var points = Points.Doubles(n, width, kind);
        foreach (var (k, self) in new[] { (5, true), (5, false), (1, true), (1, false), (n + 3, false) })
        {
            var expected = Enumerable.Range(0, n).SelectMany(i => Enumerable.Range(0, n).Where(j => self || j != i)
                .OrderBy(j => j == i ? -1 : NearestNeighbours.SquaredDistance(points.AsSpan(i * width, width), points.AsSpan(j * width, width))).ThenBy(j => j).Take(k));
            Assert.Equal(expected, NearestNeighbours.Find(points, width, k, self));
        }
    }

    [Fact]
    public void Its_distance_is_the_sum_of_squares()
    {
        double[] a = [.. Enumerable.Range(0, 37).Select(i => (double)i)], b = [.. Enumerable.Range(0, 37).Select(i => 2.0 * i)];
        Assert.Equal(36 * 37 * 73 / 6, NearestNeighbours.SquaredDistance(a, b));   // Σ i²; whole numbers, so exact
    }
}
