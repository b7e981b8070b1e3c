using System.Numerics;

namespace ZooRank.Metrics.Numerics;

/// <summary>When a minimisation stops.</summary>
/// <param name="MaxIterations">Accepted steps at most.</param>
/// <param name="FunctionTolerance">Stop when a step lowers f by no more than this, relative to max(|f|, 1).</param>
/// <param name="GradientTolerance">Stop when no component of the gradient is larger.</param>
public sealed record LbfgsOptions(int MaxIterations, double FunctionTolerance, double GradientTolerance)
{
    /// <summary>Step pairs that approximate the Hessian (m).</summary>
    public int Memory { get; init; } = 10;

    /// <summary>Evaluations at most in one line search.</summary>
    public int MaxLineSearchSteps { get; init; } = 20;
}

/// <param name="Value">f at the last accepted point, which lies in the array given to <see cref="Lbfgs"/>.</param>
/// <param name="Iterations">Accepted steps.</param>
/// <param name="Evaluations">Evaluations of f and its gradient.</param>
public sealed record LbfgsResult(double Value, int Iterations, int Evaluations);

/// <summary>A function as a line search sees it: a base point, a direction from there, and steps in that direction.</summary>
internal interface IObjective
{
    /// <summary>Takes the base point. Returns the value there and writes the gradient.</summary>
    double Start(ReadOnlySpan<double> point, Span<double> gradient);

    /// <summary>Takes the direction of the steps to come.</summary>
    void Turn(ReadOnlySpan<double> direction);

    /// <summary>The value so far along the direction, and its derivative by the step.</summary>
    (double Value, double Slope) At(double step);

    /// <summary>Moves the base to the last step; writes the gradient there.</summary>
    void Move(Span<double> gradient);
}

/// <summary>
/// Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989) without bounds, with the line search of Moré and Thuente (1994).
/// Step lengths, tolerances and the rule for skipping an update are those of L-BFGS-B 3.0 (Byrd, Lu, Nocedal and Zhu 1995), so that it walks the same path as SciPy up to rounding.
/// </summary>
public static class Lbfgs
{
    /// <summary>f at <paramref name="point"/>; writes its gradient.</summary>
    public delegate double Objective(ReadOnlySpan<double> point, Span<double> gradient);

    /// <summary>Walks downhill from <paramref name="x"/>, which ends as the best point found.</summary>
    public static LbfgsResult Minimise(Objective objective, double[] x, LbfgsOptions options) => Minimise(new Pointwise(objective, x.Length), x, options);

    internal static LbfgsResult Minimise(IObjective objective, double[] x, LbfgsOptions options)
    {
        var n = x.Length;
        double[] gradient = new double[n], direction = new double[n], previous = new double[n];
        var pairs = new List<(double[] Step, double[] Change, double Curvature)>();   // s, y, 1/(y·s), oldest first
        var evaluations = 1;
        var value = objective.Start(x, gradient);

        for (var iteration = 0; ; iteration++)
        {
            if (iteration >= options.MaxIterations || LargestMagnitude(gradient) <= options.GradientTolerance)
                return new LbfgsResult(value, iteration, evaluations);

            TwoLoop(pairs, gradient, direction);
            var slope = Dot(gradient, direction);
            var norm = Math.Sqrt(Dot(direction, direction));
            var before = value;

            var search = new MoreThuenteSearch(before, slope, iteration == 0 ? Math.Min(1 / norm, MoreThuenteSearch.LargestStep) : 1);
            var (found, step) = (false, 0.0);
            if (slope < 0) objective.Turn(direction);
            for (var trial = 0; slope < 0 && trial < options.MaxLineSearchSteps && !found; trial++)
            {
                step = search.Step;
                (value, var slopeThere) = objective.At(step);
                evaluations++;
                found = search.Accept(value, slopeThere);
            }
            if (!found)
            {
                value = before;
                if (pairs.Count == 0) return new LbfgsResult(value, iteration, evaluations);   // steepest descent fails too: as low as rounding allows
                pairs.Clear();
                iteration--;
                continue;
            }
            AddScaled(x, direction, step);
            if (before - value <= options.FunctionTolerance * Math.Max(Math.Max(Math.Abs(before), Math.Abs(value)), 1))
                return new LbfgsResult(value, iteration + 1, evaluations);

            gradient.CopyTo(previous, 0);
            objective.Move(gradient);
            Remember(pairs, options.Memory, direction, step, gradient, previous, slope);
        }
    }

    private static void Remember(
        List<(double[] Step, double[] Change, double Curvature)> pairs, int memory, double[] direction, double length, double[] gradient, double[] previous, double slope)
    {
        var curvature = (Dot(gradient, direction) - slope) * length;                 // y·s
        if (curvature <= (Math.BitIncrement(1) - 1) * -slope * length) return;       // L-BFGS-B's rule: too little curvature to learn from
        if (pairs.Count == memory) pairs.RemoveAt(0);
        double[] step = new double[direction.Length], change = new double[direction.Length];
        for (var i = 0; i < step.Length; i++) (step[i], change[i]) = (length * direction[i], gradient[i] - previous[i]);
        pairs.Add((step, change, 1 / curvature));
    }

    // direction = -H·gradient, H the inverse Hessian as the pairs see it, scaled at first by (s·y)/(y·y) of the newest.
    private static void TwoLoop(List<(double[] Step, double[] Change, double Curvature)> pairs, double[] gradient, double[] direction)
    {
        for (var i = 0; i < gradient.Length; i++) direction[i] = -gradient[i];
        Span<double> weights = stackalloc double[pairs.Count];
        for (var k = pairs.Count - 1; k >= 0; k--)
        {
            weights[k] = pairs[k].Curvature * Dot(pairs[k].Step, direction);
            AddScaled(direction, pairs[k].Change, -weights[k]);
        }
        if (pairs.Count > 0)
        {
            var newest = pairs[^1];
            var scale = 1 / (newest.Curvature * Dot(newest.Change, newest.Change));
            for (var i = 0; i < direction.Length; i++) direction[i] *= scale;
        }
        for (var k = 0; k < pairs.Count; k++)
            AddScaled(direction, pairs[k].Step, weights[k] - pairs[k].Curvature * Dot(pairs[k].Change, direction));
    }

    private static double Dot(double[] a, double[] b)
    {
        var sum = Vector<double>.Zero;
        var i = 0;
        for (; i <= a.Length - Vector<double>.Count; i += Vector<double>.Count) sum += new Vector<double>(a, i) * new Vector<double>(b, i);
        var total = Vector.Sum(sum);
        for (; i < a.Length; i++) total += a[i] * b[i];
        return total;
    }

    private static void AddScaled(double[] target, double[] other, double scale)
    {
        var (i, factor) = (0, new Vector<double>(scale));
        for (; i <= target.Length - Vector<double>.Count; i += Vector<double>.Count) (new Vector<double>(target, i) + factor * new Vector<double>(other, i)).CopyTo(target, i);
        for (; i < target.Length; i++) target[i] += scale * other[i];
    }

    // Knows nothing of directions: f and the whole gradient at every step.
    private sealed class Pointwise(Objective f, int n) : IObjective
    {
        private readonly double[] start = new double[n], direction = new double[n], point = new double[n], gradient = new double[n];

        public double Start(ReadOnlySpan<double> x, Span<double> there)
        {
            x.CopyTo(start);
            return f(start, there);
        }

        public void Turn(ReadOnlySpan<double> to) => to.CopyTo(direction);

        public (double Value, double Slope) At(double step)
        {
            start.CopyTo(point, 0);
            AddScaled(point, direction, step);
            var value = f(point, gradient);
            return (value, Dot(gradient, direction));
        }

        public void Move(Span<double> there)
        {
            point.CopyTo(start, 0);
            gradient.CopyTo(there);
        }
    }

    private static double LargestMagnitude(double[] values)
    {
        var largest = 0.0;
        foreach (var v in values) largest = Math.Max(largest, Math.Abs(v));
        return largest;
    }
}
