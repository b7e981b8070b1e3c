namespace ZooRank.Runs;

/// <summary>How a run ended.</summary>
public enum RunStatus
{
    /// <summary>All epochs done, or stopped early by its patience.</summary>
    Finished,

    /// <summary>The loss became NaN or infinite: the run ended there and has no test AUC.</summary>
    Diverged,

    /// <summary>Of an imported log: what its tool called failed, killed or still running.</summary>
    Failed,
}

/// <summary>One fine-tuning run, done: what it was, how it went, what came out. Written once and never changed.</summary>
public sealed record RunRecord
{
    /// <summary>Of this layout.</summary>
    public int Schema { get; init; } = 1;

    public required string Id { get; init; }

    public required RunConfiguration Configuration { get; init; }

    public required RunStatus Status { get; init; }

    /// <summary>Every epoch, in order; empty of imported runs.</summary>
    public IReadOnlyList<EpochRecord> Curve { get; init; } = [];

    /// <summary>The epoch, from 0, whose weights were kept: that of the highest validation AUC, the first of equals.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>The last epoch trained, from 0.</summary>
    public int? StoppedAt { get; init; }

    // Of the weights kept. Null where the run has none (diverged, failed) or the number is undefined.
    public double? ValidationLoss { get; init; }
    public double? ValidationAuc { get; init; }
    public double? ValidationAccuracy { get; init; }
    public double? TestLoss { get; init; }

    /// <summary>MedMNIST's AUC on the test images, 0 to 1.</summary>
    public double? TestAuc { get; init; }

    public double? TestAccuracy { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>Of computing; time between an interruption and the continuation is not counted.</summary>
    public double? Seconds { get; init; }

    public RunProvenance? Provenance { get; init; }

    /// <summary>Of an imported run: the log's row, column by column, as it was written.</summary>
    public IReadOnlyDictionary<string, string>? Imported { get; init; }
}

/// <summary>One pass over the training images. A number that is NaN or undefined is null.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="LearningRate">In this epoch.</param>
/// <param name="TrainLoss">Mean over the images, as trained (augmented, dropout).</param>
/// <param name="ValidationLoss">Mean over the images.</param>
/// <param name="ValidationAuc">MedMNIST's AUC.</param>
/// <param name="ValidationAccuracy">Share of right answers.</param>
/// <param name="Seconds">What it took, validation included.</param>
public sealed record EpochRecord(int Epoch, double LearningRate, double? TrainLoss, double? ValidationLoss, double? ValidationAuc, double? ValidationAccuracy, double Seconds);

/// <summary>What made a record.</summary>
public sealed record RunProvenance
{
    public required string Zoorank { get; init; }
    public required string Libtorch { get; init; }
    public required string Device { get; init; }
    public required string Host { get; init; }

    /// <summary>How often it was continued after an interruption.</summary>
    public int Interruptions { get; init; }

    /// <summary>The command line.</summary>
    public required IReadOnlyList<string> Command { get; init; }
}
