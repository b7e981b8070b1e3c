using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// A network's parameters, gradients and running statistics, each kind laid end to end in one tensor of which the network's own are views. An optimizer's step, a copy
/// of the best weights, a checkpoint are then a handful of operations on whole tensors, whatever the number of layers.
/// </summary>
internal sealed class FlatState : IDisposable
{
    private const long Alignment = 16;   // floats: every view starts on a cache line

    /// <summary>Takes over the tensors of a network, which must be on its device already and stays the owner of its names and shapes.</summary>
    /// <param name="network">The network.</param>
    /// <param name="channelsLast">Lay the convolutions' weights out with channels innermost.</param>
    public FlatState(nn.Module network, bool channelsLast)
    {
        var parameters = network.named_parameters().Select(p => p.parameter).ToList();
        var buffers = network.named_buffers().Select(b => b.buffer).Where(b => b.is_floating_point()).ToList();
        ParameterCount = parameters.Sum(Room);
        using var frozen = no_grad();
        var device = parameters[0].device;
        Values = zeros(ParameterCount + buffers.Sum(Room), device: device).DetachFromDisposeScope();
        Gradients = zeros(ParameterCount, device: device).DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        var offset = 0L;
        foreach (var tensor in parameters.Concat(buffers))
        {
            var view = View(Values, offset, tensor, channelsLast);
            view.copy_(tensor);
            tensor.set_(view);
            if (tensor is Parameter) tensor.grad = View(Gradients, offset, tensor, channelsLast);
            offset += Room(tensor);
        }
    }

    /// <summary>All parameters, then all running statistics; float32.</summary>
    public Tensor Values { get; }

    /// <summary>Of the parameters.</summary>
    public Tensor Gradients { get; }

    /// <summary>How much of <see cref="Values"/> is parameters.</summary>
    public long ParameterCount { get; }

    public Tensor Parameters => Values.narrow(dim: 0, 0, ParameterCount);

    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }

    private static long Room(Tensor tensor) => (tensor.numel() + Alignment - 1) / Alignment * Alignment;

    private static Tensor View(Tensor flat, long offset, Tensor like, bool channelsLast)
    {
        var part = flat.narrow(dim: 0, offset, like.numel());
        var shape = like.shape;
        return channelsLast && shape.Length == 4 ? part.view(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2) : part.view(shape);
    }
}
