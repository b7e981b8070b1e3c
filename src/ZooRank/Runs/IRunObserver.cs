namespace ZooRank.Runs;

/// <summary>Who wants to follow runs while they are computed: a progress display, TensorBoard, MLflow. Called from one thread; must not throw for what is not the run's fault.</summary>
public interface IRunObserver
{
    /// <summary>A run begins, or goes on after an interruption with these epochs already behind it.</summary>
    void Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind);

    /// <summary>An epoch is done.</summary>
    void EpochDone(RunConfiguration run, EpochRecord epoch);

    /// <summary>The run is finished and its record is in the store.</summary>
    void Finished(RunRecord record);

    /// <summary>The run stops unfinished: it was interrupted, and can be continued.</summary>
    void Interrupted(RunConfiguration run);
}
