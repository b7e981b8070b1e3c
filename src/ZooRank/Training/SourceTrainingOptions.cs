using ZooRank.Runs;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>What chooses the epoch whose weights are kept.</summary>
public enum EpochSelection
{
    /// <summary>The highest AUC on the validation images, the first of equals.</summary>
    Auc,

    /// <summary>The lowest loss on the validation images, as the paper's script for leave-target-out sources.</summary>
    Loss,

    /// <summary>The last: no validation, no early stopping.</summary>
    Last,
}

/// <summary>How a source model is trained. The defaults are those of the paper's leave-target-out sources (arXiv 2412.20172, and its published script), save what is said below.</summary>
public sealed record SourceTrainingOptions
{
    /// <summary>At most so many passes.</summary>
    public int Epochs { get; init; } = 45;

    /// <summary>Of the first epoch.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>After each so many epochs the learning rate is multiplied by <see cref="DecayFactor"/>.</summary>
    public int DecayEvery { get; init; } = 15;

    public double DecayFactor { get; init; } = 0.1;

    /// <summary>Not Nesterov's.</summary>
    public double Momentum { get; init; } = 0.9;

    public double WeightDecay { get; init; } = 1e-4;

    public int BatchSize { get; init; } = 128;

    public TrainingSampling Sampling { get; init; } = TrainingSampling.Balanced;

    /// <summary>
    /// Whether training images are augmented as published (<see cref="Augmentation.ImageAugmentation"/>); null: a join is, as the paper's leave-target-out sources were, one data set is not, as
    /// MedMNIST's own checkpoints were not.
    /// </summary>
    public bool? Augment { get; init; }

    public EpochSelection Selection { get; init; } = EpochSelection.Auc;

    /// <summary>So many epochs without a better one end the training.</summary>
    public int Patience { get; init; } = 20;

    /// <summary>Side of the square input, in pixels.</summary>
    public int InputSize { get; init; } = 224;

    /// <summary>Of the weights, the order of the images, dropout, and what is held out for validation.</summary>
    public int Seed { get; init; } = 24;

    /// <summary>What convolutions and matrix products are computed with: float32, tf32 (CUDA), bfloat16.</summary>
    public string Precision { get; init; } = "float32";

    /// <summary>Stores the weights in half precision, in half the space. Trained they are in single.</summary>
    public bool HalfPrecision { get; init; }

    /// <summary>Starts anew and replaces what is there, a finished model or a training in progress.</summary>
    public bool Overwrite { get; init; }

    /// <summary>How long a training goes on before it writes down where it stands; it does so between two epochs.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Where to train; null: the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>The command line, for the card.</summary>
    public IReadOnlyList<string>? Command { get; init; }
}

/// <summary>Where a training stands.</summary>
public readonly record struct TrainingProgress
{
    /// <summary>Images read so far, and all of them: reading comes first.</summary>
    public (int Read, int All) Images { get; init; }

    /// <summary>Epochs finished.</summary>
    public int Epoch { get; init; }

    /// <summary>All that there may be.</summary>
    public int Epochs { get; init; }

    /// <summary>How much of all epochs is done, 0 to 1.</summary>
    public double Fraction { get; init; }

    /// <summary>Mean training loss of the epoch at work.</summary>
    public double Loss { get; init; }

    /// <summary>The epoch that has just ended; null within one.</summary>
    public EpochRecord? Ended { get; init; }

    /// <summary>The best epoch so far by the selection, and whether it is the one that has just ended.</summary>
    public EpochRecord? Best { get; init; }
}
