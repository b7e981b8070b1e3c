namespace ZooRank.Runs;

/// <summary>Several observers as one; each is told in turn.</summary>
public sealed class RunObservers(IReadOnlyList<IRunObserver> observers) : IRunObserver
{
    public void Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind)
    {
        foreach (var observer in observers) observer.Started(run, behind);
    }

    public void EpochDone(RunConfiguration run, EpochRecord epoch)
    {
        foreach (var observer in observers) observer.EpochDone(run, epoch);
    }

    public void Finished(RunRecord record)
    {
        foreach (var observer in observers) observer.Finished(record);
    }

    public void Interrupted(RunConfiguration run)
    {
        foreach (var observer in observers) observer.Interrupted(run);
    }
}
