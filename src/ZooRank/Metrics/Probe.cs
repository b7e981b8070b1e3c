using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>A linear probe: how well logistic regression on the features foretells the labels of images that it has not seen. What the other metrics estimate, at its price.</summary>
/// <remarks>
/// Σ_i −ln p(y_i|x_i) + ½‖W‖² is minimised over the training folds, as scikit-learn's <c>LogisticRegression(C=1)</c> does (one weight vector for two classes, one per class for more, the
/// intercept free), on features standardised over all images. With D > n the rows' principal coordinates take the features' place: the penalty, and so the solution, is the same in any rotation.
/// </remarks>
public static class Probe
{
    private const int Folds = 5;

    // Spread below this share of the largest value is float64's rounding of a mean: float32 features cannot vary so little.
    private const double NoSpread = 1e-12;

    // At 1e-9 the AUC has been seen within 2e-5 of that at 1e-13.
    private static readonly LbfgsOptions Converged = new(1000, 1e-9, 1e-4);

    // p(1 − p) for the unit of the weights: a guess that only the number of steps hangs on.
    private const double Unsure = 0.002;

    public static Metric Metric { get; } = new()
    {
        Name = "probe",
        Meaning = "Baseline: AUC of a linear probe (L2-regularised logistic regression on standardised features) on held-out images, five stratified folds pooled; of more than two classes the mean of each against the rest.",
        Source = "Kornblith, Shlens and Le, Do Better ImageNet Models Transfer Better?, CVPR 2019, arXiv 1805.08974 (logistic regression on features); the AUC as MedMNIST defines it, Yang et al., Scientific Data 10:41, 2023",
        Range = "0 to 1; 0.5 is chance",
        UndefinedWhen = "a class has one image only, there is one class, or the features do not vary",
        Measure = space => Scored(space, p => MacroAuc(p, space)),
        Workspace = (n, d, c) => n * Math.Min(n, d) + 6 * n * c + 25 * Math.Min(n, d) * c,
    };

    public static Metric Accuracy { get; } = Metric with
    {
        Name = "probe:accuracy",
        Meaning = "As probe, the share of held-out images whose most probable class is right.",
        Range = "0 to 1",
        Measure = space => Scored(space, p => (double)Enumerable.Range(0, space.Count).Count(i => Argmax(p.AsSpan(i * space.ClassCount, space.ClassCount)) == space.Labels[i]) / space.Count),
    };

    private static MetricOutcome Scored(FeatureSpace space, Func<double[], double> score)
    {
        if (space.ClassCount < 2) return MetricOutcome.Not("all images are of one class");
        if (space.Set.Labels.CountBy(y => y).Where(g => g.Value < 2).Select(g => g.Key).Order().ToList() is { Count: > 0 } alone)
            return MetricOutcome.Not($"class {string.Join(", ", alone)} has one image only: it cannot be both learned and foretold");
        return space.Once("probe", () => HeldOut(space)) is { Length: > 0 } p ? MetricOutcome.Of(score(p)) : MetricOutcome.Not("the features do not vary");
    }

    // p(c|x_i) from the fold that did not see i, n×C; empty where the features do not vary.
    private static double[] HeldOut(FeatureSpace space)
    {
        if (Coordinates(space) is not { } z) return [];
        return Fit(z, space.OneHot, tensor(FoldsOf(space)).to(z.device)).Values();
    }

    /// <summary>The fold of each row, 0 to 4, n.</summary>
    internal static long[] FoldsOf(FeatureSpace space)
    {
        // By the order in which the images were given, so that all models of a zoo have the same folds; within each class at random, and in turn from class to class.
        var (fold, random, place) = (new long[space.Count], new Random(space.Seed), 0);
        foreach (var members in Enumerable.Range(0, space.Count).OrderBy(space.GivenIndex).GroupBy(i => space.Labels[i]).Select(g => g.ToArray()))
        {
            random.Shuffle(members);
            foreach (var i in members) fold[i] = place++ % Folds;
        }
        return fold;
    }

    /// <summary>p(c|x) of all rows, n×C, from the regression on the rows of the other folds.</summary>
    /// <param name="z">n×d, columns orthogonal.</param>
    /// <param name="y">n×C of 0 and 1.</param>
    /// <param name="fold">Each row's fold, n.</param>
    internal static Tensor Fit(Tensor z, Tensor y, Tensor fold)
    {
        var (d, classes) = (z.shape[1], y.shape[1]);
        var m = classes == 2 ? 1 : classes;                                                     // two classes: the first one's logit is 0
        var learned = 1 - nn.functional.one_hot(fold, Folds).to(ScalarType.Float64);            // n x F: which regressions see a row
        var (mine, first) = (learned.unsqueeze(2), TensorIndex.Slice(classes - m, classes));
        // In units of each weight's curvature, about n·variance·p(1 − p) + 1 where most images are foretold well, the problem is rounder: a quarter of the steps.
        var unit = (z.square().sum(dim: 0) * Unsure + 1).rsqrt().unsqueeze(1);                       // d x 1
        var best = new double[(d + 1) * Folds * m];
        // All folds' regressions at once: they share no weight, and the sum of their losses is least where each is.
        Lbfgs.Minimise((point, gradient) =>
        {
            using var scope = NewDisposeScope();
            var w = Aligned.Of(point, z.device, d + 1, Folds * m);
            var coefficients = unit * w[TensorIndex.Slice(0, d)];
            var logs = Logits(w).log_softmax(2);                                                // ln p, n x F x C
            var excess = ((logs.exp() - y.unsqueeze(1)) * mine)[TensorIndex.Colon, TensorIndex.Colon, first].reshape(-1, Folds * m);
            cat([unit * (z.T.matmul(excess) + coefficients), excess.sum(dim: 0, keepdim: true)]).CopyTo(gradient);
            return (coefficients.square().sum() / 2 - ((logs * y.unsqueeze(1)).sum(dim: 2) * learned).sum()).item<double>();
        }, best, Converged);
        return (Logits(Aligned.Of(best, z.device, d + 1, Folds * m)).softmax(2) * (1 - mine)).sum(dim: 1);

        Tensor Logits(Tensor w)
        {
            var logits = (z.matmul(unit * w[TensorIndex.Slice(0, d)]) + w[d]).reshape(-1, Folds, m);
            return m == classes ? logits : cat([zeros_like(logits), logits], 2);
        }
    }

    /// <summary>Principal coordinates of the standardised features, n×rank: the solution is the same in them; null where nothing varies.</summary>
    internal static Tensor? Coordinates(FeatureSpace space)
    {
        var x = space.X;
        var deviation = x.std(0, unbiased: false);
        var varies = deviation > NoSpread * x.abs().amax([0L]);
        if (!varies.any().item<bool>()) return null;
        var z = (x - space.Mean).div_(where(varies, deviation, ones_like(deviation))).mul_(varies);
        return Spectrum.Of(z).Scores(z, Math.Min(space.Width, space.Count));
    }

    private static int Argmax(ReadOnlySpan<double> p)
    {
        var best = 0;
        for (var c = 1; c < p.Length; c++) best = p[c] > p[best] ? c : best;
        return best;
    }

    private static double MacroAuc(double[] p, FeatureSpace space)
    {
        var (n, classes) = (space.Count, space.ClassCount);
        double Of(int c) => Auc([.. Enumerable.Range(0, n).Select(i => p[i * classes + c])], [.. space.Labels.Select(y => y == c)]);
        return classes == 2 ? Of(1) : Enumerable.Range(0, classes).Average(Of);
    }

    // The probability that a positive has the higher score; ties count half.
    internal static double Auc(double[] scores, bool[] positive)
    {
        var (order, sorted) = (Enumerable.Range(0, scores.Length).ToArray(), scores.ToArray());
        Array.Sort(sorted, order);
        double below = 0, above = 0, all = positive.Count(y => y);
        for (int i = 0, j; i < order.Length; i = j)
        {
            double same = 0;
            for (j = i; j < order.Length && sorted[j] == sorted[i]; j++) same += positive[order[j]] ? 1 : 0;
            var others = j - i - same;
            above += same * (below + others / 2);
            below += others;
        }
        return above / all / below;
    }
}
