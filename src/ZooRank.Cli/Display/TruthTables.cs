using System.Globalization;
using Spectre.Console;
using ZooRank.Runs;
using ZooRank.Truth;

namespace ZooRank.Cli.Display;

/// <summary>The ground truth for people.</summary>
internal static class TruthTables
{
    public static void Print(GroundTruth truth, IReadOnlyList<RunRecord> runs, IReadOnlyList<UnfinishedRun> unfinished, bool listRuns, IAnsiConsole console)
    {
        console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{runs.Count:N0} runs{Count(runs, RunStatus.Diverged)}{Count(runs, RunStatus.Failed)}, {runs.Sum(r => r.Seconds ?? 0) / 3600:N1} hours of computing; {unfinished.Count(r => r.AtWork):N0} at work, {unfinished.Count(r => !r.AtWork):N0} interrupted."));
        foreach (var target in truth.Targets.Where(t => t.Sources.Count > 0))
        {
            console.WriteLine();
            console.MarkupLineInterpolated($"[bold]{target.Target}[/]");
            PrintTarget(target, console);
            console.WriteLine(TruthWords.Sentence(target));
        }
        if (unfinished.Count > 0) PrintUnfinished(unfinished);
        if (listRuns) PrintRuns(truth, runs);
        foreach (var caveat in truth.Caveats) console.WriteLine($"  - {caveat}");
    }

    private static void PrintTarget(TargetTruth target, IAnsiConsole console)
    {
        var s = target.Sources;
        var oneSeed = s.All(x => x.Selected.Count == 1);
        TableColumnOf Column(string heading, Func<SourcePerformance, string> cell) => new(heading, [.. s.Select(cell)]);
        List<TableColumnOf> columns = [Column("P (AUC)", x => Auc(x.P))];
        if (!oneSeed) columns.AddRange([Column("± SE", x => x.StandardError is { } e ? Auc(e) : "–"), Column("seeds", x => N(x.Selected.Count)), Column("vs best", VersusBest)]);
        columns.AddRange([
            Column("runs", x => N(x.Finished + x.Diverged)), Column("diverged", x => N(x.Diverged)),
            Column("worst", x => Auc(x.Worst)), Column("median", x => Auc(x.Median)), Column("best", x => Auc(x.Best)), Column("hours", x => x.Hours.ToString("N1", CultureInfo.InvariantCulture)),
        ]);
        if (oneSeed) columns.Add(new("selected run", [.. s.Select(x => x.Selected[0].Id)], Left: true));
        WideTable.Print(new("source", [.. s.Select(x => x.Source)], Left: true), columns, console);

        string VersusBest(SourcePerformance x) => x == s[0] ? "best"
            : target.Comparisons.FirstOrDefault(c => c.First == s[0].Source && c.Second == x.Source) is not { } c ? "–"
            : string.Create(CultureInfo.InvariantCulture, $"{(x.ToldFromBest == true ? "worse" : "≈ same")}, p {c.AdjustedP:0.000}");
    }

    private static void PrintUnfinished(IReadOnlyList<UnfinishedRun> unfinished)
    {
        Console.Out.WriteLine();
        Terminal.Print(["not finished", "target", "source", "state", "host", "since (UTC)", "last heard of", "epochs done"], unfinished.Select(r => (string[])
        [
            r.Id, r.Target ?? "–", r.Source ?? "–", r.AtWork ? "at work" : "interrupted", r.Host is null ? "–" : $"{r.Host}, process {N(r.Pid ?? 0)}",
            r.Since?.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "–", Ago(r.Quiet), r.Epochs is { } e ? N(e) : "–",
        ]));
    }

    private static void PrintRuns(GroundTruth truth, IReadOnlyList<RunRecord> runs)
    {
        var selected = truth.Targets.SelectMany(t => t.Sources).SelectMany(s => s.Selected).Select(s => s.Id).ToHashSet();
        Console.Out.WriteLine();
        Terminal.Print(["run (* selected)", "target", "source", "seed", "lr", "weight decay", "momentum", "batch", "status", "stopped at", "val loss", "val AUC", "test AUC", "minutes"],
            runs.OrderBy(r => r.Configuration.Target.Name, StringComparer.Ordinal).ThenBy(r => r.Configuration.Source.Id, StringComparer.Ordinal).ThenBy(r => r.Configuration.Seed).ThenBy(r => r.ValidationLoss ?? double.PositiveInfinity).ThenBy(r => r.Id, StringComparer.Ordinal).Select(r => (string[])
        [
            r.Id + (selected.Contains(r.Id) ? " *" : ""), r.Configuration.Target.Name, r.Configuration.Source.Id, N(r.Configuration.Seed), G(r.Configuration.LearningRate), G(r.Configuration.WeightDecay), G(r.Configuration.Momentum),
            N(r.Configuration.BatchSize), TruthText.Status(r.Status), r.StoppedAt is { } stopped ? N(stopped) : "–", r.ValidationLoss is { } loss ? loss.ToString("G5", CultureInfo.InvariantCulture) : "–",
            r.ValidationAuc is { } v ? Auc(v) : "–", r.TestAuc is { } t ? Auc(t) : "–", r.Seconds is { } seconds ? (seconds / 60).ToString("0.0", CultureInfo.InvariantCulture) : "–",
        ]));
    }

    private static string Count(IReadOnlyList<RunRecord> runs, RunStatus status) => runs.Count(r => r.Status == status) is var n and > 0 ? string.Create(CultureInfo.InvariantCulture, $", {n:N0} of them {TruthText.Status(status)}") : "";

    private static string Ago(TimeSpan quiet) => string.Create(CultureInfo.InvariantCulture, $"{(quiet < TimeSpan.FromMinutes(2) ? $"{Math.Max(0, quiet.TotalSeconds):0} s" : quiet < TimeSpan.FromHours(2) ? $"{quiet.TotalMinutes:0} min" : $"{quiet.TotalHours:0} h")} ago");

    private static string Auc(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    private static string N(int n) => n.ToString(CultureInfo.InvariantCulture);

    private static string G(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
