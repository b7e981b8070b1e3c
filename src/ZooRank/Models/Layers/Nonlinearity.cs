using static TorchSharp.torch;

namespace ZooRank.Models.Layers;

/// <summary>
/// Nonlinearity that may overwrite their input, which must be the caller's own intermediate. ReLU's gradient needs only its output, so it always does;
/// those whose gradient needs the input would have autograd copy it first, so they overwrite only where no gradient is recorded.
/// </summary>
internal static class Nonlinearity
{
    public static Tensor Relu(Tensor x) => x.relu_();

    /// <summary>x·σ(x) (Elfwing, Uchibe and Doya 2017, arXiv 1702.03118).</summary>
    public static Tensor Silu(Tensor x) => x.requires_grad ? x.silu() : x.silu_();

    /// <summary>x·relu6(x + 3)/6 (Howard et al. 2019, arXiv 1905.02244).</summary>
    public static Tensor HardSwish(Tensor x) => x.requires_grad ? x.hardswish() : x.hardswish_();
}
