using ZooRank.Models.Layers;
using static TorchSharp.torch.nn;

namespace ZooRank.Models;

/// <summary>
/// Batch-norm in evaluation mode is a fixed scale and shift per channel, which the convolution before it can do at no cost: W' = s·W, b' = s·b + t with
/// s = γ/√(σ² + ε), t = β − s·μ. Exact but for rounding. The two convolutions whose gradients make S_FU keep their weights as leaves and are scaled on
/// each pass, so that autograd's chain rule gives the gradients of the unfolded network.
/// </summary>
public static class BatchNormFolding
{
    /// <summary>
    /// Folds every batch-norm that directly follows a convolution, puts the network in evaluation mode, and asks for no gradients but those of
    /// <see cref="SourceNetwork.FirstConvolutions"/>. There is no way back: the network then evaluates, and its state dict is no longer the checkpoint's.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="except">A convolution whose own output is wanted: it is left as it is.</param>
    /// <returns>How many were folded.</returns>
    public static int Fold(SourceNetwork network, Module? except = null)
    {
        network.eval();
        var (conv1, conv2) = network.FirstConvolutions;
        foreach (var parameter in network.parameters()) parameter.requires_grad = ReferenceEquals(parameter, conv1) || ReferenceEquals(parameter, conv2);
        var count = 0;
        foreach (var parent in network.modules().Prepend(network))
        {
            // Neighbours in one parent's list: in all nine, a batch-norm registered next after a convolution is also what its output goes to, and to nothing else.
            Module? before = null;
            foreach (var (_, child) in parent.named_children())
            {
                if (before is Convolution convolution && convolution != except && child is BatchNormalization { Folded: false } norm)
                {
                    norm.FoldInto(convolution, keepWeight: convolution.Weight.requires_grad);
                    count++;
                }
                before = child;
            }
        }
        return count;
    }
}
