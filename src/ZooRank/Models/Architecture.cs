using ZooRank.Checkpoints;
using ZooRank.Models.Layers;

namespace ZooRank.Models;

/// <summary>A network's design, without weights: one of the nine of the paper, with torchvision's name, layout and state-dict keys.</summary>
public sealed record Architecture
{
    /// <summary>torchvision's name, as "resnet18".</summary>
    public required string Name { get; init; }

    /// <summary>Makes the network with a head for this many source classes, freshly initialised as torchvision does; 0 makes it without a head.</summary>
    public required Func<int, SourceNetwork> Create { get; init; }

    /// <summary>
    /// Makes so many copies side by side as one network without a head, for training them together: images N×(K·3)×S×S to features N×(K·D), copy by copy; each tensor of its
    /// state is the copies' own, stacked along the first axis. Null where the architecture has no such form.
    /// </summary>
    internal Func<int, SourceNetwork>? CreateStacked { get; init; }

    /// <summary>Parameters with the 1,000-class head of ImageNet (GoogLeNet without its auxiliary heads).</summary>
    public required long ParameterCount { get; init; }

    /// <summary>D: width of the features.</summary>
    public required int FeatureCount { get; init; }

    /// <summary>Prefix of the head's keys, as "fc" or "classifier.1": the one part whose shape may differ between checkpoints.</summary>
    public required string Head { get; init; }

    /// <summary>Prefixes of keys that official checkpoints hold and the network does not use (GoogLeNet's auxiliary heads).</summary>
    public IReadOnlyList<string> IgnoredPrefixes { get; init; } = [];

    /// <summary>Turns a key of an older official checkpoint into today's; null where no renaming was ever done.</summary>
    public Func<string, string>? RenameKey { get; init; }

    /// <summary>Authors, title, venue, year.</summary>
    public required string Paper { get; init; }

    /// <summary>See <see cref="SourceNetwork.Layers"/>.</summary>
    public IReadOnlyList<string> Layers()
    {
        using var network = Construction.WithoutValues(() => Create(0));
        return network.Layers;
    }

    /// <summary>Dropout on the features before a new head: the architecture's own, 0 where the whole classifier block is replaced.</summary>
    public double HeadDropout()
    {
        using var network = Construction.WithoutValues(() => Create(0));
        return network.HeadDropout;
    }

    /// <summary>The network without its head, with a checkpoint's weights, in training mode.</summary>
    /// <exception cref="InvalidInputException">The checkpoint does not fit, or its weights cannot be used.</exception>
    public SourceNetwork LoadEncoder(Checkpoint checkpoint)
    {
        var network = Construction.FilledLater(() => Create(0));
        try
        {
            StateLoading.Load(network, this, checkpoint);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    public override string ToString() => Name;

    /// <summary>The number of source classes that a checkpoint's head has, for <see cref="Create"/>; 0 where it has none (an encoder alone).</summary>
    /// <exception cref="CheckpointMismatchException">The checkpoint is of another architecture.</exception>
    public int HeadClassCount(Checkpoint checkpoint)
    {
        var match = StateMatch.Of(this, checkpoint.Tensors);
        if (!match.Fits) throw match.Failure(checkpoint.Path);
        return match.ClassCount;
    }

    /// <summary>The network that a checkpoint holds, its weights loaded, in evaluation mode.</summary>
    /// <exception cref="InvalidInputException">The checkpoint does not fit, or its weights cannot be used.</exception>
    public SourceNetwork Load(Checkpoint checkpoint)
    {
        var classCount = HeadClassCount(checkpoint);
        var network = Construction.FilledLater(() => Create(classCount));
        try
        {
            StateLoading.Load(network, this, checkpoint);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        network.eval();
        return network;
    }
}
