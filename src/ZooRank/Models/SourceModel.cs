using System.Text.Json;
using ZooRank.Imaging;

namespace ZooRank.Models;

/// <summary>
/// One entry of a zoo: a checkpoint and how to feed it. What is not stated is null and is found out, or asked for, when the model is loaded (<see cref="LoadedModel"/>).
/// </summary>
public sealed record SourceModel
{
    /// <summary>The name under which it is ranked, unique in its zoo.</summary>
    public required string Id { get; init; }

    /// <summary>The checkpoint's file; it may still have to be fetched from <see cref="Url"/>.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>Name of the architecture; null: recognised from the tensors' names and shapes.</summary>
    public string? Architecture { get; init; }

    /// <summary>The data it was trained on, as "imagenet".</summary>
    public string? Source { get; init; }

    /// <summary>Where the checkpoint can be fetched.</summary>
    public string? Url { get; init; }

    /// <summary>SHA-256 that the checkpoint must have, in hexadecimal.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Mean of the normalisation, red green blue, on the scale 0 to 1.</summary>
    public IReadOnlyList<float>? Mean { get; init; }

    /// <summary>Standard deviation of the normalisation, red green blue.</summary>
    public IReadOnlyList<float>? Std { get; init; }

    /// <summary>Side of the square input in pixels.</summary>
    public int? InputSize { get; init; }

    /// <summary>How pictures that are not square become so.</summary>
    public ResizeMode? Resize { get; init; }

    /// <summary>GoogLeNet alone: undo ImageNet's normalisation inside the network, as torchvision's pretrained one does.</summary>
    public bool? TransformInput { get; init; }

    /// <summary>The source classes, by logit.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Under which terms the data it was trained on, or the checkpoint itself, may be used: "CC BY 4.0".</summary>
    public string? License { get; init; }

    /// <summary>How it was trained, where ZooRank did.</summary>
    public TrainingCard? Training { get; init; }

    /// <summary>This entry, its gaps filled from another statement about the same checkpoint.</summary>
    public SourceModel FilledFrom(SourceModel other) => this with
    {
        Architecture = Architecture ?? other.Architecture,
        Source = Source ?? other.Source,
        Mean = Mean ?? other.Mean,
        Std = Std ?? other.Std,
        InputSize = InputSize ?? other.InputSize,
        Resize = Resize ?? other.Resize,
        TransformInput = TransformInput ?? other.TransformInput,
        Classes = Classes ?? other.Classes,
        License = License ?? other.License,
        Training = Training ?? other.Training,
    };
}

/// <summary>
/// The card that ZooRank writes into the safetensors files that it trains, so that a checkpoint and how to feed it travel together: a <see cref="SourceModel"/>
/// as JSON under the metadata key "zoorank".
/// </summary>
public static class ModelCard
{
    public const string Key = "zoorank";

    public static string Write(SourceModel model) => JsonSerializer.Serialize(model, ZooJson.Default.SourceModel);

    /// <summary>The card in a checkpoint's metadata; null where there is none.</summary>
    /// <exception cref="InvalidInputException">There is one, but it cannot be read.</exception>
    public static SourceModel? Read(IReadOnlyDictionary<string, string> metadata, string path)
    {
        if (!metadata.TryGetValue(Key, out var text)) return null;
        try
        {
            return JsonSerializer.Deserialize(text, ZooJson.Default.SourceModel);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{path}: its '{Key}' card cannot be read ({e.Message.Split('\n')[0]}). Train it again, or name the model in a zoo.json.", e);
        }
    }
}
