using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Tests.Metrics;

public class AffinitiesTests
{
    [Theory]
    [InlineData("normal", 1)]
    [InlineData("normal", 1e-6)]     // all affinities count
    [InlineData("normal", 0.3)]      // some
    [InlineData("normal", 100)]      // the nearest alone
    [InlineData("grid", 1)]
    [InlineData("grid", 3)]
    [InlineData("twins", 2)]
    [InlineData("outlier", 1)]
    [InlineData("shifted", 1)]
    [InlineData("one place", 1)]
    public void The_ones_that_count_give_what_all_give(string kind, double scale)
    {
        using var scope = NewDisposeScope();
        foreach (var n in new[] { 9, 33, 310 })
        {
            const int Width = 12, D = 5;
            int[] labels = [.. Enumerable.Range(0, n).Select(i => i * i % 4)];
            var x = tensor([.. Points.Doubles(n, Width, kind).Select(v => scale * v)], [n, Width]);
            using var all = new Affinities(x, labels, D, sparse: false);
            using var some = new Affinities(x, labels, D);
            using var streamed = new Affinities(x, labels, D, mostPairs: 0);
            double[] expected = new double[D * Width], found = new double[D * Width];
            foreach (var turn in new[] { 0.0, 0.1, 2.5 })   // the second finds the neighbours of the first, the third others
            {
                double[] a = [.. Enumerable.Range(0, D * Width).Select(i => Math.Sin(i + turn))];
                var f = all.Start(a, expected);
                // Both are exact to the rounding of the distances, which are sums of squares here and differences of such sums there; a shift of 1000 costs the latter six digits.
                var tolerance = (kind is "shifted" or "outlier" ? 1e-6 : 1e-12) * Math.Max(1, scale * scale) * n;
                foreach (var other in new[] { some, streamed })
                {
                    Assert.Equal(f, other.Start(a, found), tolerance);
                    var size = expected.Max(Math.Abs) + 1;
                    Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, tolerance * size));
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_objective_is_the_definition_and_the_gradient_that_of_finite_differences(bool sparse)
    {
        using var scope = NewDisposeScope();
        const int N = 60, Width = 10, D = 4;
        var (values, labels) = Points.Clouds(N, Width, 3, 2, seed: 21);
        using var f = new Affinities(tensor(values, [N, Width]).to(ScalarType.Float64), labels, D, sparse: sparse);
        double[] a = [.. Enumerable.Range(0, D * Width).Select(i => 0.5 * Math.Cos(3 * i))], gradient = new double[a.Length], ignored = new double[a.Length];
        var embedding = Enumerable.Range(0, N).SelectMany(i => Enumerable.Range(0, D).Select(r => Enumerable.Range(0, Width).Sum(k => a[r * Width + k] * values[i * Width + k]))).ToArray();
        Assert.Equal(Points.Objective(embedding, D, labels), -f.Start(a, gradient), 1e-9);   // 60 terms in float64
        for (var i = 0; i < a.Length; i++)
        {
            double At(double x)
            {
                double[] moved = [.. a];
                moved[i] += x;
                return f.Start(moved, ignored);
            }
            // Fourth order, step 1e-3: the step to the fourth times the fifth derivative.
            const double H = 1e-3;
            Assert.Equal((8 * (At(H) - At(-H)) - (At(2 * H) - At(-2 * H))) / (12 * H), gradient[i], 1e-8);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_step_along_a_direction_is_a_start_from_where_it_leads(bool sparse)
    {
        using var scope = NewDisposeScope();
        const int N = 60, Width = 10, D = 5;
        var (values, labels) = Points.Clouds(N, Width, 3, 2, seed: 22);
        var x = tensor(values, [N, Width]).to(ScalarType.Float64);
        using var stepped = new Affinities(x, labels, D, sparse: sparse);
        using var started = new Affinities(x, labels, D, sparse: sparse);
        double[] a = [.. Enumerable.Range(0, D * Width).Select(i => 0.5 * Math.Cos(3 * i))], gradient = new double[a.Length], expected = new double[a.Length];
        stepped.Start(a, gradient);
        foreach (var length in new[] { 0.3, -0.2, 0.05 })
        {
            double[] direction = [.. gradient.Select((g, i) => Math.Sin(i) - g)];
            stepped.Turn(direction);
            stepped.At(7 * length);   // a step that is not taken leaves no trace
            var (value, slope) = stepped.At(length);
            stepped.Move(gradient);
            for (var i = 0; i < a.Length; i++) a[i] += length * direction[i];
            // The same sums in another order.
            Assert.Equal(started.Start(a, expected), value, 1e-10);
            Assert.Equal(expected.Zip(direction, (g, p) => g * p).Sum(), slope, 1e-9);
            Assert.All(expected.Zip(gradient), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
        }
    }
}
