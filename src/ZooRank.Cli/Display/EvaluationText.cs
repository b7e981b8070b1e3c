using System.Text.Encodings.Web;
using System.Text.Json;
using ZooRank.Evaluation;

namespace ZooRank.Cli.Display;

/// <summary>An evaluation for machines.</summary>
internal static class EvaluationText
{
    // Results are read by people too: τ stays τ. They are never put into a web page unescaped.
    private static readonly EvaluationJson Context = new(new JsonSerializerOptions(EvaluationJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Json(MetricEvaluation evaluation) => JsonSerializer.Serialize(evaluation, Context.MetricEvaluation);
}
