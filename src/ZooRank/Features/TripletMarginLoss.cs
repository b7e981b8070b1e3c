using static TorchSharp.torch;

namespace ZooRank.Features;

/// <param name="Value">Mean of the positive losses; 0 where there is none.</param>
/// <param name="Gradient">∂loss/∂embeddings, of their shape, type and device.</param>
/// <param name="ActiveTriplets">Triplets with a loss above 0.</param>
public sealed record TripletLoss(double Value, Tensor Gradient, long ActiveTriplets);

/// <summary>
/// Triplet margin loss (Schroff, Kalenichenko and Philbin, CVPR 2015) over all (anchor, positive, negative) triplets of a batch, as pytorch-metric-learning's
/// <c>TripletMarginLoss()</c> has it by default: embeddings L2-normalised, Euclidean distance, margin 0.05, mean over the triplets with loss above 0.
/// Exact without listing the triplets: a sort of each anchor's negatives and prefix sums give loss and gradient in O(B² log B) time and O(B²) memory.
/// </summary>
public static class TripletMarginLoss
{
    public const double Margin = 0.05;

    /// <summary>Loss and gradient of B×D embeddings; computed in float64. They are not changed and need no gradient of their own.</summary>
    public static TripletLoss Compute(Tensor embeddings, IReadOnlyList<int> labels)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var b = labels.Count;
        var raw = embeddings.detach().to(ScalarType.Float64);
        var lengths = (raw * raw).sum(dim: 1, keepdim: true).sqrt().clamp_min(1e-12);
        var x = raw / lengths;
        var distances = (2 - 2 * x.matmul(x.T)).clamp_min(0).sqrt();                     // B x B
        distances.diagonal().fill_(0);
        var (value, active, pairs) = OverTriplets(distances.cpu().contiguous().data<double>().ToArray(), labels);

        // ∂loss/∂x_i = Σ_j (w_ij + w_ji) (x_i − x_j) / d_ij; coinciding points pull nowhere, as in torch.cdist.
        var weights = tensor(pairs, [b, b]).to(raw.device);
        weights = (weights + weights.T) / distances;
        weights = where(distances == 0, zeros_like(weights), weights);
        var towards = weights.sum(dim: 1, keepdim: true) * x - weights.matmul(x);
        // Through x = e / ‖e‖: what is along x changes the length only.
        var gradient = (towards - (towards * x).sum(dim: 1, keepdim: true) * x) / lengths;
        return new TripletLoss(value, gradient.to(embeddings.dtype).MoveToOuterDisposeScope(), active);
    }

    // Loss, number of active triplets, and ∂loss/∂d_ij for the ordered pair (anchor i, other j).
    private static (double Loss, long Active, double[] PairWeights) OverTriplets(double[] distances, IReadOnlyList<int> labels)
    {
        var b = labels.Count;
        var weights = new double[b * b];
        var losses = new double[b];
        var actives = new long[b];
        Parallel.For(0, b, Parallelism.Options, anchor =>
        {
            var row = distances.AsSpan(anchor * b, b);
            var (positives, negatives) = (new List<int>(), new List<int>());
            for (var j = 0; j < b; j++)
                if (labels[j] != labels[anchor]) negatives.Add(j);
                else if (j != anchor) positives.Add(j);
            if (positives.Count == 0 || negatives.Count == 0) return;

            var near = Sorted(row, negatives);
            var sums = new double[near.Length + 1];
            for (var k = 0; k < near.Length; k++) sums[k + 1] = sums[k] + near[k];
            foreach (var p in positives)
            {
                var reach = row[p] + Margin;
                var k = CountBelow(near, reach);        // negatives nearer than the positive plus the margin
                actives[anchor] += k;
                losses[anchor] += k * reach - sums[k];
                weights[anchor * b + p] = k;
            }
            var far = Sorted(row, positives);
            foreach (var n in negatives)
            {
                var limit = row[n];
                var (low, high) = (0, far.Length);      // first positive whose reach goes beyond the negative
                while (low < high)
                {
                    var middle = (low + high) / 2;
                    if (far[middle] + Margin > limit) high = middle; else low = middle + 1;
                }
                weights[anchor * b + n] = -(far.Length - low);
            }
        });
        var active = actives.Sum();
        if (active == 0) return (0, 0, weights);
        for (var i = 0; i < weights.Length; i++) weights[i] /= active;
        return (losses.Sum() / active, active, weights);
    }

    private static double[] Sorted(ReadOnlySpan<double> row, List<int> which)
    {
        var values = new double[which.Count];
        for (var i = 0; i < values.Length; i++) values[i] = row[which[i]];
        Array.Sort(values);
        return values;
    }

    private static int CountBelow(double[] ascending, double limit)
    {
        var (low, high) = (0, ascending.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ascending[middle] < limit) low = middle + 1; else high = middle;
        }
        return low;
    }
}
