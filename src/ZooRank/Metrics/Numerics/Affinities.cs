using TorchSharp;
using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>−f(A) for f(A) = Σ_i p_i of neighbourhood components analysis, and its gradient, in double precision; n×n affinities never held at once.</summary>
/// <remarks>
/// On a processor only the p_ij that count are computed (<see cref="NearAffinities"/>), which takes no longer where all do; on a GPU, and where points are beyond single precision, blocks of rows in full.
/// Along a direction P of A the embedding moves by X Pᵀ, so a step costs no product with the features.
/// </remarks>
/// <param name="points">X, n×D in float64.</param>
/// <param name="labels">n classes.</param>
/// <param name="d">Rows of A.</param>
/// <param name="blockElements">Where blocks are computed in full: so many affinities in one.</param>
/// <param name="sparse">False: blocks on a processor too.</param>
/// <param name="mostPairs">Of <see cref="NearAffinities"/>.</param>
internal sealed class Affinities(
    Tensor points, IReadOnlyList<int> labels, int d, long blockElements = Affinities.BlockElements, bool sparse = true, long mostPairs = NearAffinities.MostPairs) : IObjective, IDisposable
{
    // 64 MB in float64.
    private const long BlockElements = 8_000_000;

    private readonly int n = labels.Count, stride = NearAffinities.Padded(d);
    private readonly Tensor classes = tensor(labels.Select(y => (long)y).ToArray()).to(points.device);
    private readonly Tensor ray = Rows(points, d), pull = Rows(points, d);      // X Pᵀ; (W + Wᵀ) e less its columns' share, W_ij = p_ij (1[y_i = y_j] − p_i)
    private Tensor at = Rows(points, d), trial = Rows(points, d);               // X Aᵀ, and where the last step leads
    private NearAffinities? near;

    /// <inheritdoc/>
    public double Start(ReadOnlySpan<double> point, Span<double> gradient)
    {
        using var scope = NewDisposeScope();
        Embed(point, at);
        var f = Evaluate(at);
        Gradient(gradient);
        return -f;
    }

    /// <inheritdoc/>
    public void Turn(ReadOnlySpan<double> direction)
    {
        using var scope = NewDisposeScope();
        Embed(direction, ray);
    }

    /// <inheritdoc/>
    public (double Value, double Slope) At(double step)
    {
        using var scope = NewDisposeScope();
        trial.copy_(at).add_(ray, alpha: step);
        var f = Evaluate(trial);
        return (-f, -2 * pull.view(-1).dot(ray.view(-1)).item<double>());
    }

    /// <inheritdoc/>
    public void Move(Span<double> gradient)
    {
        using var scope = NewDisposeScope();
        (at, trial) = (trial, at);
        Gradient(gradient);
    }

    public void Dispose()
    {
        near?.Dispose();
        foreach (var t in new[] { classes, ray, pull, at, trial }) t.Dispose();
    }

    private static Tensor Rows(Tensor points, int d) => zeros(points.shape[0], NearAffinities.Padded(d), ScalarType.Float64, points.device);

    // This way round MKL takes half the time where D is large.
    private void Embed(ReadOnlySpan<double> map, Tensor to) => to.narrow(1, 0, d).copy_(Aligned.Of(map, points.device, d, points.shape[1]).matmul(points.T).T);

    private void Gradient(Span<double> gradient) => pull.narrow(1, 0, d).T.matmul(points).mul_(-2).CopyTo(gradient);

    private double Evaluate(Tensor e) => Near(e) ?? Dense(e);

    private double? Near(Tensor e)
    {
        if (!sparse || n < 2 || e.device_type != DeviceType.CPU) return null;
        near ??= new(labels, d, mostPairs);
        return near.Evaluate(e, pull);
    }

    private double Dense(Tensor e)
    {
        var norms = (e * e).sum(dim: 1);
        pull.zero_();
        var columns = zeros(n, ScalarType.Float64, points.device);
        var total = zeros(1, ScalarType.Float64, points.device);
        var rows = Math.Clamp(blockElements / n, 1, n);
        for (long first = 0; first < n; first += rows)
        {
            using var block = NewDisposeScope();
            var last = Math.Min(first + rows, n);
            var here = TensorIndex.Slice(first, last);
            var mine = e[here];
            var p = addmm(norms, mine, e.T, beta: 1, alpha: -2).add_(norms[here].unsqueeze(1)).clamp_(min: 0).neg_();   // −‖e_i − e_j‖²
            p.diagonal(first).fill_(double.NegativeInfinity);
            p = p.softmax(1);
            var same = p * (classes[here].unsqueeze(1) == classes);
            var right = same.sum(dim: 1, keepdim: true);                                   // p_i
            total.add_(right.sum());
            var w = same.sub_(p.mul_(right));
            pull[here].add_(w.matmul(e));
            pull.add_(w.T.matmul(mine));
            columns.add_(w.sum(dim: 0));
        }
        pull.sub_(columns.unsqueeze(1) * e);
        return total.item<double>();
    }
}
