using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using ZooRank.Ranking;

namespace ZooRank.Cli.Serving;

/// <summary>The rankings asked for since the server was started, done one after the other: each uses all cores.</summary>
internal sealed class RankingJobs : IAsyncDisposable
{
    private const int MostWaiting = 20;

    private readonly ConcurrentDictionary<string, RankingJob> all = [];
    private readonly Channel<RankingJob> queue = Channel.CreateUnbounded<RankingJob>();
    private readonly CancellationTokenSource stop = new();
    private readonly Task worker;

    public RankingJobs() => worker = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The latest first.</summary>
    public IReadOnlyList<RankingJob> List => [.. order.Reverse()];

    private readonly ConcurrentQueue<RankingJob> order = [];

    public RankingJob? Find(string id) => all.GetValueOrDefault(id);

    /// <exception cref="InvalidInputException">Too many are waiting.</exception>
    public RankingJob Add(string title, Func<IProgress<RankingProgress>, CancellationToken, string> work)
    {
        if (all.Values.Count(j => j.Now.Report.State == JobState.Waiting) >= MostWaiting) throw new InvalidInputException($"{MostWaiting} rankings are waiting already. Wait until one is done, or cancel some.");
        var job = new RankingJob(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), title, work);
        all[job.Id] = job;
        order.Enqueue(job);
        if (!queue.Writer.TryWrite(job)) job.Cancel();   // the server is ending
        return job;
    }

    /// <summary>Cancels all, and waits for the one at work.</summary>
    public async Task StopAsync()
    {
        queue.Writer.TryComplete();
        foreach (var job in all.Values) job.Cancel();
        await stop.CancelAsync();
        await worker;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var job in all.Values) job.Dispose();
        stop.Dispose();
    }

    private void Work()
    {
        while (queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            while (queue.Reader.TryRead(out var job))
                if (stop.IsCancellationRequested) job.Cancel();
                else job.Run(stop.Token);
    }
}
