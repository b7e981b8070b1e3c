using ZooRank.Data;
using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// Principal components by a randomised range finder (Halko, Martinsson and Tropp, SIAM Review 53(2), 2011, algorithms 4.4 and 5.1), seeded and signed as scikit-learn's before 1.5: for metrics whose published
/// values were made with it. It is not exact, and U·S is not what projecting the rows would give.
/// </summary>
internal static class RandomizedPca
{
    private const int Oversampling = 10;

    /// <param name="x">n×D.</param>
    /// <param name="k">Components.</param>
    /// <param name="random">Of the test matrix.</param>
    /// <param name="iterations">Power iterations; the basis is kept orthonormal between them, which changes rounding only.</param>
    public static Tensor Scores(Tensor x, int k, NumpyRandom random, int iterations)
    {
        var centred = x - x.mean([0L]);
        var wide = centred.shape[0] < centred.shape[1];
        var m = wide ? centred.T : centred;
        var size = Math.Min(k + Oversampling, (int)Math.Min(m.shape[0], m.shape[1]));
        var start = new float[m.shape[1] * (k + Oversampling)];
        for (var i = 0; i < start.Length; i++) start[i] = (float)random.NextNormal();
        var q = tensor(start, [m.shape[1], k + Oversampling]).to(ScalarType.Float64, x.device);
        for (var i = 0; i < iterations; i++) q = linalg.qr(m.T.matmul(linalg.qr(m.matmul(q)).Q)).Q;
        var basis = linalg.qr(m.matmul(q)).Q;
        var (inner, s, v) = linalg.svd(basis.T.matmul(m), fullMatrices: false);
        var left = basis.matmul(inner);
        // The signs: of a row's vector its entry of largest absolute value is positive.
        var u = (wide ? v.T : left)[TensorIndex.Colon, TensorIndex.Slice(null, Math.Min(k, size))];
        var sign = u.gather(0, u.abs().argmax(0, keepdim: true)).sign();
        return u * sign * s[TensorIndex.Slice(null, Math.Min(k, size))];
    }
}
