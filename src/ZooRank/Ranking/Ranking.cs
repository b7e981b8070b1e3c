using System.Text.Json.Serialization;

namespace ZooRank.Ranking;

/// <summary>The answer: the models in order of their score for a target, with all that is needed to judge it and to make it again.</summary>
public sealed record Ranking
{
    /// <summary>Version of this file's layout.</summary>
    public int Schema { get; init; } = 2;

    public required TargetSummary Target { get; init; }

    /// <summary>The metric that <see cref="RankedModel.Score"/> is of.</summary>
    public required string Metric { get; init; }

    /// <summary>"source" or "architecture": how the terms were combined.</summary>
    public required string Scenario { get; init; }

    /// <summary>Why that scenario.</summary>
    public required string ScenarioReason { get; init; }

    /// <summary>In rank order; models without a score last.</summary>
    public required IReadOnlyList<RankedModel> Models { get; init; }

    /// <summary>Models that could not be measured.</summary>
    public required IReadOnlyList<SkippedModel> Skipped { get; init; }

    /// <summary>Which to fine-tune and how sure that is, in words.</summary>
    public required string Advice { get; init; }

    public required IReadOnlyList<Caveat> Caveats { get; init; }

    public required Provenance Provenance { get; init; }

    /// <summary>What the data set looks like from outside.</summary>
    public DataSummary? Data { get; init; }

    /// <summary>What history had to say in the score; null where it had nothing.</summary>
    public HistoryShare? History { get; init; }

    /// <summary>The classes as the best-ranked model sees them; null where images have several labels, or no model has a score.</summary>
    public ClassStructure? Structure { get; init; }

    /// <summary>Reads a ranking that <c>zoorank rank</c> wrote.</summary>
    /// <exception cref="InvalidInputException">There is no such file, or it is not a ranking.</exception>
    public static Ranking Read(string path) => JsonFile.Read(path, RankingJson.Default.Ranking, "a ranking", "zoorank rank --out");
}

/// <param name="Name">The data set's name.</param>
/// <param name="Path">Where it was read.</param>
/// <param name="Description">Format, splits and sizes, in a line.</param>
/// <param name="Classes">Class names, by label.</param>
/// <param name="ProbeImages">n: images measured.</param>
/// <param name="ProbeClassCounts">How many of each class.</param>
/// <param name="ProbeSha256">Hash of the measured images and labels.</param>
public sealed record TargetSummary(
    string Name, string Path, string Description, IReadOnlyList<string> Classes, int ProbeImages, IReadOnlyList<int> ProbeClassCounts,
    [property: JsonPropertyName("probe_sha256")] string ProbeSha256);

/// <param name="Images">By split.</param>
/// <param name="TrainClassCounts">By label.</param>
/// <param name="Width">Smallest, middle and largest, in pixels, as text.</param>
/// <param name="Height">The same.</param>
/// <param name="Channels">1, 3, or both.</param>
/// <param name="BitDepths">8, 16, or both.</param>
/// <param name="MeanIntensity">Over all samples of the images looked at; 1 is white.</param>
/// <param name="Compared">Images compared for duplicates.</param>
/// <param name="DuplicatesInTrain">Images of the train split that repeat an earlier one of it.</param>
/// <param name="DuplicatesAcrossSplits">Images of the validation or test split that are also in an earlier split.</param>
/// <param name="ConflictingLabels">Images that repeat an earlier one with another label.</param>
public sealed record DataSummary(
    IReadOnlyDictionary<string, int> Images, IReadOnlyList<int> TrainClassCounts, string Width, string Height, IReadOnlyList<int> Channels, IReadOnlyList<int> BitDepths, double MeanIntensity,
    int Compared, int DuplicatesInTrain, int DuplicatesAcrossSplits, int ConflictingLabels);

/// <summary>A model's features of the probe in two dimensions, before and after NCA (figure 3 of arXiv 2412.20172, by principal components): how well its features tell the classes apart.</summary>
/// <param name="Model">Its id.</param>
/// <param name="VarianceBefore">Share of the features' variance that the two dimensions before NCA show.</param>
/// <param name="VarianceAfter">The same after it.</param>
/// <param name="Points">One per image of the probe, or of an even choice among many.</param>
public sealed record ClassStructure(string Model, double VarianceBefore, double VarianceAfter, IReadOnlyList<StructurePoint> Points);

/// <param name="Label">The image's class.</param>
/// <param name="Before">Its first two principal components.</param>
/// <param name="After">Those of its place in the map that NCA learned.</param>
/// <param name="OwnShare">Share of its own class among its five nearest in that map, itself included: what S_LP is the mean of.</param>
/// <param name="Thumbnail">The image, small, as a data URI; null unless it was asked for.</param>
public sealed record StructurePoint(int Label, IReadOnlyList<double> Before, IReadOnlyList<double> After, double OwnShare, string? Thumbnail);

/// <summary>How far the order is from other targets' results and not from these images.</summary>
/// <param name="From">Where the results are from: stores, files, "published".</param>
/// <param name="Weights">Of each term of the score, "history" among them; they add to 1.</param>
/// <param name="LearnedOn">What the weights were learned on, in words.</param>
/// <param name="Targets">The targets whose results count: never the one asked about.</param>
/// <param name="Without">Models without history, judged by the metrics alone.</param>
/// <param name="LeftOut">Targets whose results do not count, since they are the data asked about.</param>
public sealed record HistoryShare(IReadOnlyList<string> From, IReadOnlyDictionary<string, double> Weights, string LearnedOn, IReadOnlyList<string> Targets, IReadOnlyList<string> Without, IReadOnlyList<string> LeftOut);

public sealed record RankedModel
{
    public required string Id { get; init; }

    /// <summary>1 is the best; equal scores share the better rank; null without a score.</summary>
    public required int? Rank { get; init; }

    /// <summary>The ranking metric's score over the zoo; null where it is undefined or nothing tells the models apart.</summary>
    public required double? Score { get; init; }

    /// <summary>5th and 95th percentile of the score when other images are drawn (<see cref="Doubt"/>).</summary>
    public IReadOnlyList<double>? Interval { get; init; }

    /// <summary>Share of the draws in which this model is the best.</summary>
    public double? ProbabilityBest { get; init; }

    /// <summary>1: the leading model and those that these images cannot tell from it; and so on.</summary>
    public int? Group { get; init; }

    /// <summary>Every metric measured, by name, higher is better; "ncti.seli" is a part of one. Null where undefined.</summary>
    public required IReadOnlyDictionary<string, double?> Measures { get; init; }

    /// <summary>Why a metric is undefined, by name.</summary>
    public IReadOnlyDictionary<string, string> Undefined { get; init; } = new Dictionary<string, string>();

    /// <summary>Per cent of ImageNet's validation images that the architecture's published ImageNet weights classify right; null for other sources.</summary>
    public double? ImagenetTop1 { get; init; }

    /// <summary>What fine-tuning from this source gave on other targets; null where that is not known.</summary>
    public StaticPrior? Prior { get; init; }

    /// <summary>Seconds this model took, reading and measuring included.</summary>
    public required double Seconds { get; init; }

    /// <summary>True where its features came from the cache and no network ran.</summary>
    public required bool Cached { get; init; }

    public required string Architecture { get; init; }
    public string? Source { get; init; }

    /// <summary>Parameters of the checkpoint's model.</summary>
    public required long Parameters { get; init; }

    public required string Checkpoint { get; init; }

    [JsonPropertyName("checkpoint_sha256")]
    public required string CheckpointSha256 { get; init; }

    /// <summary>How its images were prepared.</summary>
    public required PreprocessingSummary Preprocessing { get; init; }
}

/// <param name="MeanRank">Mean rank of the source's AUC on the other targets; 1 is the best.</param>
/// <param name="Of">How many sources were compared.</param>
/// <param name="Targets">How many targets the mean is over: never the one asked about.</param>
/// <param name="Place">From −1 (last on each of them) to 1 (first).</param>
public sealed record StaticPrior(double MeanRank, int Of, int Targets, double Place);

/// <param name="InputSize">Side of the square input in pixels.</param>
/// <param name="Resize">"squash", "crop" or "pad": how pictures that are not square become so.</param>
/// <param name="Mean">Of the normalisation, red green blue, on the scale 0 to 1.</param>
/// <param name="Std">Of the normalisation, red green blue.</param>
public sealed record PreprocessingSummary(int InputSize, string Resize, IReadOnlyList<float> Mean, IReadOnlyList<float> Std);

/// <param name="Id">The model.</param>
/// <param name="Reason">Why it could not be measured, in one line.</param>
public sealed record SkippedModel(string Id, string Reason);

/// <summary>What is needed to run it again.</summary>
public sealed record Provenance
{
    public required string Zoorank { get; init; }
    public required string Libtorch { get; init; }
    public required string Runtime { get; init; }
    public required string Platform { get; init; }
    public required string Device { get; init; }
    public required int Threads { get; init; }
    public required string Zoo { get; init; }
    public required uint Seed { get; init; }
    public required int Fold { get; init; }
    public required int ProbePerClass { get; init; }
    public required string Sampling { get; init; }

    /// <summary>The layer that features were taken from; null: each model's last before the head.</summary>
    public string? Layer { get; init; }

    public required IReadOnlyList<string> Metrics { get; init; }

    /// <summary>Random halves of the images that the doubt is from.</summary>
    public required int Halves { get; init; }

    /// <summary>When it was started, UTC.</summary>
    public required DateTimeOffset Started { get; init; }

    public required double Seconds { get; init; }

    /// <summary>The command, where there was one.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(Ranking))]
public sealed partial class RankingJson : JsonSerializerContext;
