using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// k-means by Lloyd's iteration from a k-means++ start (Arthur and Vassilvitskii, SODA 2007; of each centre's 2 + ⌊ln k⌋ candidates the one that lowers the sum of squares most):
/// scikit-learn's <c>KMeans(n_init=1)</c>, its limits and its treatment of empty clusters included.
/// </summary>
/// <param name="Labels">Each point's cluster, n int64.</param>
/// <param name="Centres">k×d.</param>
/// <param name="Iterations">Times that the centres were moved.</param>
internal sealed record KMeans(Tensor Labels, Tensor Centres, int Iterations)
{
    private const int MaxIterations = 300;
    private const double Tolerance = 1e-4;   // of the mean variance: squared movement of all centres at which they stand still

    /// <param name="x">Points, n×d.</param>
    /// <param name="k">Clusters, at most n.</param>
    /// <param name="random">Draws the start.</param>
    public static KMeans Cluster(Tensor x, int k, Random random) => FromCentres(x, Start(x, k, random));

    /// <param name="x">Points, n×d.</param>
    /// <param name="centres">Where to begin, k×d; not changed.</param>
    public static KMeans FromCentres(Tensor x, Tensor centres)
    {
        using var scope = NewDisposeScope();
        var still = Tolerance * x.var(0, unbiased: false).mean().item<double>();
        var norms = x.square().sum(dim: 1);                                                     // n
        Tensor? labels = null;
        for (var iteration = 1; ; iteration++)
        {
            using var step = NewDisposeScope();
            var (nearest, distances) = Nearest(x, centres, norms);
            var settled = labels is not null && nearest.eq(labels).all().item<bool>();
            // As there: centres move once more after the labels have settled, to where they stand already.
            var moved = Means(x, nearest, distances, centres.shape[0]);
            var shift = (moved - centres).square().sum().item<double>();
            labels?.Dispose();
            (labels, centres) = (nearest.MoveToOuterDisposeScope(), moved.MoveToOuterDisposeScope());
            if (!settled && shift > still && iteration < MaxIterations) continue;
            if (!settled) labels = Nearest(x, centres, norms).Labels.MoveToOuterDisposeScope();
            return new(labels.MoveToOuterDisposeScope(), centres.MoveToOuterDisposeScope(), iteration);
        }
    }

    /// <summary>Clusters as n×k of 0 and 1.</summary>
    internal static Tensor Membership(Tensor labels, long k) => labels.unsqueeze(1).eq(arange(k, device: labels.device)).to(ScalarType.Float64);

    // Squared distances less each point's own norm decide: the norm is the same for all centres.
    private static (Tensor Labels, Tensor Distances) Nearest(Tensor x, Tensor centres, Tensor norms)
    {
        var (least, labels) = addmm(centres.square().sum(dim: 1), x, centres.T, beta: 1, alpha: -2).min(1);   // over n x k
        return (labels, least + norms);
    }

    private static Tensor Means(Tensor x, Tensor labels, Tensor distances, long k)
    {
        var membership = Membership(labels, k);
        var (counts, sums) = (membership.sum(dim: 0), membership.T.matmul(x));
        var empty = counts.eq(0).nonzero().squeeze(1);
        if (empty.shape[0] > 0)
        {
            // A cluster without a point takes over the point that is farthest from its own centre.
            var far = distances.topk((int)empty.shape[0]).indexes;
            var (points, from) = (x[far], labels[far]);
            sums.index_add_(0, from, points, alpha: -1);
            counts.index_add_(0, from, ones_like(distances[far]), alpha: -1);
            sums.index_copy_(0, empty, points);
            counts.index_fill_(0, empty, 1);
        }
        return sums / counts.clamp(min: 1).unsqueeze(1);
    }

    private static Tensor Start(Tensor x, int k, Random random)
    {
        using var scope = NewDisposeScope();
        var n = x.shape[0];
        var norms = x.square().sum(dim: 1, keepdim: true);
        var chosen = new List<long> { random.Next((int)n) };
        var closest = Distances(x, norms, chosen[0]);                                           // n, to the nearest chosen
        for (var trials = 2 + (int)Math.Log(k); chosen.Count < k;)
        {
            using var step = NewDisposeScope();
            var sums = closest.cumsum(0);
            var drawn = tensor(Enumerable.Range(0, trials).Select(_ => random.NextDouble()).ToArray()).to(x.device) * sums[-1];
            var candidates = (sums.unsqueeze(0) < drawn.unsqueeze(1)).sum(dim: 1).clamp(max: n - 1);   // how many sums lie below: the place in the order
            var after = minimum(closest.unsqueeze(1), Distances(x, norms, candidates));         // n x trials
            var best = after.sum(dim: 0).argmin();
            chosen.Add(candidates[best].item<long>());
            closest.Dispose();
            closest = after.index_select(1, best.unsqueeze(0)).squeeze(1).MoveToOuterDisposeScope();
        }
        return x[tensor(chosen.ToArray()).to(x.device)].MoveToOuterDisposeScope();
    }

    private static Tensor Distances(Tensor x, Tensor norms, Tensor to) => (x.matmul(x[to].T) * -2 + norms + norms[to].T).clamp_(min: 0);   // n x m

    private static Tensor Distances(Tensor x, Tensor norms, long to) => Distances(x, norms, tensor([to]).to(x.device)).squeeze(1);
}
