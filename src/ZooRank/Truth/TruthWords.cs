using System.Globalization;

namespace ZooRank.Truth;

/// <summary>What a ground truth says, in words.</summary>
public static class TruthWords
{
    private const int Named = 5;

    /// <summary>Which source is best on a target, and what it can be told from. There must be a source.</summary>
    public static string Sentence(TargetTruth target)
    {
        var best = target.Sources[0];
        var lead = $"{best.Source} is best with {Auc(best.P)}{(best.StandardError is { } e ? $" ± {Auc(e)}" : "")}";
        var tested = target.Sources.Where(s => s.ToldFromBest is not null).ToList();
        if (target.Sources.Count == 1) return $"{lead}; there is no other source.";
        if (tested.Count == 0) return $"{lead}, {Auc(best.P - target.Sources[1].P)} above {target.Sources[1].Source}; whether that is more than chance was not tested.";
        var same = tested.Where(s => s.ToldFromBest == false).Select(s => s.Source).ToList();
        var test = "Welch's t-test over the seeds, Holm-adjusted p < 0.05";
        return same.Count == 0 ? string.Create(CultureInfo.InvariantCulture, $"{lead}, better than each of the {tested.Count} tested ({test}).")
            : same.Count == tested.Count ? string.Create(CultureInfo.InvariantCulture, $"{lead}, but it can be told from none of the {tested.Count} tested ({test}).")
            : string.Create(CultureInfo.InvariantCulture, $"{lead}, better than {tested.Count - same.Count} of {tested.Count} tested ({test}); it cannot be told from {string.Join(", ", same.Take(Named))}{(same.Count > Named ? $" and {same.Count - Named} more" : "")}.");
    }

    private static string Auc(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
