using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// The parameters, gradients and running statistics of networks trained together, each kind laid end to end in one tensor of which the networks' own are views. An
/// optimizer's step, a copy of the best weights, a checkpoint are then a few operations on whole tensors, whatever the number of layers.
/// </summary>
/// <remarks>Of K networks side by side every tensor holds the copies' own, stacked along its first axis: a block of K rows.</remarks>
internal sealed class FlatState : IDisposable
{
    private const long Alignment = 16;   // floats: every tensor starts on a cache line

    private readonly List<(long Offset, long Length)> parts = [];   // of one copy, of all: K times that

    /// <summary>Takes over the tensors of modules, which must be on their device already and keep names and shapes.</summary>
    /// <param name="modules">The modules.</param>
    /// <param name="copies">K.</param>
    /// <param name="channelsLast">Lay the convolutions' weights out with channels innermost.</param>
    public FlatState(IReadOnlyList<nn.Module> modules, int copies = 1, bool channelsLast = true)
    {
        Copies = copies;
        var parameters = modules.SelectMany(m => m.named_parameters()).Select(p => (Tensor)p.parameter).ToList();
        var buffers = modules.SelectMany(m => m.named_buffers()).Select(b => b.buffer).Where(b => b.is_floating_point()).ToList();
        var length = 0L;
        foreach (var own in parameters.Concat(buffers).Select(t => t.numel() / copies))
        {
            parts.Add((length, own));
            length += (own + Alignment - 1) / Alignment * Alignment;
        }
        parameterParts = parameters.Count;
        ParameterLength = buffers.Count > 0 ? parts[parameters.Count].Offset : length;
        using var frozen = no_grad();
        var device = parameters[0].device;
        Values = zeros(length * copies, device: device).DetachFromDisposeScope();
        Gradients = zeros(ParameterLength * copies, device: device).DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        foreach (var (tensor, (offset, _)) in parameters.Concat(buffers).Zip(parts))
        {
            var view = View(Values, offset * copies, tensor, channelsLast);
            view.copy_(tensor);
            tensor.set_(view);
            if (tensor is Parameter) tensor.grad = View(Gradients, offset * copies, tensor, channelsLast);
        }
    }

    private readonly int parameterParts;

    /// <summary>K.</summary>
    public int Copies { get; }

    /// <summary>All parameters, then all running statistics; float32.</summary>
    public Tensor Values { get; }

    /// <summary>Of the parameters.</summary>
    public Tensor Gradients { get; }

    /// <summary>How long one copy's parameters are.</summary>
    public long ParameterLength { get; }

    /// <summary>The parameters' part of a tensor laid out as <see cref="Values"/> or <see cref="Gradients"/>, as blocks of K rows; a single block where K is 1.</summary>
    public IEnumerable<Tensor> Blocks(Tensor flat) => Copies == 1
        ? [flat.narrow(dim: 0, 0, ParameterLength).view(1, -1)]
        : parts.Take(parameterParts).Select(p => flat.narrow(dim: 0, p.Offset * Copies, p.Length * Copies).view(Copies, -1));

    /// <summary>One copy's own tensor, as it would be if it were alone.</summary>
    /// <param name="flat">Laid out as <see cref="Values"/> or <see cref="Gradients"/>.</param>
    /// <param name="copy">0…K−1.</param>
    /// <param name="own">Where it goes, of a K-th of the length.</param>
    public void Extract(Tensor flat, int copy, Tensor own) => Exchange(flat, copy, own, (whole, part) => part.copy_(whole));

    /// <summary>The reverse of <see cref="Extract"/>.</summary>
    public void Insert(Tensor own, int copy, Tensor flat) => Exchange(flat, copy, own, (whole, part) => whole.copy_(part));

    private void Exchange(Tensor flat, int copy, Tensor own, Action<Tensor, Tensor> transfer)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        if (Copies == 1)
        {
            transfer(flat, own);
            return;
        }
        var length = flat.numel() / Copies;
        foreach (var (offset, count) in parts.TakeWhile(p => p.Offset < length))
            transfer(flat.narrow(dim: 0, (offset * Copies) + (copy * count), count), own.narrow(dim: 0, offset, count));
    }

    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }

    private static Tensor View(Tensor flat, long offset, Tensor like, bool channelsLast)
    {
        var part = flat.narrow(dim: 0, offset, like.numel());
        var shape = like.shape;
        return channelsLast && shape.Length == 4 ? part.view(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2) : part.view(shape);
    }
}
