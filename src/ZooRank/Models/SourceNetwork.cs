using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ZooRank.Models;

/// <summary>
/// A live source model φ. <c>forward(x) = Logits(Features(x))</c>: features are the input of the model's last linear layer, so that one pass gives both.
/// Field names of a network are its state-dict keys and keep PyTorch's spelling.
/// </summary>
public abstract class SourceNetwork(string name) : Module<Tensor, Tensor>(name)
{
    /// <summary>Features of a batch: N×3×S×S images, normalised as the source wants them, to N×D.</summary>
    public abstract Tensor Features(Tensor images);

    /// <summary>The source's own logits from the features: N×D to N×C_s.</summary>
    public abstract Tensor Logits(Tensor features);

    /// <summary>The weights whose gradient norms make S_FU (SPEC §3): the first two convolutions in the order of registration.</summary>
    public abstract (Tensor Conv1, Tensor Conv2) FirstConvolutions { get; }

    public override Tensor forward(Tensor images) => Logits(Features(images));
}
