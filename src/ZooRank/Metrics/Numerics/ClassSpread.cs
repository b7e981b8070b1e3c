using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// The part of a centred column's sum of squares that lies between the classes: of a column a it is Σ_c w_c (aᵀ1_c)². A finding of a multi-label task has two
/// classes, present and absent, and each is its own task.
/// </summary>
internal static class ClassSpread
{
    // Means of float32 numbers taken in float64 are right to 1e-16; a feature that varies at all does so by 6e-8 of its size in one image.
    private const double Rounding = 1e-28;

    /// <summary>Why there is nothing to compare; null where there is.</summary>
    public static string? Missing(FeatureSpace space)
    {
        if (IsFlat(space)) return "the features do not vary";
        if (!space.Set.IsMultiLabel) return space.ClassCount < 2 ? "all images are of one class" : null;
        return (Weights(space) > 0).any().item<bool>() ? null : "no finding is present in some of the images and absent in others";
    }

    /// <summary>True where all rows are the same but for the rounding of their mean.</summary>
    public static bool IsFlat(FeatureSpace space) => Sum(space) <= Rounding * space.Count * space.Mean.square().sum().item<double>();

    /// <summary>tr S_T: the squares of the centred features.</summary>
    public static double Sum(FeatureSpace space) => space.Centred.norm().square().item<double>();

    /// <summary>w_c, C: 1/n_c; of a finding n/(n_c (n − n_c)) for both its classes together, and 0 where one of them is empty.</summary>
    public static Tensor Weights(FeatureSpace space)
    {
        var (n, sizes) = (space.Count, space.Targets.sum(dim: 0));
        if (!space.Set.IsMultiLabel) return 1 / sizes;
        var product = sizes * (n - sizes);
        return where(product > 0, n / product.clamp(min: 1), zeros_like(product));
    }

    /// <summary>One number from one per class: their sum; of findings, the mean over those that vary.</summary>
    public static double Total(FeatureSpace space, Tensor perClass)
    {
        var sum = perClass.sum().item<double>();
        return space.Set.IsMultiLabel ? sum / (Weights(space) > 0).sum().item<long>() : sum;
    }
}
