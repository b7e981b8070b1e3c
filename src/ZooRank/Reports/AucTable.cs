using ZooRank.Evaluation;
using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <summary>AUC of every source on every target as a coloured table (figure 4 of arXiv 2412.20172).</summary>
internal static class AucTable
{
    /// <param name="truth">AUC as a fraction.</param>
    /// <param name="row">What a row is.</param>
    public static Markup Of(ScoreTable truth, string row)
    {
        // Of each target the best is full, the worst is not coloured: targets differ in how hard they are, and the question is which source.
        var ends = truth.Targets.ToDictionary(t => t, t => truth.Column(t, truth.Sources) is var c ? (Low: c.Min(), High: c.Max()) : default);
        double? Heat(double? auc, string target) => auc is { } a && ends[target] is { Low: { } low, High: { } high } && high > low ? (a - low) / (high - low) : null;
        var mean = truth.Sources.Select((s, i) => (s, Mean: truth.Targets.Select(t => truth[s, t]) is var all && all.All(v => v is not null) ? all.Average() : null)).ToDictionary(x => x.s, x => x.Mean);
        return DataTable.Of(Html($"AUC in per cent. The deeper the blue, the nearer to the target's best; the best of each target is bold."), truth.Sources,
        [
            new(row, Cell.Name),
            .. truth.Targets.Select(t => Column<string>.Of(t, s => truth[s, t] is { } auc
                ? new(auc == ends[t].High ? Html($"<b>{Words.Fixed(100 * auc, 1)}</b>") : Html($"{Words.Fixed(100 * auc, 1)}"), auc, Heat(auc, t)) : new(Html($"–")))),
            .. mean.Values.Any(m => m is not null) && truth.Targets.Count > 1 ? [new Column<string>("mean", s => Cell.Number(100 * mean[s], 1))] : Array.Empty<Column<string>>(),
        ]);
    }
}
