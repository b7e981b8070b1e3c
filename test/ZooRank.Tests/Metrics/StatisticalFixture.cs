using System.Text.Json;
using ZooRank.Data;
using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

/// <summary>Small inputs and the values that the papers' formulas give on them: Fixtures/metrics/make.py, plain NumPy, its version in expected.json.</summary>
internal static class StatisticalFixture
{
    public static readonly string[] OneLabel = ["small", "wide", "imbalanced", "many"];

    public static FeatureSet Read(string name)
    {
        using var file = NpzFile.Open(At(name + ".npz"));
        var (x, logits) = (file.Read("features"), file.Read("logits").As<float>().ToArray());
        var set = new FeatureSet { Width = (int)x.Shape[1], Values = x.As<float>().ToArray(), Logits = logits, Labels = [], ClassCount = 0 };
        if (name == "findings") return set with { MultiLabels = file.Read("findings").As<byte>().ToArray(), ClassCount = (int)file.Read("findings").Shape[1] };
        int[] labels = [.. file.Read("labels").ToIntegers(name).Select(y => (int)y)];
        return set with { Labels = labels, ClassCount = labels.Max() + 1 };
    }

    public static JsonElement Expected(string name, string value)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(At("expected.json")));
        return document.RootElement.GetProperty(name).GetProperty(value).Clone();
    }

    private static string At(string file) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "metrics", file);
}
