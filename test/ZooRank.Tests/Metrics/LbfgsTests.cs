using System.Globalization;
using ZooRank.Metrics.Numerics;

namespace ZooRank.Tests.Metrics;

public class LbfgsTests
{
    private static readonly LbfgsOptions ToTheEnd = new(1000, 0, 1e-10);

    // Each with its gradient, its usual start, and its minimum (Moré, Garbow and Hillstrom, ACM TOMS 7(1), 1981).
    private static readonly Dictionary<string, (Lbfgs.Objective F, double[] Start, double[] Minimum)> Problems = new()
    {
        ["rosenbrock"] = (Rosenbrock, [-1.2, 1], [1, 1]),
        ["rosenbrock10"] = (Rosenbrock, [.. Enumerable.Range(0, 10).Select(i => i % 2 == 0 ? -1.2 : 1)], [.. Enumerable.Repeat(1.0, 10)]),
        ["beale"] = (Beale, [1, 1], [3, 0.5]),
        ["bowl"] = (Bowl, [.. Enumerable.Repeat(1.0, 20)], new double[20]),
    };

    [Theory]
    [InlineData("rosenbrock")]
    [InlineData("rosenbrock10")]
    [InlineData("beale")]
    [InlineData("bowl")]
    public void It_reaches_the_known_minimum(string name)
    {
        var (f, start, minimum) = Problems[name];
        double[] x = [.. start];
        var result = Lbfgs.Minimise(f, x, ToTheEnd);
        Assert.Equal(0, result.Value, 1e-15);
        // The gradient's largest component is at most 1e-10; the smallest curvature here is 0.4.
        Assert.All(x.Zip(minimum), pair => Assert.Equal(pair.Second, pair.First, 1e-8));
        Assert.InRange(result.Iterations, 2, 200);
        Assert.InRange(result.Evaluations, result.Iterations + 1, 3 * result.Iterations);
    }

    [Theory]
    [InlineData("rosenbrock")]
    [InlineData("rosenbrock10")]
    [InlineData("beale")]
    [InlineData("bowl")]
    public void It_walks_the_path_of_SciPy(string name)
    {
        var (f, start, _) = Problems[name];
        var output = Python.Run("numpy, scipy.optimize", """
            def rosenbrock(x):
                return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)
            def beale(x):
                c = numpy.array([1.5, 2.25, 2.625]); k = numpy.arange(1, 4); r = c - x[0] * (1 - x[1] ** k)
                return (r ** 2).sum(), numpy.array([(2 * r * -(1 - x[1] ** k)).sum(), (2 * r * x[0] * k * x[1] ** (k - 1)).sum()])
            def bowl(x):
                k = numpy.arange(1, len(x) + 1.0)
                return (k * x ** 2).sum() + 0.25 * (x ** 4).sum(), 2 * k * x + x ** 3
            f = {"rosenbrock": rosenbrock, "rosenbrock10": rosenbrock, "beale": beale, "bowl": bowl}[sys.argv[1]]
            for steps in range(1, 13):
                found = scipy.optimize.minimize(f, numpy.array([float(v) for v in sys.argv[2].split()]), jac=True, method="L-BFGS-B", options=dict(maxiter=steps, ftol=0, gtol=0))
                print(repr(float(found.fun)), found.nfev)
            """, name, string.Join(' ', start.Select(v => v.ToString("R", CultureInfo.InvariantCulture))));
        var steps = 0;
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')))
        {
            var expected = double.Parse(line[0], CultureInfo.InvariantCulture);
            var result = Lbfgs.Minimise(f, [.. start], new LbfgsOptions(++steps, 0, 0));
            // Two ways to the same direction (two loops there is the compact form here): rounding of 1e-16, grown at each step of a curved valley.
            Assert.Equal(expected, result.Value, 1e-6 * Math.Max(expected, 1e-3));
            Assert.Equal(int.Parse(line[1], CultureInfo.InvariantCulture), result.Evaluations);
        }
        Assert.Equal(12, steps);
    }

    [Fact]
    public void At_a_minimum_it_stays()
    {
        double[] x = [1, 1];
        Assert.Equal(new LbfgsResult(0, 0, 1), Lbfgs.Minimise(Rosenbrock, x, new LbfgsOptions(50, 1e-5, 1e-5)));
        Assert.Equal([1, 1], x);
    }

    [Fact]
    public void It_stops_where_a_step_gains_too_little()
    {
        double[] x = [-1.2, 1];
        var early = Lbfgs.Minimise(Rosenbrock, x, new LbfgsOptions(1000, 1e-2, 0));
        var late = Lbfgs.Minimise(Rosenbrock, [-1.2, 1], ToTheEnd);
        Assert.True(early.Iterations < late.Iterations && early.Value > late.Value);
        Assert.Equal(early.Value, Rosenbrock(x, new double[2]));
    }

    [Fact]
    public void No_step_is_taken_where_none_is_allowed()
    {
        double[] x = [-1.2, 1];
        Assert.Equal(0, Lbfgs.Minimise(Rosenbrock, x, new LbfgsOptions(0, 0, 0)).Iterations);
        Assert.Equal([-1.2, 1], x);
    }

    [Fact]
    public void A_function_without_a_way_down_ends_at_the_start()
    {
        // The gradient lies: what it calls downhill goes up.
        double[] x = [2];
        var result = Lbfgs.Minimise((point, gradient) => { gradient[0] = -2 * point[0]; return point[0] * point[0]; }, x, ToTheEnd);
        Assert.Equal(4, result.Value);
        Assert.Equal([2], x);
        Assert.InRange(result.Evaluations, 2, 50);
    }

    private static double Rosenbrock(ReadOnlySpan<double> x, Span<double> g)
    {
        g.Clear();
        var f = 0.0;
        for (var i = 0; i + 1 < x.Length; i++)
        {
            var (rise, back) = (x[i + 1] - x[i] * x[i], 1 - x[i]);
            f += 100 * rise * rise + back * back;
            g[i] += -400 * x[i] * rise - 2 * back;
            g[i + 1] += 200 * rise;
        }
        return f;
    }

    private static double Beale(ReadOnlySpan<double> x, Span<double> g)
    {
        g.Clear();
        var f = 0.0;
        foreach (var (k, c) in new[] { (1, 1.5), (2, 2.25), (3, 2.625) })
        {
            var r = c - x[0] * (1 - Math.Pow(x[1], k));
            f += r * r;
            g[0] += -2 * r * (1 - Math.Pow(x[1], k));
            g[1] += 2 * r * x[0] * k * Math.Pow(x[1], k - 1);
        }
        return f;
    }

    // Σ k·x_k² + x_k⁴/4: curvatures from 2 to 40.
    private static double Bowl(ReadOnlySpan<double> x, Span<double> g)
    {
        var f = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            f += (i + 1) * x[i] * x[i] + 0.25 * Math.Pow(x[i], 4);
            g[i] = 2 * (i + 1) * x[i] + Math.Pow(x[i], 3);
        }
        return f;
    }
}
