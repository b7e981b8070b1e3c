using System.Text.Json.Serialization;

namespace ZooRank.Runs;

/// <summary>How a run ended.</summary>
[JsonConverter(typeof(SnakeCaseEnum<RunStatus>))]
public enum RunStatus
{
    /// <summary>All epochs done, or stopped early by its patience.</summary>
    Finished,

    /// <summary>The loss became NaN or infinite: the run ended there and has no test AUC.</summary>
    Diverged,

    /// <summary>Of an imported log: what its tool called failed or killed.</summary>
    Failed,
}

/// <summary>One fine-tuning run, done: what it was, how it went, what came out. Written once and never changed.</summary>
public sealed record RunRecord
{
    /// <summary>
    /// Of the records that this version writes, and the only one that it reads. 1 was written until validation and test images beyond the first 256 were found to be misread, with every number made of them.
    /// </summary>
    public const int CurrentSchema = 2;

    /// <summary>The column of an imported log that names the run there, as MLflow calls it.</summary>
    public const string LoggedId = "Run ID";

    /// <summary>Of this layout.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>16 hexadecimal digits that name the run (<see cref="IdOf"/>).</summary>
    public required string Id { get; init; }

    public required RunConfiguration Configuration { get; init; }

    public required RunStatus Status { get; init; }

    /// <summary>Every epoch, in order; empty of imported runs.</summary>
    [JsonConverter(typeof(CurveJson))]
    public IReadOnlyList<EpochRecord> Curve { get; init; } = [];

    /// <summary>The epoch, from 0, whose weights were kept: that of the highest validation AUC, the first of equals.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>The last epoch trained, from 0.</summary>
    public int? StoppedAt { get; init; }

    /// <summary>Of the weights kept, as the numbers that follow. Null where the run has none (diverged, failed) or the number is undefined.</summary>
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

    /// <summary>
    /// The name of a run: that of its configuration. Of an imported one the log's own name for it is part of that, since a log may hold several runs of one configuration, and does
    /// not tell all that decides a result.
    /// </summary>
    public static string IdOf(RunConfiguration configuration, IReadOnlyDictionary<string, string>? imported) =>
        imported is null ? configuration.Id : configuration.IdWith("\n" + imported.GetValueOrDefault(LoggedId));
}

/// <summary>One pass over the training images. A number that is NaN or undefined is null.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="LearningRate">In this epoch.</param>
/// <param name="TrainLoss">Mean over the images, as trained (augmented, dropout).</param>
/// <param name="ValidationLoss">Mean over the images.</param>
/// <param name="ValidationAuc">MedMNIST's AUC.</param>
/// <param name="ValidationAccuracy">Share of right answers.</param>
/// <param name="Seconds">What it took, validation included.</param>
public sealed record EpochRecord(
    int Epoch,
    double LearningRate,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? TrainLoss,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? ValidationLoss,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? ValidationAuc,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? ValidationAccuracy,
    double Seconds);

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
