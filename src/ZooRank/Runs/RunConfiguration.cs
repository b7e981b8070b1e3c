using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace ZooRank.Runs;

/// <summary>
/// All that decides the result of one fine-tuning run, and nothing else: where it runs, and from which folder, is not part of it. Two runs of one configuration are the
/// same run, and <see cref="Id"/> is its name. The defaults are the paper's (arXiv 2412.20172).
/// </summary>
public sealed record RunConfiguration
{
    public required RunSource Source { get; init; }

    public required RunTarget Target { get; init; }

    /// <summary>Learning rate of the first epoch; it falls to 0 along a cosine over <see cref="MaxEpochs"/>.</summary>
    public required double LearningRate { get; init; }

    public required double WeightDecay { get; init; }

    /// <summary>Nesterov's where above 0.</summary>
    public required double Momentum { get; init; }

    public required int BatchSize { get; init; }

    /// <summary>Of the new head's weights, the order of the images, their augmentation and dropout. The draw of the images has its own: <see cref="RunTarget.DrawSeed"/>.</summary>
    public int Seed { get; init; }

    public int MaxEpochs { get; init; } = 400;

    /// <summary>So many epochs without a better validation AUC end the run.</summary>
    public int Patience { get; init; } = 50;

    /// <summary>Dropout on the features before the new head.</summary>
    public double HeadDropout { get; init; }

    /// <summary>"paper" or "none".</summary>
    public string Augmentation { get; init; } = "paper";

    /// <summary>"float32", "tf32" or "bfloat16": what convolutions and matrix products compute with.</summary>
    public string Precision { get; init; } = "float32";

    /// <summary>16 hexadecimal digits of SHA-256 over the configuration as JSON.</summary>
    [JsonIgnore]
    public string Id => IdWith("");

    /// <summary>The same over the configuration followed by <paramref name="more"/>.</summary>
    internal string IdWith(string more) =>
        Convert.ToHexStringLower(SHA256.HashData([.. JsonSerializer.SerializeToUtf8Bytes(this, RunsJson.Compact.RunConfiguration), .. Encoding.UTF8.GetBytes(more)]))[..16];

    /// <summary>Every property that is known, by its name in JSON, those of source and target after a dot.</summary>
    internal IReadOnlyDictionary<string, string> Properties()
    {
        var found = new Dictionary<string, string>();
        Add("", JsonSerializer.SerializeToNode(this, RunsJson.Compact.RunConfiguration)!.AsObject());
        return found;

        void Add(string prefix, JsonObject node)
        {
            foreach (var (name, value) in node)
                if (value is JsonObject inner) Add($"{prefix}{name}.", inner);
                else found[prefix + name] = value!.ToString();
        }
    }
}

/// <summary>The source model of a run. Of an imported run only the name may be known.</summary>
public sealed record RunSource
{
    /// <summary>The name under which it is ranked.</summary>
    public required string Id { get; init; }

    public string? Architecture { get; init; }

    /// <summary>The data it was trained on.</summary>
    public string? Dataset { get; init; }

    /// <summary>SHA-256 of the checkpoint's file.</summary>
    [JsonPropertyName("sha256")]
    public string? Sha256 { get; init; }

    public IReadOnlyList<float>? Mean { get; init; }

    public IReadOnlyList<float>? Std { get; init; }

    public int? InputSize { get; init; }

    /// <summary>"squash", "crop" or "pad".</summary>
    public string? Resize { get; init; }

    /// <summary>GoogLeNet with torchvision's own transformation of its input.</summary>
    public bool? TransformInput { get; init; }
}

/// <summary>The target task of a run: which images it is trained, selected and tested on. Of an imported run only the name may be known.</summary>
public sealed record RunTarget
{
    public required string Name { get; init; }

    /// <summary>"binary", "multi_class" or "multi_label".</summary>
    public string? Kind { get; init; }

    /// <summary>C.</summary>
    public int? ClassCount { get; init; }

    public int? TrainImages { get; init; }

    public int? ValidationImages { get; init; }

    public int? TestImages { get; init; }

    /// <summary>SHA-256 over the images and labels trained on, in the order drawn.</summary>
    [JsonPropertyName("train_sha256")]
    public string? TrainSha256 { get; init; }

    [JsonPropertyName("validation_sha256")]
    public string? ValidationSha256 { get; init; }

    [JsonPropertyName("test_sha256")]
    public string? TestSha256 { get; init; }

    /// <summary>How the training and validation images were drawn: images per class, seed, fold, "plain" or "stratified".</summary>
    public int? TrainPerClass { get; init; }

    public int? ValidationPerClass { get; init; }

    public uint? DrawSeed { get; init; }

    public int? Fold { get; init; }

    public string? Sampling { get; init; }
}
