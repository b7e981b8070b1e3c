using static TorchSharp.torch;

namespace ZooRank.Models.Layers;

/// <summary>Stochastic depth (Huang et al., ECCV 2016, arXiv 1603.09382): in training a residual branch is dropped for single images of the batch.</summary>
internal static class StochasticDepth
{
    /// <summary>Drops rows of the branch with this probability and scales the survivors up by as much.</summary>
    public static Tensor Drop(Tensor branch, double probability, bool training)
    {
        if (!training || probability == 0) return branch;
        var survival = 1 - probability;
        using var rows = empty([branch.shape[0], 1, 1, 1], dtype: branch.dtype, device: branch.device);
        rows.bernoulli_(survival).div_(survival);
        return branch * rows;
    }
}
