using ZooRank.Checkpoints;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// What a training carries from epoch to epoch, as it was after the last whole one: values, the optimizer's velocity, and the values of the best epoch, each as one flat tensor
/// (<see cref="FlatState"/>). With a few words of metadata it is a checkpoint, in safetensors.
/// </summary>
internal sealed class CarriedState : IDisposable
{
    private const string LayoutKey = "layout", VersionKey = "zoorank";

    private readonly string layout;

    /// <param name="initial">The values to begin with, of one network; copied.</param>
    /// <param name="momentum">Whether there is a velocity.</param>
    public CarriedState(FlatState initial, bool momentum)
    {
        layout = initial.Layout;
        Values = initial.Values.clone().DetachFromDisposeScope();
        Best = initial.Values.clone().DetachFromDisposeScope();
        if (momentum) Velocity = zeros(initial.ParameterLength, device: Values.device).DetachFromDisposeScope();
    }

    /// <summary>Parameters and running statistics.</summary>
    public Tensor Values { get; }

    /// <summary>The values of the best epoch; of the last where no epoch can be compared.</summary>
    public Tensor Best { get; }

    public Tensor? Velocity { get; }

    /// <summary>The values as they are become those of the best epoch.</summary>
    public void MarkBest()
    {
        using var frozen = no_grad();
        Best.copy_(Values);
    }

    /// <summary>Writes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="about">What the training is and how far it has come.</param>
    public void Save(string path, IReadOnlyDictionary<string, string> about) =>
        Safetensors.Write(path, [.. Tensors()], new Dictionary<string, string>(about) { [LayoutKey] = layout, [VersionKey] = Product.Version });

    /// <summary>Takes over what a file holds, or leaves all as it was.</summary>
    /// <param name="path">The file.</param>
    /// <param name="refuse">Given what was said of it: why it cannot be used here, or null.</param>
    /// <returns>Why it was not taken over; null where it was.</returns>
    /// <exception cref="InvalidInputException">It cannot be read.</exception>
    public string? Restore(string path, Func<IReadOnlyDictionary<string, string>, string?> refuse)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var file = Checkpoint.Open(path);
        if (refuse(file.Metadata) is { } reason) return reason;
        if (file.Metadata.GetValueOrDefault(VersionKey) is var version && version != Product.Version) return $"begun by ZooRank {version ?? "of another time"}, this is {Product.Version}, so its end would be neither's";
        if (file.Metadata.GetValueOrDefault(LayoutKey) != layout) return "its tensors do not fit the network";
        var stored = file.Tensors.ToDictionary(t => t.Name, t => file.Read(t));
        foreach (var (name, own) in Tensors())
            if (!stored.TryGetValue(name, out var there) || there.numel() != own.numel()) return $"damaged, its '{name}' does not fit the network";
        foreach (var (name, own) in Tensors()) own.copy_(stored[name]);
        return null;
    }

    public void Dispose()
    {
        foreach (var (_, tensor) in Tensors()) tensor.Dispose();
    }

    private IEnumerable<(string Name, Tensor Tensor)> Tensors()
    {
        yield return ("values", Values);
        yield return ("best", Best);
        if (Velocity is not null) yield return ("velocity", Velocity);
    }
}
