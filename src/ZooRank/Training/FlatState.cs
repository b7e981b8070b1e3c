using System.Security.Cryptography;
using System.Text;
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
    private readonly int copies;                                    // K

    /// <summary>Takes over the tensors of modules, which must be on their device already and keep names and shapes. Convolutions' weights are laid out with channels innermost.</summary>
    /// <param name="modules">The modules.</param>
    /// <param name="copies">K.</param>
    public FlatState(IReadOnlyList<nn.Module> modules, int copies = 1)
    {
        this.copies = copies;
        var parameters = modules.SelectMany((m, i) => m.named_parameters().Select(p => (Name: $"{i}.{p.name}", Tensor: (Tensor)p.parameter))).ToList();
        var buffers = modules.SelectMany((m, i) => m.named_buffers().Select(b => (Name: $"{i}.{b.name}", Tensor: b.buffer))).Where(b => b.Tensor.is_floating_point()).ToList();
        List<(string Name, Tensor Tensor)> all = [.. parameters, .. buffers];
        var length = 0L;
        foreach (var own in all.Select(t => t.Tensor.numel() / copies))
        {
            parts.Add((length, own));
            length += (own + Alignment - 1) / Alignment * Alignment;
        }
        ParameterLength = buffers.Count > 0 ? parts[parameters.Count].Offset : length;
        Layout = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', all.Select(t => $"{t.Name} {t.Tensor.shape[0] / copies} {string.Join(' ', t.Tensor.shape.Skip(1))}")))));
        using var frozen = no_grad();
        var device = parameters[0].Tensor.device;
        Values = zeros(length * copies, device: device).DetachFromDisposeScope();
        Gradients = zeros(ParameterLength * copies, device: device).DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        foreach (var ((_, tensor), (offset, _)) in all.Zip(parts))
        {
            var view = View(Values, offset * copies, tensor);
            view.copy_(tensor);
            tensor.set_(view);
            if (tensor is Parameter) tensor.grad = View(Gradients, offset * copies, tensor);
        }
    }

    /// <summary>SHA-256 of the names and shapes of one copy's tensors in their order: values laid out otherwise are another network's.</summary>
    public string Layout { get; }

    /// <summary>All parameters, then all running statistics; float32.</summary>
    public Tensor Values { get; }

    /// <summary>Of the parameters.</summary>
    public Tensor Gradients { get; }

    /// <summary>How long one copy's parameters are.</summary>
    public long ParameterLength { get; }

    /// <summary>One number of each copy, for every parameter that of its copy: laid out as <see cref="Gradients"/>, or a single number where there is one copy.</summary>
    public Tensor Spread(float[] ofCopies)
    {
        using var scope = NewDisposeScope();
        var column = tensor(ofCopies, [copies, 1], device: Values.device);
        if (copies == 1) return column.view(1).MoveToOuterDisposeScope();
        var spread = zeros_like(Gradients);
        foreach (var (offset, length) in ParameterParts) spread.narrow(dim: 0, offset * copies, length * copies).view(copies, -1).copy_(column);
        return spread.MoveToOuterDisposeScope();
    }

    /// <summary>One copy's own tensor, as it would be if it were alone.</summary>
    /// <param name="flat">Laid out as <see cref="Values"/> or <see cref="Gradients"/>.</param>
    /// <param name="copy">0…K−1.</param>
    /// <param name="own">Where it goes, of a K-th of the length.</param>
    public void Extract(Tensor flat, int copy, Tensor own) => Exchange(flat, copy, own, (whole, part) => part.copy_(whole));

    /// <summary>The reverse of <see cref="Extract"/>.</summary>
    public void Insert(Tensor own, int copy, Tensor flat) => Exchange(flat, copy, own, (whole, part) => whole.copy_(part));

    private IEnumerable<(long Offset, long Length)> ParameterParts => parts.TakeWhile(p => p.Offset < ParameterLength);

    private void Exchange(Tensor flat, int copy, Tensor own, Action<Tensor, Tensor> transfer)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        if (copies == 1)
        {
            transfer(flat, own);
            return;
        }
        var length = flat.numel() / copies;
        foreach (var (offset, count) in parts.TakeWhile(p => p.Offset < length))
            transfer(flat.narrow(dim: 0, (offset * copies) + (copy * count), count), own.narrow(dim: 0, offset, count));
    }

    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }

    private static Tensor View(Tensor flat, long offset, Tensor like)
    {
        var part = flat.narrow(dim: 0, offset, like.numel());
        var shape = like.shape;
        return shape.Length == 4 ? part.view(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2) : part.view(shape);
    }
}
