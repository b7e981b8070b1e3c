using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ZooRank.Cli.Display;

/// <summary>JSON for standard output.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(JsonNode node) => node.ToJsonString(Options);

    public static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    public static JsonArray Caveats(IEnumerable<Caveat> caveats) => new([.. caveats.Select(c => new JsonObject { ["code"] = c.Code, ["message"] = c.Message, ["about"] = c.About })]);
}
