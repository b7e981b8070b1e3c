using ZooRank.Checkpoints;
using static TorchSharp.torch;

namespace ZooRank.Models;

/// <summary>
/// A network's first convolution and the batch-norm after it as the checkpoint has them, unfolded. The batch-norm remembers what the convolution's outputs
/// were like in training, and with them what the network's input was.
/// </summary>
/// <param name="Weight">O×3×k×k float32; the caller's, or its dispose scope's.</param>
/// <param name="Mean">The batch-norm's running mean of each of the O outputs.</param>
/// <param name="Variance">And their running variance.</param>
public sealed record Stem(Tensor Weight, IReadOnlyList<double> Mean, IReadOnlyList<double> Variance)
{
    private const string Weights = ".weight";

    /// <summary>The batch-norm is as it was made, means 0 and variances 1: it was never in training mode, or its statistics were not saved.</summary>
    public bool Untouched => Mean.All(m => m == 0) && Variance.All(v => v == 1);

    /// <summary>The stem of a checkpoint; null where the architecture's first convolution has no batch-norm, so that nothing is remembered (VGG-11, ConvNeXt).</summary>
    public static Stem? Read(Architecture architecture, Checkpoint checkpoint)
    {
        // Tensors are in the order of registration: the vector of weights after the first convolution is its norm's.
        var layout = StateLayout.Of(architecture);
        var norm = layout.Tensors.Skip(1).First(t => t.Name.EndsWith(Weights, StringComparison.Ordinal)).Name[..^Weights.Length];
        if (!layout.Names.ContainsKey(norm + ".running_mean")) return null;
        var entries = StateMatch.Of(architecture, checkpoint.Tensors).Entries;
        Tensor Values(string name) => checkpoint.Read(entries[name]);
        double[] Numbers(string name)
        {
            using var scope = NewDisposeScope();
            return Values(name).to(ScalarType.Float64).data<double>().ToArray();
        }
        using var stored = Values(layout.Tensors[0].Name);
        return new(stored.to(ScalarType.Float32, copy: true), Numbers(norm + ".running_mean"), Numbers(norm + ".running_var"));
    }
}
