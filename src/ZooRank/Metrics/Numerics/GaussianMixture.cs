using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// A mixture of K Gaussians with full covariances by expectation–maximisation, as scikit-learn's <c>GaussianMixture</c> fits it with its defaults: from k-means clusters, until the
/// mean log-likelihood changes by less than 1e-3, 100 iterations at most, 1e-6 added to all variances.
/// </summary>
/// <remarks>
/// A step goes from posteriors to posteriors: a block of components is estimated, factored and evaluated at all points before the next one is, so never more covariances are
/// held than fit in a block. Points whose posterior is zero to the last digit are left out of a covariance; where features are many nearly all are.
/// </remarks>
/// <param name="Posteriors">p(z|x), n×K.</param>
/// <param name="LogLikelihoods">Mean log-likelihood of the points at each iteration.</param>
internal sealed record GaussianMixture(Tensor Posteriors, IReadOnlyList<double> LogLikelihoods)
{
    private const int MaxIterations = 100;
    private const double Tolerance = 1e-3, LeastVariance = 1e-6, Precision = 2.220446049250313e-16;   // the last: float64's

    // Where the mean variance is above 1e6, 1e-6 is lost in float64 (scikit-learn stops there with an error): so much of the mean variance is added instead.
    private const double LeastVarianceShare = 1e-12;

    // Numbers in a block: 8 MB in float64, which is near the cache (faster than 64 MB by a fifth on small inputs).
    private const long BlockElements = 1_000_000;

    /// <param name="x">Points, n×d, about their mean.</param>
    /// <param name="k">K, at most n.</param>
    /// <param name="random">Draws the start of k-means.</param>
    /// <returns>Null where a covariance is not positive definite in float64.</returns>
    public static GaussianMixture? Fit(Tensor x, int k, Random random)
    {
        using var scope = NewDisposeScope();
        return Fit(x, KMeans.Cluster(x, k, random).Labels, k)?.Outlive();
    }

    /// <param name="x">Points, n×d, about their mean.</param>
    /// <param name="labels">The clusters from which to begin, n int64.</param>
    /// <param name="k">K.</param>
    /// <param name="blockElements">Numbers in a block at most.</param>
    public static GaussianMixture? Fit(Tensor x, Tensor labels, int k, long blockElements = BlockElements)
    {
        using var scope = NewDisposeScope();
        var added = Math.Max(LeastVariance, LeastVarianceShare * x.square().mean().item<double>());
        var posteriors = KMeans.Membership(labels, k);
        var likelihoods = new List<double>();
        for (; ; )
        {
            using var step = NewDisposeScope();
            if (Step(x, posteriors, added, blockElements) is not var (next, likelihood)) return null;
            // The last step is the one after that at which the likelihood settled.
            var done = likelihoods.Count == MaxIterations || (likelihoods.Count > 1 && Math.Abs(likelihoods[^1] - likelihoods[^2]) < Tolerance);
            posteriors.Dispose();
            posteriors = next.MoveToOuterDisposeScope();
            if (done) return new(posteriors.MoveToOuterDisposeScope(), likelihoods);
            likelihoods.Add(likelihood);
        }
    }

    private GaussianMixture Outlive()
    {
        Posteriors.MoveToOuterDisposeScope();
        return this;
    }

    // Maximisation, then expectation: new posteriors, and the mean log-likelihood of the points under the parameters in between.
    private static (Tensor Posteriors, double LogLikelihood)? Step(Tensor x, Tensor posteriors, double added, long blockElements)
    {
        var (n, d, k) = (x.shape[0], x.shape[1], posteriors.shape[1]);
        var sizes = posteriors.sum(dim: 0) + 10 * Precision;
        var means = posteriors.T.matmul(x) / sizes.unsqueeze(1);                                // μ, K x d
        var logs = empty(n, k, ScalarType.Float64, x.device);
        var members = (posteriors > 0).sum(dim: 0).cpu().data<long>().ToArray();
        // Few members span few directions: there Σ is known by its Gram matrix, and the rest of space by the variance added. Those of like size go together.
        var few = Enumerable.Range(0, (int)k).Where(z => members[z] <= d).OrderBy(z => members[z]).ToArray();
        var squares = x.square().sum(dim: 1, keepdim: true);                                    // ‖x‖², n x 1
        for (var first = 0; first < few.Length;)
        {
            using var block = NewDisposeScope();
            var room = few.Skip(first).TakeWhile((z, b) => (b + 1) * members[z] * Math.Max(n, d) <= blockElements).Count();
            var some = few.AsSpan(first, Math.Max(1, room)).ToArray();
            var which = tensor(some.Select(z => (long)z).ToArray()).to(x.device);
            if (InSpan(x, squares, posteriors.index_select(1, which), Math.Max(1, members[some[^1]]), means[which], sizes[which], added) is not { } log) return null;
            logs[TensorIndex.Colon, TensorIndex.Tensor(which)] = log;
            first += some.Length;
        }
        var many = Enumerable.Range(0, (int)k).Except(few).ToArray();
        var identity = eye(d, dtype: ScalarType.Float64, device: x.device);
        foreach (var some in many.Chunk((int)Math.Clamp(blockElements / (4 * d * d), 1, k)))
        {
            using var block = NewDisposeScope();
            var which = tensor(some.Select(z => (long)z).ToArray()).to(x.device);
            var covariances = stack([.. some.Select(z => Covariance(x, posteriors[TensorIndex.Colon, z], means[z], blockElements) / sizes[z])]);
            var (factors, info) = linalg.cholesky_ex(covariances + added * identity);           // Σ = LLᵀ, b x d x d
            if (info.any().item<bool>()) return null;
            var inverses = linalg.solve_triangular(factors, identity.expand_as(factors), upper: false);
            var volumes = factors.diagonal(0, 1, 2).log().sum(dim: 1);                          // ½ ln|Σ|
            var at = inverses.matmul(means[which].unsqueeze(2)).reshape(-1);                    // L⁻¹μ, one under the other
            var stacked = inverses.reshape(-1, d).T;                                            // L⁻ᵀ side by side, d x bd
            var rows = Math.Clamp(blockElements / stacked.shape[1], 1, n);
            for (long from = 0; from < n; from += rows)
            {
                using var part = NewDisposeScope();
                var here = TensorIndex.Slice(from, Math.Min(from + rows, n));
                var whitened = addmm(at, x[here], stacked, beta: -1, alpha: 1).pow_(2).view(-1, some.Length, d);    // L⁻¹(x − μ)
                logs[here, TensorIndex.Tensor(which)] = whitened.sum(dim: 2) / -2 - volumes;
            }
        }
        logs.add_((sizes / n).log()).sub_(d / 2.0 * Math.Log(2 * Math.PI));
        var likelihoods = logs.logsumexp(1, keepdim: true);
        var mean = likelihoods.mean().item<double>();
        return double.IsFinite(mean) ? (logs.sub_(likelihoods).exp_().MoveToOuterDisposeScope(), mean) : null;
    }

    // −½(x − μ)ᵀΣ⁻¹(x − μ) − ½ ln|Σ|, n x b, for Σ = AᵀA + εI with few rows A = √(p/N)(x − μ), m x d: Σ⁻¹ = (I − Aᵀ(AAᵀ + εI)⁻¹A)/ε (Woodbury), |Σ| = ε^(d−m)·|AAᵀ + εI|.
    // Who has fewer members than m gets rows of zero, which change nothing. What cancels is at most ‖x − μ‖²/ε, whose rounding is far below the differences between Gaussians so narrow.
    private static Tensor? InSpan(Tensor x, Tensor squares, Tensor posteriors, long m, Tensor means, Tensor sizes, double added)
    {
        var (b, d) = (means.shape[0], means.shape[1]);
        var (p, members) = posteriors.T.contiguous().topk((int)m, dim: 1);                      // b x m
        var a = x.index_select(0, members.view(-1)).view(b, m, d).sub_(means.unsqueeze(1)).mul_((p / sizes.unsqueeze(1)).sqrt_().unsqueeze(2));
        var (factors, info) = linalg.cholesky_ex(a.matmul(a.transpose(1, 2)) + added * eye(m, dtype: ScalarType.Float64, device: x.device));
        if (info.any().item<bool>()) return null;
        var directions = linalg.solve_triangular(factors, a, upper: false);                     // L⁻¹A, b x m x d
        var at = directions.matmul(means.unsqueeze(2)).reshape(-1);
        var within = addmm(at, x, directions.reshape(-1, d).T, beta: -1, alpha: 1).pow_(2).view(-1, b, m).sum(dim: 2);   // ‖L⁻¹A(x − μ)‖²
        var away = addmm(squares + means.square().sum(dim: 1), x, means.T, beta: 1, alpha: -2);                          // ‖x − μ‖²
        return (away - within) / (-2 * added) - factors.diagonal(0, 1, 2).log().sum(dim: 1) - (d - m) / 2.0 * Math.Log(added);
    }

    // Σ_i p_i (x_i − μ)(x_i − μ)ᵀ.
    private static Tensor Covariance(Tensor x, Tensor p, Tensor mean, long blockElements)
    {
        var (d, total) = (x.shape[1], zeros(x.shape[1], x.shape[1], ScalarType.Float64, x.device));
        var members = p.nonzero().squeeze(1);
        foreach (var some in members.split(Math.Max(1, blockElements / d)))
        {
            using var block = NewDisposeScope();
            var away = x.index_select(0, some).sub_(mean).mul_(p.index_select(0, some).sqrt_().unsqueeze(1));
            total.addmm_(away.T, away);
        }
        return total;
    }
}
