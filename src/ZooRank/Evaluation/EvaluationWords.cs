using System.Globalization;

namespace ZooRank.Evaluation;

/// <summary>What an evaluation says, in words.</summary>
public static class EvaluationWords
{
    /// <summary>What the tests say, in words.</summary>
    public static IEnumerable<string> Sentences(MetricEvaluation e)
    {
        if (e.Friedman is { } f)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Friedman: χ² = {f.Statistic:0.00}, p {P(f.P)}; Iman–Davenport: {(f.ImanDavenport is { } iman ? string.Create(CultureInfo.InvariantCulture, $"F = {iman:0.00}, ") : "")}p {P(f.ImanDavenportP)}; {e.Compared.Count} metrics on {e.Targets.Count} targets.");
            yield return string.Create(CultureInfo.InvariantCulture, $"Nemenyi: average ranks must differ by {e.CriticalDifference:0.000} (α = 0.05). Not told apart: {(e.NotTold.Count > 0 ? string.Join("; ", e.NotTold.Select(g => string.Join(", ", g))) : "none")}.");
        }
        if (e.Wilcoxon.Count > 0)
        {
            var told = e.Wilcoxon.Where(w => w.AdjustedP < 0.05).ToList();
            yield return $"Wilcoxon with Holm: {(told.Count == 0 ? "no two metrics differ significantly" : string.Join(", ", told.Select(w => $"{w.First} > {w.Second} (p {P(w.AdjustedP)})")))}.";
        }
        if (e.History is { } h)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"History, the mean AUC rank on the other targets: mean τ_w {h.PriorSummary.MeanTauW:0.000}.{(h is { Blend: not null, BlendSummary: { } s, Weights: { } w } ? string.Create(CultureInfo.InvariantCulture, $" With {string.Join(", ", h.Terms)}, weights learned on the other targets ({string.Join(", ", w.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Key} {t.Value:0.00}")))}): {s.MeanTauW:0.000}, {h.Gain:+0.000;−0.000} on {h.Terms[0]}{(h.GainInterval is { } i ? string.Create(CultureInfo.InvariantCulture, $" (95 %: {i.Low:+0.000;−0.000} to {i.High:+0.000;−0.000})") : "")}.") : "")}");
        }
        if (e.NoiseCeiling.Count > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"Noise ceiling: half of the truth's seeds rank the sources as the other half does with a mean τ_w of {e.NoiseCeiling.Values.Average(n => n.BetweenHalves):0.000} (one seed as another: {e.NoiseCeiling.Values.Average(n => n.BetweenSeeds):0.000}); the mean reliability of the AUCs is {e.NoiseCeiling.Values.Average(n => n.Reliability):0.00}. No metric can be expected to do much better.");
    }

    /// <summary>A p-value after its letter: "= 0.012", "&lt; 0.0005".</summary>
    internal static string P(double p) => p < 0.0005 ? "< 0.0005" : string.Create(CultureInfo.InvariantCulture, $"= {p:0.000}");
}
