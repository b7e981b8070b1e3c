namespace ZooRank.Models;

/// <summary>How ZooRank trained a source model, and what came out: kept in its card, so that it can be judged and made again.</summary>
public sealed record TrainingCard
{
    /// <summary>The training data, set by set.</summary>
    public required IReadOnlyList<TrainingData> Data { get; init; }

    /// <summary>"cross_entropy", or of several labels for an image "binary_cross_entropy".</summary>
    public required string Loss { get; init; }

    /// <summary>At most so many passes.</summary>
    public required int Epochs { get; init; }

    /// <summary>Of the first epoch.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The learning rate is multiplied by <see cref="DecayFactor"/> after each so many epochs.</summary>
    public required int DecayEvery { get; init; }

    public required double DecayFactor { get; init; }

    public required double Momentum { get; init; }

    public required double WeightDecay { get; init; }

    public required int BatchSize { get; init; }

    /// <summary>"paper" or "none".</summary>
    public required string Augmentation { get; init; }

    /// <summary>"balanced" or "plain".</summary>
    public required string Sampling { get; init; }

    /// <summary>What chose the epoch whose weights were kept: "auc", "loss" (both on validation images), or "last".</summary>
    public required string Selection { get; init; }

    /// <summary>So many epochs without a better one ended it.</summary>
    public int? Patience { get; init; }

    public required int Seed { get; init; }

    /// <summary>What convolutions and matrix products were computed with: "tf32" or "bfloat16"; null for float32.</summary>
    public string? Precision { get; init; }

    /// <summary>"float32" or "float16": the weights as stored. They were trained in float32.</summary>
    public required string StoredAs { get; init; }

    /// <summary>Null of a plan, which is not trained yet.</summary>
    public TrainingOutcome? Outcome { get; init; }
}

/// <summary>One data set of those that a source model was trained on.</summary>
public sealed record TrainingData
{
    public required string Name { get; init; }

    public required int TrainImages { get; init; }

    /// <summary>0 where it was trained without validation.</summary>
    public required int ValidationImages { get; init; }

    /// <summary>True where the validation images were held out of the train split, since there is no validation split.</summary>
    public bool? HeldOut { get; init; }

    /// <summary>SHA-256 over the training images' stored bytes and labels.</summary>
    public required string TrainSha256 { get; init; }

    public string? ValidationSha256 { get; init; }
}

/// <summary>What came out of a training. A number that is undefined is null.</summary>
public sealed record TrainingOutcome
{
    public required int EpochsTrained { get; init; }

    /// <summary>The epoch, from 1, whose weights were kept.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>MedMNIST's AUC on the validation images with the weights kept, 0 to 1.</summary>
    public double? ValidationAuc { get; init; }

    /// <summary>Share of right answers; of several labels for an image, over images and labels at probability 0.5.</summary>
    public double? ValidationAccuracy { get; init; }

    public double? ValidationLoss { get; init; }

    /// <summary>Of computing.</summary>
    public required double Seconds { get; init; }

    /// <summary>How often it was continued after an interruption.</summary>
    public int Interruptions { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset Finished { get; init; }

    public required string Zoorank { get; init; }

    public required string Libtorch { get; init; }

    public required string Device { get; init; }

    /// <summary>The command line, where there was one.</summary>
    public IReadOnlyList<string>? Command { get; init; }
}
