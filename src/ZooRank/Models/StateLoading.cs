using ZooRank.Checkpoints;
using static TorchSharp.torch;

namespace ZooRank.Models;

/// <summary>
/// Strict loading: every tensor of the network comes from the checkpoint and every tensor of the checkpoint has its place, or nothing is loaded.
/// Allowed are another number of classes, a missing head (where the network has none either), the architecture's ignored prefixes, a leading path that all
/// names share, names of older releases, and missing counters of batches. Values become float32.
/// </summary>
public static class StateLoading
{
    /// <summary>Fills the network, which <see cref="Architecture.Create"/> made for <see cref="Architecture.HeadClassCount"/> classes.
    /// A network without a head takes the encoder alone, whatever head the checkpoint has.</summary>
    /// <exception cref="CheckpointMismatchException">Names or shapes differ; the network is untouched.</exception>
    /// <exception cref="InvalidInputException">A tensor is not of floating point where weights are, or holds NaN or infinity.</exception>
    public static void Load(SourceNetwork network, Architecture architecture, Checkpoint checkpoint)
    {
        var match = StateMatch.Of(architecture, checkpoint.Tensors);
        if (!match.Fits) throw match.Failure(checkpoint.Path);
        var entries = new Dictionary<string, TensorEntry>(match.Entries);
        if (match.LinearHead is { } linear && network.HasHead)
        {
            network.ReplaceHead(match.ClassCount);
            entries[architecture.Head + ".weight"] = linear.Weight;
            entries[architecture.Head + ".bias"] = linear.Bias;
        }

        var state = network.state_dict();
        var missing = state.Keys.Where(key => !entries.ContainsKey(key) && !key.EndsWith(".num_batches_tracked", StringComparison.Ordinal)).ToList();
        var wrongShape = state.Where(pair => entries.TryGetValue(pair.Key, out var entry) && !entry.Shape.SequenceEqual(pair.Value.shape))
            .Select(pair => new ShapeMismatch(pair.Key, pair.Value.shape, entries[pair.Key].Shape)).ToList();
        if (missing.Count + wrongShape.Count > 0) throw new CheckpointMismatchException(checkpoint.Path, architecture.Name, missing, [], wrongShape);

        using var frozen = no_grad();
        foreach (var (key, target) in state)
        {
            if (entries.TryGetValue(key, out var entry)) Copy(checkpoint, entry, target);
        }
    }

    private static void Copy(Checkpoint checkpoint, TensorEntry entry, Tensor target)
    {
        using var scope = NewDisposeScope();
        var source = checkpoint.Read(entry);
        if (target.is_floating_point())
        {
            if (!source.is_floating_point())
                throw new InvalidInputException($"{checkpoint.Path}: '{entry.Name}' is of type {entry.DType}, but weights are floating-point numbers. Save the network's own weights, not a quantised copy.");
            var bad = source.numel() - source.isfinite().sum().item<long>();
            if (bad > 0)
            {
                throw new InvalidInputException(
                    $"{checkpoint.Path}: '{entry.Name}' holds {bad} of {source.numel()} values that are NaN or infinite. The training diverged or the file is damaged: use another checkpoint.");
            }
        }
        target.copy_(source); // converts the type
    }
}
