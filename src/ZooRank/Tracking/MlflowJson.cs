using System.Text.Json.Serialization;

namespace ZooRank.Tracking;

/// <param name="Key">Letters, digits and "_-./ ", at most 250 of them.</param>
/// <param name="Value">Finite: JSON has no other.</param>
/// <param name="Timestamp">Milliseconds since 1970.</param>
/// <param name="Step">The epoch, from 0.</param>
internal sealed record MlflowMetric(string Key, double Value, long Timestamp, long Step);

/// <summary>A parameter or a tag.</summary>
internal sealed record MlflowPair(string Key, string Value);

internal sealed record MlflowExperiment(string ExperimentId, string? Name = null, string? LifecycleStage = null);

internal sealed record MlflowRunInfo(string RunId, string Status);

internal sealed record MlflowRun(MlflowRunInfo Info);

// Requests and answers, as https://mlflow.org/docs/latest/rest-api.html lists their fields.
internal sealed record ExperimentAnswer(MlflowExperiment Experiment);
internal sealed record CreateExperiment(string Name);
internal sealed record SearchRuns(IReadOnlyList<string> ExperimentIds, string Filter, int MaxResults);
internal sealed record SearchAnswer(IReadOnlyList<MlflowRun>? Runs = null);
internal sealed record CreateRun(string ExperimentId, string RunName, long StartTime, IReadOnlyList<MlflowPair> Tags);
internal sealed record RunAnswer(MlflowRun Run);
internal sealed record LogBatch(string RunId, IReadOnlyList<MlflowMetric> Metrics, IReadOnlyList<MlflowPair> Params, IReadOnlyList<MlflowPair> Tags);
internal sealed record UpdateRun(string RunId, string Status, long? EndTime);
internal sealed record HistoryAnswer(IReadOnlyList<HistoryPoint>? Metrics = null, string? NextPageToken = null);
internal sealed record HistoryPoint(long Step = 0);
internal sealed record MlflowFault(string? ErrorCode = null, string? Message = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    // Servers write 64-bit integers as strings where they keep to protobuf's rules for JSON.
    NumberHandling = JsonNumberHandling.AllowReadingFromString,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExperimentAnswer))]
[JsonSerializable(typeof(CreateExperiment))]
[JsonSerializable(typeof(MlflowExperiment))]
[JsonSerializable(typeof(SearchRuns))]
[JsonSerializable(typeof(SearchAnswer))]
[JsonSerializable(typeof(CreateRun))]
[JsonSerializable(typeof(RunAnswer))]
[JsonSerializable(typeof(LogBatch))]
[JsonSerializable(typeof(UpdateRun))]
[JsonSerializable(typeof(HistoryAnswer))]
[JsonSerializable(typeof(MlflowFault))]
internal sealed partial class MlflowJson : JsonSerializerContext;
