using System.Security.Cryptography;
using TorchSharp;
using ZooRank.Checkpoints;
using ZooRank.Downloads;
using ZooRank.Imaging;
using static TorchSharp.torch;

namespace ZooRank.Models;

/// <summary>What the user says about all models of a zoo at once; it stands above what the models' own entries say.</summary>
public sealed record ModelOverrides
{
    public IReadOnlyList<float>? Mean { get; init; }
    public IReadOnlyList<float>? Std { get; init; }
    public int? InputSize { get; init; }
    public ResizeMode? Resize { get; init; }

    /// <summary>The layer whose output serves as features, by PyTorch's path; null: the head's input. Logits and gradient norms are the same either way.</summary>
    public string? Layer { get; init; }
}

/// <summary>
/// A source model whose checkpoint has been opened and understood: its architecture, its preprocessing, its hash. The weights are read when <see cref="Network"/> is called.
/// </summary>
public sealed class LoadedModel
{
    private const int DefaultInputSize = 224;

    private LoadedModel()
    {
    }

    /// <summary>The entry, its gaps filled from the card in the file.</summary>
    public required SourceModel Source { get; init; }

    /// <summary>The architecture; null for TorchScript of another design.</summary>
    public required Architecture? Architecture { get; init; }

    /// <summary>C_s: source classes; 0 where unknown or headless.</summary>
    public required int ClassCount { get; init; }

    /// <summary>"PyTorch zip", "safetensors", …</summary>
    public required string Format { get; init; }

    public required Preprocessing Preprocessing { get; init; }

    /// <summary>See <see cref="ModelOverrides.Layer"/>.</summary>
    public string? Layer { get; init; }

    /// <summary>SHA-256 of the checkpoint file, in hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>All parameters of the checkpoint's model.</summary>
    public required long ParameterCount { get; init; }

    public required IReadOnlyList<Caveat> Caveats { get; init; }

    /// <summary>The architecture's name, or "TorchScript".</summary>
    public string ArchitectureName => Architecture?.Name ?? "TorchScript";

    /// <summary>Top-1 accuracy in per cent on ImageNet of torchvision's weights for this architecture; null where the source is not ImageNet.</summary>
    public double? ImageNetTop1 => IsImageNet(Source, Sha256) && Architecture is { } known ? TorchvisionCatalogue.Get(known.Name).ImageNetTop1 : null;

    /// <summary>GoogLeNet with torchvision's own transformation of its input.</summary>
    public bool TransformInput => Architecture?.Name == "googlenet" && (Source.TransformInput ?? (IsImageNet(Source, Sha256) && Preprocessing.Mean.SequenceEqual(Preprocessing.ImageNet.Mean)));

    /// <summary>Opens the checkpoint of an entry: fetches it where it has to be, checks its hash, recognises what it is, decides how to feed it.</summary>
    /// <exception cref="InvalidInputException">It is absent, damaged, of an architecture that is not among the nine, or not what its entry says.</exception>
    public static LoadedModel Open(SourceModel model, ModelOverrides? overrides = null, DownloadOptions? download = null)
    {
        overrides ??= new();
        if (!File.Exists(model.Checkpoint))
        {
            if (model.Url is not { } url)
                throw new InvalidInputException($"model '{model.Id}' has no checkpoint '{model.Checkpoint}'. Put the file there, or give its \"url\" in zoo.json.");
            Downloader.Fetch(new Download { Url = url, Destination = model.Checkpoint, Hash = model.Sha256 is { } sha ? new FileHash(HashAlgorithmKind.Sha256, sha) : null }, download ?? new DownloadOptions());
        }
        var hash = HashOf(model.Checkpoint);
        if (model.Sha256 is { } wanted && !wanted.Equals(hash, StringComparison.OrdinalIgnoreCase))
            throw new InvalidInputException($"{model.Checkpoint}: its SHA-256 is {hash}, zoo.json says {wanted.ToLowerInvariant()}. Fetch the file again, or correct the entry.");

        using var checkpoint = Checkpoint.Open(model.Checkpoint);
        if (ModelCard.Read(checkpoint.Metadata, model.Checkpoint) is { } card)
        {
            ModelZoo.Check(model.Checkpoint, card with { Id = model.Id, Checkpoint = model.Checkpoint });   // a file's own card is input like any other
            model = model.FilledFrom(card);
        }
        var recognition = Architectures.Recognise(checkpoint.Tensors);
        var architecture = recognition.Architecture;
        if (architecture is null && model.Architecture is { } meant) throw StateMatch.Of(Architectures.Get(meant), checkpoint.Tensors).Failure(model.Checkpoint);
        if (architecture is null && checkpoint.Format != "TorchScript")
        {
            throw new InvalidInputException($"{model.Checkpoint}: no architecture that ZooRank knows ({string.Join(", ", Architectures.All.Select(a => a.Name))}). {recognition.Explanation} "
                + "Another architecture can be ranked as TorchScript: torch.jit.trace(model.eval(), images).save(\"model.ts\").");
        }
        if (model.Architecture is { } stated && architecture is not null && !stated.Equals(architecture.Name, StringComparison.OrdinalIgnoreCase))
            throw new InvalidInputException($"{model.Checkpoint}: stated to be {stated}, but its tensors are those of {architecture.Name}. Correct the entry or the file.");

        if (overrides.Layer is { } layer)
        {
            if (architecture is null) throw new InvalidInputException($"{model.Checkpoint}: layer '{layer}' cannot be taken from TorchScript, whose inside is closed. Leave the layer out, or export a module that ends with that layer.");
            if (architecture.Layers() is var layers && !layers.Contains(layer)) throw SourceNetwork.UnknownLayer($"{model.Checkpoint}: {architecture}", layer, layers);
        }

        if (model.Source is null && IsOfficial(hash)) model = model with { Source = "imagenet" };
        var (preprocessing, caveats) = ChoosePreprocessing(model, overrides, hash);
        return new LoadedModel
        {
            Source = model,
            Architecture = architecture,
            ClassCount = recognition.ClassCount,
            Format = checkpoint.Format,
            Preprocessing = preprocessing,
            Layer = overrides.Layer,
            Sha256 = hash,
            ParameterCount = checkpoint.Tensors.Where(t => !IsBuffer(t.Name)).Sum(t => t.ElementCount),
            Caveats = caveats,
        };
    }

    /// <summary>The live network on a device, in evaluation mode, batch-norms folded, gradients only for the first two convolutions.</summary>
    public SourceNetwork Network(Device device)
    {
        if (Architecture is not { } architecture) return TorchScriptNetwork.Load(Source.Checkpoint, Preprocessing.InputSize, device);
        using var checkpoint = Checkpoint.Open(Source.Checkpoint);
        var network = architecture.Load(checkpoint);
        if (network is GoogLeNet googlenet) googlenet.TransformInput = TransformInput;
        network.to(device);
        BatchNormFolding.Fold(network, except: Layer is null ? null : network.Layer(Layer));
        network.UseChannelsLast();
        return network;
    }

    /// <summary>The first convolution and its batch-norm; null where there is none, or for TorchScript.</summary>
    public Stem? Stem()
    {
        if (Architecture is not { } architecture) return null;
        using var checkpoint = Checkpoint.Open(Source.Checkpoint);
        return Models.Stem.Read(architecture, checkpoint);
    }

    // docs/method.md: ImageNet's statistics for ImageNet weights, 0.5 for every other source. Where neither the entry nor the file says, it is a default, and said to be one.
    internal static (Preprocessing, IReadOnlyList<Caveat>) ChoosePreprocessing(SourceModel model, ModelOverrides overrides, string hash)
    {
        var caveats = new List<Caveat>();
        var mean = overrides.Mean ?? model.Mean;
        var std = overrides.Std ?? model.Std;
        if (mean is null || std is null)
        {
            var imageNet = IsImageNet(model, hash);
            var standard = imageNet ? Preprocessing.ImageNet : Preprocessing.Half;
            (mean, std) = (standard.Mean, standard.Std);
            if (!IsOfficial(hash))
            {
                caveats.Add(new Caveat("default-normalisation", imageNet
                    ? "mean and std are not stated; ImageNet's were taken because its source is ImageNet."
                    : "mean and std are not stated; 0.5 and 0.5 were taken, which is wrong if it was trained otherwise. State them in zoo.json, or with --mean and --std.", model.Id));
            }
        }
        return (new Preprocessing
        {
            Mean = mean,
            Std = std,
            InputSize = overrides.InputSize ?? model.InputSize ?? DefaultInputSize,
            Resize = overrides.Resize ?? model.Resize ?? ResizeMode.Squash,
        }, caveats);
    }

    private static bool IsImageNet(SourceModel model, string hash) =>
        IsOfficial(hash) || model.Source is { } source && source.StartsWith("imagenet", StringComparison.OrdinalIgnoreCase);

    // torchvision puts the first digits of the file's hash into its name: a file that has both is the official one.
    private static bool IsOfficial(string hash) => TorchvisionCatalogue.All.Any(w => w.Hash.Matches(hash));

    private static bool IsBuffer(string name) =>
        name.EndsWith(".running_mean", StringComparison.Ordinal) || name.EndsWith(".running_var", StringComparison.Ordinal) || name.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    private static string HashOf(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
