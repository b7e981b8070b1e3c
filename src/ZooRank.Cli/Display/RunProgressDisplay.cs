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
    private int begun, finished, epochs, epochsOfFinished, done;
    private double seconds;
    private (double Auc, int Epoch)? best;

    public string Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind)
    {
        (begun, done, best) = (begun + 1, behind.Count, null);
        foreach (var epoch in behind) Count(epoch);
        return $"{Place(run)} {Short(run)}: {(behind.Count > 0 ? $"goes on after epoch {behind.Count}" : "begins")}";
    }

    public string EpochDone(RunConfiguration run, EpochRecord epoch)
    {
        done = epoch.Epoch + 1;
        Count(epoch);
        var auc = epoch.ValidationAuc is { } now ? $", val AUC {Number(now)}" : "";
        var highest = best is { } b ? $", best {Number(b.Auc)} in epoch {b.Epoch + 1}" : "";
        return $"{Place(run)} {Short(run)}: epoch {done}/{run.MaxEpochs}{auc}{highest}";
    }

    public string Finished(RunRecord record)
    {
        (finished, epochsOfFinished) = (finished + 1, epochsOfFinished + done);
        var outcome = record switch
        {
            { Status: RunStatus.Diverged } => $"diverged in epoch {record.StoppedAt + 1}",
            { ValidationAuc: { } auc, BestEpoch: { } epoch } => $"val AUC {Number(auc)} in epoch {epoch + 1} of {done}{(record.TestAuc is { } test ? $", test AUC {Number(test)}" : "")}",
            _ => $"finished after {done} epochs",
        };
        done = 0;
        return $"[{begun}/{runs}] {Short(record.Configuration)}: {outcome}";
    }

    public string Interrupted(RunConfiguration run) => $"[{begun}/{runs}] {Short(run)}: stopped after epoch {done}; the same command continues it";

    private void Count(EpochRecord epoch)
    {
        (epochs, seconds) = (epochs + 1, seconds + epoch.Seconds);
        if (epoch.ValidationAuc is { } auc && (best is null || auc > best.Value.Auc)) best = (auc, epoch.Epoch);
    }

    // "[7/120, about 2.1 h left, at most 6.3 h]". How long runs last is learned from those finished; until then there is only the bound, since any run may stop early.
    private string Place(RunConfiguration run)
    {
        if (epochs == 0) return $"[{begun}/{runs}]";
        var (each, later) = (seconds / epochs, runs - begun);
        var most = StatusLine.Words(TimeSpan.FromSeconds(each * (run.MaxEpochs - done + later * run.MaxEpochs)));
        if (finished == 0) return $"[{begun}/{runs}, at most {most} left]";
        var usual = (double)epochsOfFinished / finished;
        var likely = Math.Min(each * (Math.Max(usual - done, 0) + later * usual), each * (run.MaxEpochs - done + later * run.MaxEpochs));
        return $"[{begun}/{runs}, about {StatusLine.Words(TimeSpan.FromSeconds(likely))} left, at most {most}]";
    }

    private static string Short(RunConfiguration run) =>
        string.Create(CultureInfo.InvariantCulture, $"{run.Source.Id} lr {run.LearningRate:0.######} momentum {run.Momentum:0.###} wd {run.WeightDecay:0.#######} batch {run.BatchSize}");

    private static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
