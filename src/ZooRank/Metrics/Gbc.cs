using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>GBC: how much the classes overlap, each taken for a Gaussian cloud.</summary>
/// <remarks>
/// The clouds are spherical, σ²I, on 64 principal components: the authors' setting for classification of images (for segmentation theirs is diagonal). A
/// variance is at least 1e-4 of the mean variance of a component, so that the score does not depend on the features' scale; the authors' code has 1e-4 of
/// nothing. A class with one image has that variance, and so overlaps with hardly any other: it takes almost no part. The authors' code counts the spheres' ln
/// σ² once where the determinant has it 64 times.
/// </remarks>
public static class Gbc
{
    private const int Components = 64;
    private const double Floor = 1e-4;

    public static Metric Metric { get; } = new()
    {
        Name = "gbc",
        Meaning = "Gaussian Bhattacharyya coefficient: minus the overlap exp(−D_B) of all ordered pairs of classes, each class a spherical Gaussian on 64 principal components.",
        Source = "Pándy, Agostinelli, Uijlings, Ferrari and Mensink, Transferability Estimation using Bhattacharyya Class Separability, CVPR 2022, arXiv 2111.12780, GBC and its Bhattacharyya distance; the authors' google-research/stable_transfer",
        Range = "−C(C − 1) (all classes are one) to 0 (none overlap)",
        UndefinedWhen = "fewer than two classes have two images, or the features do not vary",
        Measure = space => Score(space, spherical: true, published: false),
        Workspace = (n, _, c) => 4 * n * Components + 4 * c * Components,
    };

    public static Metric Diagonal { get; } = Metric with
    {
        Name = "gbc:diagonal",
        Meaning = "As gbc, with a variance of its own for each principal component.",
        Measure = space => Score(space, spherical: false, published: false),
    };

    public static Metric Published { get; } = Metric with
    {
        Name = "gbc:published",
        Meaning = "As gbc, as the authors' code computes it: ln σ² of a sphere counted once, and no variance below 1e-4.",
        Measure = space => Score(space, spherical: true, published: true),
    };

    private static MetricOutcome Score(FeatureSpace space, bool spherical, bool published)
    {
        if (space.ClassSizes.Count(size => size > 1) < 2) return MetricOutcome.Not("fewer than two classes have two images, and one image has no variance");
        if (ClassSpread.IsFlat(space)) return MetricOutcome.Not("the features do not vary");
        var x = space.PrincipalScores(Components);                                              // n x k
        var (c, k) = (space.ClassCount, x.shape[1]);
        var mu = space.OneHot.T.matmul(x) / space.Counts.unsqueeze(1);                          // C x k
        var least = published ? Floor : Floor * x.square().mean().item<double>();
        var variance = (space.OneHot.T.matmul((x - mu[space.Y]).square()) / space.Counts.unsqueeze(1)).clamp(min: least);   // σ², C x k
        if (spherical) variance = variance.mean([1L], keepdim: true);                           // C x 1
        var times = spherical && !published ? k : 1;                                            // ln|σ²I| = k ln σ²
        var total = zeros(1, ScalarType.Float64, space.Device);
        for (var i = 0; i < c - 1; i++)
        {
            using var scope = NewDisposeScope();
            var others = TensorIndex.Slice(i + 1, null);
            var mean = (variance[i] + variance[others]) / 2;
            var apart = ((mu[i] - mu[others]).square() / mean).sum(dim: 1) / 8;
            var unlike = (mean.log() - (variance[i].log() + variance[others].log()) / 2).sum(dim: 1) * times / 2;
            total.add_((-(apart + unlike).clamp(min: 0)).exp().sum());                           // exp(−D_B)
        }
        return MetricOutcome.Of(-2 * total.item<double>());
    }
}
