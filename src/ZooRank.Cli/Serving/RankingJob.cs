using ZooRank.Ranking;

namespace ZooRank.Cli.Serving;

internal enum JobState
{
    Waiting,
    AtWork,
    Done,
    Failed,
    Cancelled,
}

/// <summary>A ranking that was asked for: what, how far it is, what became of it. Its properties are read while it runs.</summary>
/// <param name="id">Its address.</param>
/// <param name="title">What is ranked, in words.</param>
/// <param name="work">Ranks, tells its progress, and returns the result's name.</param>
internal sealed class RankingJob(string id, string title, Func<IProgress<RankingProgress>, CancellationToken, string> work) : IProgress<RankingProgress>, IDisposable
{
    private readonly CancellationTokenSource cancellation = new();
    private readonly Lock gate = new();
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JobReport report = new(JobState.Waiting, "waiting for its turn", 0, null);

    public string Id => id;
    public string Title => title;

    /// <summary>Where it stands, and a task that ends when that has changed.</summary>
    public (JobReport Report, Task Changed) Now
    {
        get
        {
            lock (gate) return (report, changed.Task);
        }
    }

    public void Report(RankingProgress value) => Tell(new(JobState.AtWork, $"{value.Model} ({value.Index + 1} of {value.Count}): {value.Stage}", (value.Index + value.Fraction) / value.Count, null));

    public void Cancel()
    {
        Tell(new(JobState.Cancelled, "cancelled before it began", 0, null), only: JobState.Waiting);
        if (!Now.Report.Ended) cancellation.Cancel();
    }

    public void Run(CancellationToken stop)
    {
        if (!Tell(new(JobState.AtWork, "looking at the data", 0, null), only: JobState.Waiting)) return;
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation.Token, stop);
        try
        {
            Tell(new(JobState.Done, "done", 1, work(this, both.Token)));
        }
        catch (OperationCanceledException) when (both.IsCancellationRequested)
        {
            Tell(new(JobState.Cancelled, "cancelled; what was measured is kept, so the same ranking goes on from there", 0, null));
        }
        catch (InvalidInputException e)
        {
            Tell(new(JobState.Failed, e.Message, 0, null));
        }
        catch (Exception e)
        {
            // Whatever it is, the next ranking is to have its turn.
            Console.Error.WriteLine($"zoorank: {title}: {e}");
            Tell(new(JobState.Failed, $"{e.Message.Split('\n')[0]} (the server's terminal has more)", 0, null));
        }
    }

    public void Dispose() => cancellation.Dispose();

    // What has ended stays so.
    private bool Tell(JobReport now, JobState? only = null)
    {
        TaskCompletionSource before;
        lock (gate)
        {
            if (report.Ended || (only is { } state && report.State != state)) return false;
            (report, before, changed) = (now, changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        before.SetResult();
        return true;
    }
}

/// <param name="State">Where it is.</param>
/// <param name="Message">In words.</param>
/// <param name="Fraction">How much is done, 0 to 1.</param>
/// <param name="Result">The result's name, once it is there.</param>
internal sealed record JobReport(JobState State, string Message, double Fraction, string? Result)
{
    public bool Ended => State is JobState.Done or JobState.Failed or JobState.Cancelled;
}
