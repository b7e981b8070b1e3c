using ZooRank.Checkpoints;
using static TorchSharp.torch;

namespace ZooRank.Tests.Models;

/// <summary>A checkpoint whose tensors are at hand. It owns them.</summary>
internal sealed class InMemoryCheckpoint(Dictionary<string, Tensor> tensors) : Checkpoint
{
    public override string Format => "memory";

    public override IReadOnlyList<TensorEntry> Tensors => [.. tensors.Select(pair => new TensorEntry(pair.Key, pair.Value.dtype, pair.Value.shape))];

    public override Tensor Read(TensorEntry tensor) => tensors[tensor.Name].clone();

    protected override void Dispose(bool disposing)
    {
        foreach (var tensor in tensors.Values) tensor.Dispose();
    }
}
