using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Models;
using static TorchSharp.torch;

namespace ZooRank.Tests.Features;

/// <summary>Small data sets and checkpoints, made on the spot.</summary>
internal static class Pictures
{
    /// <summary>A data set of drawn pictures, 32×32, four classes.</summary>
    public static ImageDataset Drawn(TemporaryFolder folder, Motif motif, int perClass, string name = "target.npz", int seed = 1)
    {
        Drawings.Write(folder[name], motif, perClass, seed);
        return ImageDatasets.Open(folder[name]);
    }

    /// <summary>A checkpoint with weights that hang on the name alone, as the formula of the oracles has them, each convolution's weights turned by the seed.</summary>
    public static string Checkpoint(string path, string architecture, int classCount = 5, int seed = 0, SourceModel? card = null)
    {
        using var scope = NewDisposeScope();
        var state = Tests.Models.FormulaWeights.Of(StateLayout.Of(Architectures.Get(architecture)), classCount);
        if (seed != 0)
            foreach (var key in state.Keys.ToList())
                if (state[key].dim() == 4) state[key] = state[key].flatten().roll([seed], [0]).view(state[key].shape);
        Safetensors.Write(path, state.Select(p => (p.Key, p.Value)), card is null ? null : new Dictionary<string, string> { [ModelCard.Key] = ModelCard.Write(card) });
        return path;
    }
}
