using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ZooRank.Models;

/// <summary>
/// A live source model φ. <c>forward(x) = Logits(Features(x))</c>: features are the input of the model's last linear layer, so that one pass gives both.
/// Field names of a network are its state-dict keys and keep PyTorch's spelling.
/// </summary>
public abstract class SourceNetwork(string name) : Module<Tensor, Tensor>(name)
{
    private Module? headOwner;
    private string headKey = "";
    private Module<Tensor, Tensor>? head;

    /// <summary>False for an encoder whose checkpoint came without a classifier (self-supervised pretraining): it has features and no logits.</summary>
    public virtual bool HasHead { get; private set; } = true;

    /// <summary>D: width of the features; 0 where the network did not say.</summary>
    public long FeatureCount { get; private set; }

    /// <summary>Dropout on the features before the head, in training mode only. The architecture's own to begin with.</summary>
    public double HeadDropout { get; set; }

    /// <summary>Features of a batch: N×3×S×S images, normalised as the source wants them, to N×D.</summary>
    public abstract Tensor Features(Tensor images);

    /// <summary>The source's own logits from the features: N×D to N×C_s.</summary>
    /// <exception cref="InvalidOperationException">There is no head (<see cref="HasHead"/>).</exception>
    public virtual Tensor Logits(Tensor features)
    {
        if (head is null) throw new InvalidOperationException($"This {GetName()} has no head, so it has no logits: ask HasHead first, or give it one with ReplaceHead.");
        if (!training || HeadDropout == 0) return head.call(features);
        using var dropped = functional.dropout(features, HeadDropout, training);
        return head.call(dropped);
    }

    /// <summary>The weights whose gradient norms make S_FU (docs/method.md): the first two convolutions in the order of registration.</summary>
    public virtual (Tensor Conv1, Tensor Conv2) FirstConvolutions
    {
        get
        {
            var first = modules().OfType<Convolution>().Take(2).ToList();
            return (first[0].Weight, first[1].Weight);
        }
    }

    /// <summary>
    /// The layers before the head that have an output of their own, by PyTorch's paths ("layer4", "layer4.1.conv2"), outer ones first.
    /// </summary>
    public virtual IReadOnlyList<string> Layers => [.. LayersByName().Select(l => l.Name)];

    /// <summary>The layer of that path.</summary>
    /// <exception cref="InvalidInputException">There is none: it says which are near.</exception>
    public Module<Tensor, Tensor> Layer(string name) => LayersByName().FirstOrDefault(l => l.Name == name).Layer ?? throw UnknownLayer(GetName(), name, Layers);

    internal static InvalidInputException UnknownLayer(string network, string name, IReadOnlyList<string> layers)
    {
        var inside = layers.Where(l => l.StartsWith(name + ".", StringComparison.Ordinal)).ToList();
        var meant = inside.Count > 0 ? $" It only holds others, whose last is {inside.Where(l => l.Count(c => c == '.') == inside.Min(i => i.Count(c => c == '.'))).Last()}."
            : Suggestions.Closest(name, layers) is { Count: > 0 } close ? $" Did you mean {string.Join(" or ", close)}?"
            : $" There are {string.Join(", ", layers.Where(l => !l.Contains('.', StringComparison.Ordinal)).DefaultIfEmpty(layers[0]))} and what is in them.";
        return new InvalidInputException($"{network} has no layer '{name}' with an output before its head.{meant} 'zoorank inspect CHECKPOINT' lists them.");
    }

    public override Tensor forward(Tensor images)
    {
        using var features = Features(images);
        return Logits(features);
    }

    /// <summary>Puts a new linear layer, initialised as PyTorch does, in the head's place (for MobileNetV3 that is the whole classifier block).</summary>
    public void ReplaceHead(int classCount)
    {
        if (headOwner is null) throw new InvalidOperationException($"{GetName()} did not register its head, so it cannot be replaced.");
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        var device = parameters().First().device;
        var old = head;
        headOwner.register_module(headKey, null!); // null takes the module off the list
        old?.Dispose();
        head = Linear(FeatureCount, classCount, device: device);
        head.train(training);
        headOwner.register_module(headKey, head);
        HasHead = true;
    }

    /// <summary>
    /// Lays the convolutions' weights out with channels innermost, upon which libtorch computes the whole network so; images and results stay as they
    /// are. Faster on CPUs with AVX-512 and on GPUs; nothing but rounding changes.
    /// </summary>
    public void UseChannelsLast()
    {
        foreach (var convolution in modules().OfType<Convolution>()) convolution.UseChannelsLast();
    }

    private IEnumerable<(string Name, Module<Tensor, Tensor> Layer)> LayersByName()
    {
        var heads = (head?.modules() ?? []).Append(head!).ToHashSet();
        return from pair in named_modules() where pair.module is Module<Tensor, Tensor> layer && layer != this && !heads.Contains(layer) select (pair.name, (Module<Tensor, Tensor>)pair.module);
    }

    /// <summary>Where the head is, for a network's constructor: <paramref name="owner"/>'s child <paramref name="key"/>; a null head makes an encoder without one.</summary>
    protected void SetHead(Module owner, string key, long featureCount, Module<Tensor, Tensor>? module)
    {
        (headOwner, headKey, head, FeatureCount, HasHead) = (owner, key, module, featureCount, module is not null);
        if (module is not null) owner.register_module(key, module);
    }

    /// <summary>A linear head for this many classes; null for none.</summary>
    private protected static Module<Tensor, Tensor>? LinearHead(long featureCount, int classCount) =>
        classCount == 0 ? null : Linear(featureCount, classCount, device: Construction.Device);
}
