using ZooRank.Models;
using ZooRank.Models.Layers;
using static TorchSharp.torch;

namespace ZooRank.Features;

/// <summary>
/// Listens to one layer of a network and keeps its output of the last pass as one row for each image: maps averaged over their positions, tokens over themselves.
/// </summary>
internal sealed class LayerPooling : IDisposable
{
    private readonly string name;
    private readonly Action remove;
    private float[] values = [];

    public LayerPooling(SourceNetwork network, string name)
    {
        this.name = name;
        var hook = network.Layer(name).register_forward_hook((layer, _, output) =>
        {
            Keep(layer, output);
            return null!;   // the output stays as it is
        });
        remove = hook.remove;
    }

    /// <summary>Width of the rows.</summary>
    public int Width { get; private set; }

    /// <summary>The rows of the last pass.</summary>
    public IReadOnlyList<float> Values => values;

    public void Dispose() => remove();

    // At once: the layer after it may overwrite the output.
    private void Keep(nn.Module layer, Tensor output)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        // ConvNeXt's blocks compute with the channels last between two permutations.
        var last = layer is TorchSharp.Modules.Linear or LayerNormalization { ChannelsLast: true };
        var rows = output.detach().dim() switch
        {
            2 => output,
            3 => output.mean([1]),
            4 => output.mean(last ? [1, 2] : [2, 3]),
            var other => throw new InvalidInputException($"layer '{name}' gives {other}-dimensional outputs; N×C×H×W maps, N×T×D tokens and N×D rows are taken. Name another layer."),
        };
        Width = (int)rows.shape[1];
        values = rows.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        if (Array.Exists(values, v => !float.IsFinite(v)))
            throw new InvalidInputException($"the features of layer '{name}' are not finite (NaN or infinity) on these images: its weights or its preprocessing are wrong. Check mean, std and the checkpoint.");
    }
}
