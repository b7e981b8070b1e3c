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
        lock (gate)
            if (report.Ended) return;
        cancellation.Cancel();
        if (Now.Report.State == JobState.Waiting) Tell(new(JobState.Cancelled, "cancelled before it began", 0, null));
    }

    public void Run(CancellationToken stop)
    {
        if (Now.Report.Ended) return;
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation.Token, stop);
        try
        {
            Tell(new(JobState.AtWork, "looking at the data", 0, null));
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Runtime.InteropServices.ExternalException)
        {
            Tell(new(JobState.Failed, e.Message.Split('\n')[0], 0, null));
        }
    }

    public void Dispose() => cancellation.Dispose();

    private void Tell(JobReport now)
    {
        TaskCompletionSource before;
        lock (gate) (report, before, changed) = (now, changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        before.SetResult();
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
