using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Metrics;

/// <summary>One model's features of the probe in two dimensions, before and after NCA: their first two principal components, and those of the map whose neighbourhoods S_LP counts.</summary>
/// <param name="Before">n×2, row by row, in the order in which the features were given.</param>
/// <param name="After">The same after NCA.</param>
/// <param name="VarianceBefore">Share of the variance that the two components have.</param>
/// <param name="VarianceAfter">The same of the map's.</param>
/// <param name="OwnShares">Share of the image's own class among its five nearest in the map, itself included: n.</param>
public sealed record FeaturePlane(double[] Before, double[] After, double VarianceBefore, double VarianceAfter, double[] OwnShares)
{
    /// <param name="space">Of which S_LP is defined.</param>
    public static FeaturePlane Of(FeatureSpace space)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var nca = FeatureQuality.Map(space, NeighborhoodComponents.Settled);
        var map = tensor(nca.Embedding, [space.Count, nca.Dimensions]);
        var (before, varianceBefore) = Plane(space.Principal, space.Centred);
        var centred = map - map.mean([0L]);
        var (after, varianceAfter) = Plane(Spectrum.Of(centred), centred);
        var shares = FeatureQuality.ClassShares(nca.Embedding, nca.Dimensions, space.Labels);
        return new(Given(space, before, 2), Given(space, after, 2), varianceBefore, varianceAfter, Given(space, shares, 1));
    }

    // U·S of the first two, a column of zeros where there is only one.
    private static (double[] Points, double Variance) Plane(Spectrum spectrum, Tensor centred)
    {
        var scores = spectrum.Scores(centred, 2);
        if (scores.shape[1] < 2) scores = nn.functional.pad(scores, [0, 2 - scores.shape[1]]);
        var variance = spectrum.SquaredValues[TensorIndex.Slice(null, 2)].sum() / spectrum.SquaredValues.sum();
        return (scores.cpu().contiguous().data<double>().ToArray(), double.IsFinite(variance.item<double>()) ? variance.item<double>() : 1);
    }

    private static double[] Given(FeatureSpace space, double[] rows, int width)
    {
        var given = new double[rows.Length];
        for (var row = 0; row < space.Count; row++) rows.AsSpan(row * width, width).CopyTo(given.AsSpan(space.GivenIndex(row) * width));
        return given;
    }
}
