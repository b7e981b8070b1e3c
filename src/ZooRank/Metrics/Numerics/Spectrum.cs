using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// Singular values and vectors of an n×D matrix M from the eigenvectors of its smaller Gram matrix: MᵀM where D ≤ n, else MMᵀ. One symmetric eigen-decomposition of
/// side min(n, D) is all it takes.
/// </summary>
/// <param name="SquaredValues">σ², descending, min(n, D) of them, none below 0.</param>
/// <param name="Right">V, D×min(n, D): set where D ≤ n.</param>
/// <param name="Left">U, n×min(n, D): set where D &gt; n.</param>
public sealed record Spectrum(Tensor SquaredValues, Tensor? Right, Tensor? Left)
{
    // Eigenvalues of a Gram matrix carry an error of about the machine's precision times the largest one: below this share they are zero.
    private const double Zero = 1e-12;

    internal Tensor[] Tensors => [.. new[] { SquaredValues, Right, Left }.OfType<Tensor>()];

    /// <summary>How many singular values are above zero.</summary>
    public int Rank { get; } = (int)(SquaredValues > Zero * SquaredValues[0]).sum().item<long>();

    /// <param name="m">M.</param>
    /// <param name="gram">MᵀM, where it is at hand and D ≤ n.</param>
    public static Spectrum Of(Tensor m, Tensor? gram = null)
    {
        var tall = m.shape[1] <= m.shape[0];
        var (values, vectors) = linalg.eigh(tall ? gram ?? m.T.matmul(m) : m.matmul(m.T));
        values = values.flip(0).clamp(min: 0);
        vectors = vectors.flip(1);
        return tall ? new(values, vectors, null) : new(values, null, vectors);
    }

    /// <summary>The first k columns of U·S (no more than the rank), n×k, each with its entry of largest absolute value positive.</summary>
    public Tensor Scores(Tensor m, int k)
    {
        var first = TensorIndex.Slice(null, Math.Min(k, Rank));
        var scores = Right is not null ? m.matmul(Right[TensorIndex.Colon, first]) : Left![TensorIndex.Colon, first] * SquaredValues[first].sqrt();
        var largest = scores.abs().argmax(0, keepdim: true);
        return scores * scores.gather(0, largest).sign();
    }

    /// <summary>UᵀT for an n×m matrix T: its rows belong to the singular values up to the rank.</summary>
    public Tensor Project(Tensor m, Tensor t)
    {
        var first = TensorIndex.Slice(null, Rank);
        return Right is not null ? Right[TensorIndex.Colon, first].T.matmul(m.T.matmul(t)) / SquaredValues[first].sqrt().unsqueeze(1) : Left![TensorIndex.Colon, first].T.matmul(t);
    }
}
