using System.Globalization;
using ZooRank.Runs;

namespace ZooRank.Cli.Display;

/// <summary>Where a grid of fine-tuning runs stands, on standard error.</summary>
/// <param name="runs">How many runs this program will compute; those finished before are not among them.</param>
internal sealed class RunProgressDisplay(int runs) : IRunObserver, IDisposable
{
    private readonly StatusLine line = new();
    private readonly RunProgress progress = new(runs);

    public void Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind) => line.Show(progress.Started(run, behind), important: true);

    public void EpochDone(RunConfiguration run, EpochRecord epoch) => line.Show(progress.EpochDone(run, epoch));

    public void Finished(RunRecord record) => line.Show(progress.Finished(record), important: true);

    public void Interrupted(RunConfiguration run) => line.Show(progress.Interrupted(run), important: true);

    public void Dispose() => line.Dispose();
}

/// <summary>What there is to say about a grid of runs at each moment, from the times that its epochs took.</summary>
internal sealed class RunProgress(int runs)
{
    private readonly Dictionary<string, AtWork> atWork = [];   // several where they are trained together
    private readonly HashSet<string> everBegun = [];
    private int finished, epochs, epochsOfFinished;
    private double seconds;

    // A run that stopped and goes on is still one.
    private int Begun => everBegun.Count;

    public string Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind)
    {
        everBegun.Add(run.Id);
        atWork[run.Id] = new AtWork(run.MaxEpochs);
        foreach (var epoch in behind) Count(run, epoch);
        return $"{Place()} {Short(run)}: {(behind.Count > 0 ? $"goes on after epoch {behind.Count}" : "begins")}";
    }

    public string EpochDone(RunConfiguration run, EpochRecord epoch)
    {
        Count(run, epoch);
        var auc = epoch.ValidationAuc is { } now ? $", val AUC {Number(now)}" : "";
        var highest = atWork[run.Id].Best is { } b ? $", best {Number(b.Auc)} in epoch {b.Epoch + 1}" : "";
        return $"{Place()} {Short(run)}: epoch {epoch.Epoch + 1}/{run.MaxEpochs}{auc}{highest}";
    }

    public string Finished(RunRecord record)
    {
        atWork.Remove(record.Id, out var run);
        var done = run?.Done ?? record.Curve.Count;
        (finished, epochsOfFinished) = (finished + 1, epochsOfFinished + done);
        var outcome = record switch
        {
            { Status: RunStatus.Diverged } => $"diverged in epoch {record.StoppedAt + 1}",
            { ValidationAuc: { } auc, BestEpoch: { } epoch } => $"val AUC {Number(auc)} in epoch {epoch + 1} of {done}{(record.TestAuc is { } test ? $", test AUC {Number(test)}" : "")}",
            _ => $"finished after {done} epochs",
        };
        return $"[{Begun}/{runs}] {Short(record.Configuration)}: {outcome}";
    }

    public string Interrupted(RunConfiguration run)
    {
        atWork.Remove(run.Id, out var stopped);
        return $"[{Begun}/{runs}] {Short(run)}: stopped after epoch {stopped?.Done ?? 0}; the same command continues it";
    }

    private void Count(RunConfiguration run, EpochRecord epoch)
    {
        (epochs, seconds) = (epochs + 1, seconds + epoch.Seconds);
        var current = atWork[run.Id];
        current.Done = epoch.Epoch + 1;
        if (epoch.ValidationAuc is { } auc && (current.Best is null || auc > current.Best.Value.Auc)) current.Best = (auc, epoch.Epoch);
    }

    // "[7/120, about 2.1 h left, at most 6.3 h]". How long runs last is learned from those finished; until then there is only the bound, since any run may stop early.
    private string Place()
    {
        if (epochs == 0) return $"[{Begun}/{runs}]";
        var (each, later, longest) = (seconds / epochs, runs - Begun, atWork.Values.Select(r => r.MaxEpochs).DefaultIfEmpty(0).Max());
        var bound = each * (atWork.Values.Sum(r => r.MaxEpochs - r.Done) + later * longest);
        var most = StatusLine.Words(TimeSpan.FromSeconds(bound));
        if (finished == 0) return $"[{Begun}/{runs}, at most {most} left]";
        var usual = (double)epochsOfFinished / finished;
        var likely = Math.Min(each * (atWork.Values.Sum(r => Math.Max(usual - r.Done, 0)) + later * usual), bound);
        return $"[{Begun}/{runs}, about {StatusLine.Words(TimeSpan.FromSeconds(likely))} left, at most {most}]";
    }

    private sealed class AtWork(int maxEpochs)
    {
        public int MaxEpochs { get; } = maxEpochs;
        public int Done { get; set; }
        public (double Auc, int Epoch)? Best { get; set; }
    }

    private static string Short(RunConfiguration run) =>
        string.Create(CultureInfo.InvariantCulture, $"{run.Source.Id} lr {run.LearningRate:0.############} momentum {run.Momentum:0.###} wd {run.WeightDecay:0.############} batch {run.BatchSize} seed {run.Seed}");

    private static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
