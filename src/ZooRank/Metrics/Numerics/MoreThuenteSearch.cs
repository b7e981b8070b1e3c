namespace ZooRank.Metrics.Numerics;

/// <summary>
/// Line search with guaranteed sufficient decrease (Moré and Thuente, ACM TOMS 20(3), 1994): narrows an interval that holds a step satisfying
/// φ(t) ≤ φ(0) + μ·t·φ'(0) and |φ'(t)| ≤ η·|φ'(0)|. The constants are L-BFGS-B's: μ = 1e-3, η = 0.9, an interval is narrow enough at 0.1 of its upper end.
/// </summary>
internal sealed class MoreThuenteSearch(double startValue, double startSlope, double firstStep)
{
    public const double LargestStep = 1e10;
    private const double Decrease = 1e-3, Curvature = 0.9, Narrow = 0.1;

    private readonly record struct Point(double Step, double Value, double Slope);

    private Point best = new(0, startValue, startSlope), other = new(0, startValue, startSlope);
    private bool bracketed, firstStage = true;
    private double width = LargestStep, widthBefore = 2 * LargestStep;
    private double lower, upper = firstStep + 4 * firstStep;

    /// <summary>The step to try next.</summary>
    public double Step { get; private set; } = firstStep;

    /// <summary>Takes φ and φ' at <see cref="Step"/>. True: the step is good enough (or the best that rounding allows); false: try the new <see cref="Step"/>.</summary>
    public bool Accept(double value, double slope)
    {
        var required = Decrease * startSlope;
        var bound = startValue + Step * required;
        if (firstStage && value <= bound && slope >= 0) firstStage = false;

        var exhausted =
            (bracketed && (Step <= lower || Step >= upper || upper - lower <= Narrow * upper))
            || (Step == LargestStep && value <= bound && slope <= required)
            || (Step == 0 && (value > bound || slope >= required));
        if (exhausted || (value <= bound && Math.Abs(slope) <= Curvature * -startSlope)) return true;

        var trial = new Point(Step, value, slope);
        if (firstStage && value <= best.Value && value > bound)
        {
            // The first stage looks for the minimum of φ(t) − μ·t·φ'(0), whose sign tells on which side the decrease suffices.
            Point Shifted(Point p) => new(p.Step, p.Value - p.Step * required, p.Slope - required);
            Point Unshifted(Point p) => new(p.Step, p.Value + p.Step * required, p.Slope + required);
            (best, other) = (Shifted(best), Shifted(other));
            Narrower(Shifted(trial));
            (best, other) = (Unshifted(best), Unshifted(other));
        }
        else
        {
            Narrower(trial);
        }

        if (bracketed)
        {
            if (Math.Abs(other.Step - best.Step) >= 0.66 * widthBefore) Step = best.Step + 0.5 * (other.Step - best.Step);
            (widthBefore, width) = (width, Math.Abs(other.Step - best.Step));
            (lower, upper) = (Math.Min(best.Step, other.Step), Math.Max(best.Step, other.Step));
        }
        else
        {
            (lower, upper) = (Step + 1.1 * (Step - best.Step), Step + 4 * (Step - best.Step));
        }
        Step = Math.Clamp(Step, 0, LargestStep);
        if (bracketed && (Step <= lower || Step >= upper || upper - lower <= Narrow * upper)) Step = best.Step;
        return false;
    }

    // One safeguarded step of cubic and quadratic interpolation: the four cases of the paper's section 4.
    private void Narrower(Point trial)
    {
        var opposite = trial.Slope * Math.Sign(best.Slope) < 0;
        double next;
        if (trial.Value > best.Value)
        {
            // 1: the value rose, so the minimum is bracketed. The cubic step if it is the closer one, else halfway to the quadratic.
            var cubic = Cubic(best, trial, clamp: false);
            var quadratic = best.Step + best.Slope / ((best.Value - trial.Value) / (trial.Step - best.Step) + best.Slope) / 2 * (trial.Step - best.Step);
            next = Math.Abs(cubic - best.Step) < Math.Abs(quadratic - best.Step) ? cubic : cubic + (quadratic - cubic) / 2;
            bracketed = true;
        }
        else if (opposite)
        {
            // 2: lower, and the slopes differ in sign: bracketed. Of the cubic and the secant step, the one farther from the trial.
            var cubic = Cubic(trial, best, clamp: false);
            var secant = Secant(trial, best);
            next = Math.Abs(cubic - trial.Step) > Math.Abs(secant - trial.Step) ? cubic : secant;
            bracketed = true;
        }
        else if (Math.Abs(trial.Slope) < Math.Abs(best.Slope))
        {
            // 3: lower, same sign, flatter. The cubic step only where it tends to infinity in the direction of the step or has its minimum beyond it.
            var cubic = Cubic(trial, best, clamp: true);
            var secant = Secant(trial, best);
            if (bracketed)
            {
                next = Math.Abs(cubic - trial.Step) < Math.Abs(secant - trial.Step) ? cubic : secant;
                var limit = trial.Step + 0.66 * (other.Step - trial.Step);
                next = trial.Step > best.Step ? Math.Min(limit, next) : Math.Max(limit, next);
            }
            else
            {
                next = Math.Abs(cubic - trial.Step) > Math.Abs(secant - trial.Step) ? cubic : secant;
                next = Math.Clamp(next, lower, Math.Max(lower, upper));
            }
        }
        else
        {
            // 4: lower, same sign, not flatter: the interval's end, or the cubic step towards it.
            next = bracketed ? Cubic(trial, other, clamp: false) : trial.Step > best.Step ? upper : lower;
        }

        if (trial.Value > best.Value)
        {
            other = trial;
        }
        else
        {
            if (opposite) other = best;
            best = trial;
        }
        Step = next;
    }

    // The minimum, nearest to a, of the cubic through both values and slopes.
    private double Cubic(Point a, Point b, bool clamp)
    {
        var theta = 3 * (a.Value - b.Value) / (b.Step - a.Step) + a.Slope + b.Slope;
        var scale = Math.Max(Math.Abs(theta), Math.Max(Math.Abs(a.Slope), Math.Abs(b.Slope)));
        var discriminant = theta / scale * (theta / scale) - a.Slope / scale * (b.Slope / scale);
        var gamma = scale * Math.Sqrt(clamp ? Math.Max(0, discriminant) : discriminant);
        if (b.Step < a.Step) gamma = -gamma;
        if (clamp)
        {
            // Here a is the trial and b the best point: the cubic may have no minimum beyond a.
            var ratio = (gamma - a.Slope + theta) / (gamma + (b.Slope - a.Slope) + gamma);
            return ratio < 0 && gamma != 0 ? a.Step + ratio * (b.Step - a.Step) : a.Step > b.Step ? upper : lower;
        }
        return a.Step + (gamma - a.Slope + theta) / (gamma - a.Slope + gamma + b.Slope) * (b.Step - a.Step);
    }

    private static double Secant(Point a, Point b) => a.Step + a.Slope / (a.Slope - b.Slope) * (b.Step - a.Step);
}
