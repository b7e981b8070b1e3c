using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// Fisher's linear discriminant with equal covariances: log-odds of class c at x, up to a constant, are xᵀΣ⁻¹m_c − ½ m_cᵀΣ⁻¹m_c + ln π_c, with Σ the covariance within the classes and π_c their shares.
/// </summary>
internal static class Discriminant
{
    /// <summary>(1 − s)·Σ + s·tr(Σ)/D·I.</summary>
    public static Tensor Shrunk(Tensor covariance, double s)
    {
        var d = covariance.shape[0];
        return covariance * (1 - s) + eye(d, dtype: ScalarType.Float64, device: covariance.device) * (s * covariance.trace() / d);
    }

    /// <summary>p(c|x), n×C. One Cholesky factor is all it takes: the published codes' generalised eigenvectors V serve only to form VVᵀ = Σ⁻¹.</summary>
    /// <param name="x">n×D.</param>
    /// <param name="means">m_c, C×D.</param>
    /// <param name="shares">π_c, C.</param>
    /// <param name="within">Σ, positive definite.</param>
    /// <returns>Null where Σ is not positive definite in float64.</returns>
    public static Tensor? Probabilities(Tensor x, Tensor means, Tensor shares, Tensor within)
    {
        var (factor, info) = linalg.cholesky_ex(within);
        if (info.item<int>() != 0) return null;
        var coefficients = cholesky_solve(means.T, factor).T;                                   // C x D
        var intercepts = (means * coefficients).sum(dim: 1) / -2 + shares.log();
        return (x.matmul(coefficients.T) + intercepts).softmax(1);
    }

    /// <summary>
    /// Directions V with VᵀΣV = I in order of between-class spread, first <paramref name="count"/>, D×count: the eigenvectors of S_B v = λ Σ v.
    /// </summary>
    public static Tensor? Directions(Tensor between, Tensor within, int count)
    {
        var (factor, info) = linalg.cholesky_ex(within);
        if (info.item<int>() != 0) return null;
        var half = linalg.solve_triangular(factor, between, upper: false);                      // L⁻¹ S_B
        var (_, vectors) = linalg.eigh(linalg.solve_triangular(factor, half.T, upper: false));  // L⁻¹ S_B L⁻ᵀ
        var first = vectors.flip(1)[TensorIndex.Colon, TensorIndex.Slice(null, count)];
        return linalg.solve_triangular(factor.T, first, upper: true);
    }

    /// <summary>Sum of the singular values of an n×k matrix with few columns.</summary>
    public static double NuclearNorm(Tensor m) => linalg.eigvalsh(m.shape[0] < m.shape[1] ? m.matmul(m.T) : m.T.matmul(m)).clamp(min: 0).sqrt().sum().item<double>();
}
