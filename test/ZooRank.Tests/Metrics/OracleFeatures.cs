using System.Text.Json;
using ZooRank.Data;
using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

/// <summary>The inputs and expected values under ../shared/oracle/metrics (their making is told in its README).</summary>
internal static class OracleFeatures
{
    public static FeatureSet Read(string name)
    {
        using var file = NpzFile.Open(SharedFolder.Require("oracle", "metrics", name + ".npz"));
        var features = file.Read("features");
        int[] labels = [.. file.Read("labels").ToIntegers(name).Select(y => (int)y)];
        return new FeatureSet { Width = (int)features.Shape[1], Values = features.As<float>().ToArray(), Labels = labels, ClassCount = labels.Max() + 1, Logits = file.Read("logits").As<float>().ToArray() };
    }

    public static JsonElement Expected(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("oracle", "metrics", "expected.json")));
        return document.RootElement.GetProperty(name).Clone();
    }
}
