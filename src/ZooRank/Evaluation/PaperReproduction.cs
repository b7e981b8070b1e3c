using System.Globalization;
using System.Text.Json.Serialization;
using ZooRank.Metrics;

namespace ZooRank.Evaluation;

/// <summary>A number that the paper prints, beside what its published scores give.</summary>
/// <param name="Where">Table and place.</param>
/// <param name="Printed">As printed.</param>
/// <param name="Recomputed">With as many decimals.</param>
/// <param name="Explanation">Why they differ; null where they agree.</param>
public sealed record PrintedValue(string Where, string Printed, string Recomputed, string? Explanation)
{
    public bool Agrees => Printed == Recomputed;
}

/// <summary>The tables of arXiv 2412.20172 from the numbers published with it (<see cref="PublishedStudy"/>).</summary>
/// <param name="Citation">Of the paper.</param>
/// <param name="DataLicence">Of the published numbers.</param>
/// <param name="Tables">2 to 5.</param>
/// <param name="Printed">Printed numbers beside recomputed ones.</param>
/// <param name="Sources">15 sources under ResNet18: tables 2 and 4.</param>
/// <param name="Architectures">Nine architectures from ImageNet: tables 3 and 5.</param>
public sealed record PaperReproduction(
    string Citation, string DataLicence, IReadOnlyList<ResultTable> Tables, IReadOnlyList<PrintedValue> Printed, MetricEvaluation Sources, MetricEvaluation Architectures)
{
    /// <summary>What is compared with what, and what is not.</summary>
    public const string Scope =
        "Every cell is recomputed from the published scores and AUCs, τ_w and average ranks to two decimals. Of the printed numbers those listed here are compared; the printed τ_w of single targets are not.";

    private const string Licence = "MIT, copyright 2024 DovileDo (github.com/DovileDo/transferability-in-medical-imaging)";

    // In the order of the paper's tables.
    private static readonly string[] Metrics = ["logme", "parc", "sfda", "ncti", "leep", "nleep", FeatureCombination.Metric.Name];

    private const string ForEight = "2.792 is what eight metrics would need (q = 3.031); of seven on 11 targets q is 2.948 and the difference 2.716. What the paper concludes from it stays.";
    private const string SwappedPlaces = "SFDA's and N-LEEP's printed ranks have the sum of the recomputed ones, 8.64; three of their places are on the other's account. Neither rounding nor leaving out a reversal gives the printed pair.";

    public static PaperReproduction Compute()
    {
        var (sources, architectures) = (Evaluated(Scenario.Source), Evaluated(Scenario.Architecture));
        return new(PublishedStudy.Citation, Licence,
        [
            ResultTables.WeightedTau(sources, "table-2-sources", "Table 2: weighted τ with AUC, sources under ResNet18", Metrics),
            ResultTables.WeightedTau(architectures, "table-3-architectures", "Table 3: weighted τ with AUC, architectures from ImageNet (LEEP, N-LEEP, PARC and NCTI reversed)", Metrics),
            ResultTables.Auc(sources, "table-4-auc-sources", "Table 4: AUC × 100 after fine-tuning, sources under ResNet18"),
            ResultTables.Auc(architectures, "table-5-auc-architectures", "Table 5: AUC × 100 after fine-tuning, architectures from ImageNet"),
        ], [.. Compared(sources, architectures)], sources, architectures);
    }

    private static MetricEvaluation Evaluated(Scenario scenario)
    {
        var study = PublishedStudy.Of(scenario);
        return Evaluator.Evaluate(study.Scores, study.Truth, new() { Scenario = scenario });
    }

    private static IEnumerable<PrintedValue> Compared(MetricEvaluation sources, MetricEvaluation architectures)
    {
        PrintedValue Value(string where, string printed, double? recomputed, string? why = null)
        {
            var decimals = printed.Length - printed.IndexOf('.') - 1;
            var text = recomputed?.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) ?? "–";
            return new(where, printed, text, text == printed ? null : why ?? "not explained");
        }
        foreach (var (metric, printed) in Metrics.Zip((string[])["4.00", "4.00", "5.82", "4.91", "3.91", "3.45", "1.91"])) yield return Value($"Table 2, average rank of {metric}", printed, sources.AverageRanks[metric]);
        yield return Value("Table 2, Friedman's p", "0.002", sources.Friedman!.P);
        foreach (var target in (string[])["breastmnist", "pneumoniamnist"]) yield return Value($"Table 2, sfda on {target}", "–", sources.TauW["sfda"][target]);
        yield return Value("Table 2, Nemenyi's critical difference", "2.792", sources.CriticalDifference, ForEight);
        yield return Value("Table 3, average rank of sfda", "3.91", architectures.AverageRanks["sfda"], SwappedPlaces);
        yield return Value("Table 3, average rank of nleep", "4.73", architectures.AverageRanks["nleep"], SwappedPlaces);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(PaperReproduction))]
public sealed partial class PaperJson : JsonSerializerContext;
