using ZooRank.Evaluation;
using ZooRank.Runs;
using ZooRank.Truth;
using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <summary>A ground truth as a page: how well each source does on each target, and which differences are real.</summary>
public static class TruthReport
{
    /// <param name="name">Of the store.</param>
    /// <param name="truth">What its runs say.</param>
    /// <param name="runs">They themselves; curves are not needed.</param>
    public static string Of(string name, GroundTruth truth, IReadOnlyList<RunRecord> runs)
    {
        var targets = truth.Targets.Where(t => t.Sources.Count > 0).ToList();
        var table = TruthInput.TableOf(truth with { Targets = targets });
        return Page.Of("Ground truth", name, Lead(truth, targets, runs),
        [
            new("table", "AUC after fine-tuning", targets.Count > 0 ? AucTable.Of(table, "source") : default),
            .. targets.Select((t, i) => new Section($"target-{i + 1}", t.Target, Target(t))),
            new("caveats", "Bear in mind", Parts.Caveats(truth.Caveats)),
            new("cite", "Sources", Html($"<p>The protocol: P(φ, T) is the mean test AUC over the seeds of the run that has the lowest validation loss of a grid of hyperparameters (section 4 of the paper).</p>{Parts.Citations([], Product.Version)}")),
        ], Parts.Foot(Product.Version));
    }

    private static Markup Lead(GroundTruth truth, List<TargetTruth> targets, IReadOnlyList<RunRecord> runs)
    {
        int Count(RunStatus status) => runs.Count(r => r.Status == status);
        return Html($"""
            <div class="verdict">
            {(targets.Count == 0 ? Html($"""<p class="advice">No run has a result yet.</p>""") : Html($"""<ul class="advice">{targets.Select((t, i) => Html($"""<li><a href="#target-{i + 1}"><bdi>{t.Target}</bdi></a>: {TruthWords.Sentence(t)}</li>"""))}</ul>"""))}
            {Parts.Facts(
            [
                ("runs", Html($"{Words.Whole(runs.Count)}{Of(Count(RunStatus.Diverged), "diverged")}{Of(Count(RunStatus.Failed), "failed")}")),
                ("computing", Html($"{Words.Fixed(runs.Sum(r => r.Seconds ?? 0) / 3600, 1)} <small>hours</small>")),
                ("targets", Html($"{truth.Targets.Count}")), ("sources", Html($"{targets.SelectMany(t => t.Sources).Select(s => s.Source).Distinct().Count()}")),
            ])}</div>

            """);

        static Markup Of(int n, string what) => n > 0 ? Html($" <small>{Words.Whole(n)} {what}</small>") : default;
    }

    private static Markup Target(TargetTruth t)
    {
        var s = t.Sources;
        var several = s.Any(x => x.Selected.Count > 1);
        var scale = Scale.Around([.. s.Select(x => x.P), .. s.Where(x => x.StandardError is not null).SelectMany(x => new[] { x.P - x.StandardError!.Value, x.P + x.StandardError!.Value }), .. s.Select(x => x.Median)]);
        string? Versus(SourcePerformance x) => x == s[0] ? "best" : t.Comparisons.FirstOrDefault(c => c.First == s[0].Source && c.Second == x.Source) is { } c ? $"{(x.ToldFromBest == true ? "worse" : "≈ same")}, p {Words.P(c.AdjustedP)}" : null;
        List<Column<SourcePerformance>> columns = [new("source", x => Cell.Name(x.Source)), new("P (AUC)", x => Cell.Number(x.P, 4))];
        if (several) columns.AddRange([new("± SE", x => Cell.Number(x.StandardError, 4)), new("seeds", x => Cell.Whole(x.Selected.Count)), new("against the best", x => Cell.Text(Versus(x) ?? Words.None), numeric: false)]);
        columns.AddRange(
        [
            new("runs", x => Cell.Whole(x.Finished + x.Diverged)), new("diverged", x => Cell.Whole(x.Diverged)), new("worst", x => Cell.Number(x.Worst, 4)), new("median", x => Cell.Number(x.Median, 4)), new("best", x => Cell.Number(x.Best, 4)),
            new("hours", x => Cell.Number(x.Hours, 1)), new("selected runs", x => new(Html($"<code>{string.Join(' ', x.Selected.Select(r => r.Id))}</code>")), numeric: false),
        ]);
        return Html($"""
            <p class="sentence" dir="auto">{TruthWords.Sentence(t)}</p>
            {DotRows.Of(Html($"P, the test AUC of the selected runs{(several ? ", mean ± standard error over the seeds" : "")}, and the median of all finished runs of the grid: what careless tuning gives."),
                [.. s.Select((x, i) => new DotRow(Words.Name(x.Source), [new(x.Median, Series: 2), new(x.P, x.P - x.StandardError, x.P + x.StandardError)], Html($"{Words.Fixed(x.P, 4)} <small>{(i > 0 && x.ToldFromBest is { } told ? told ? "worse than the best" : "not told from the best" : "")}</small>"), i == 0 || x.ToldFromBest == false))],
                scale, "AUC", ["P", "", "median of all runs"])}
            {DataTable.Of(Html($"The sources from the highest P to the lowest. The best of all runs was chosen by looking at the test images, and so is above P."), s, columns, x => x == s[0])}
            {(t.Comparisons.Count == 0 ? default : Parts.More($"Every pair of sources ({t.Comparisons.Count})", DataTable.Of(Html($"Welch's t-test over the seeds, adjusted by Holm; a difference is called real below 0.05."), t.Comparisons,
            [
                new("better", c => Cell.Name(c.First)), new("than", c => Cell.Name(c.Second), numeric: false), new("difference", c => Cell.Number(c.Difference, 4)), new("t", c => Cell.Number(c.Test.T, 2)),
                new("p", c => new(Html($"{Words.P(c.Test.P)}"), c.Test.P)), new("adjusted p", c => new(Html($"{Words.P(c.AdjustedP)}"), c.AdjustedP)),
            ], c => c.AdjustedP < GroundTruth.Significance)))}
            """);
    }
}
