using System.Globalization;
using System.Threading.Channels;
using ZooRank.Runs;

namespace ZooRank.Tracking;

/// <summary>Where runs are logged, and how patiently.</summary>
public sealed record MlflowOptions
{
    /// <summary>Made where the server has none of this name.</summary>
    public string Experiment { get; init; } = "zoorank";

    /// <summary>For one request.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Before the first repetition of a request that failed; twice as long before each further one, up to a minute.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the end of the program may wait for what is still to be sent.</summary>
    public TimeSpan FlushTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Told, from another thread, what went wrong: once that the server fails, once that it refused something, and at the end what it lacks.</summary>
    public Action<Caveat>? Warn { get; init; }
}

/// <summary>
/// Logs runs to an MLflow server while they are computed. Nothing here waits for the server but <see cref="Connect"/> and <see cref="Dispose"/>: reports are queued and
/// sent in the background, again and again where the server fails, so it can neither stop nor slow the training.
/// </summary>
/// <remarks>
/// Names are those of the paper's log (<see cref="RunNames"/>). A run is found again by its tag, so one that is continued stays one run, without double points. At the
/// end the validation numbers of the weights kept are logged once more, one step after the last epoch, as MLflow's own logging for Keras does for restored
/// weights: so the latest value is the one that counts.
/// </remarks>
public sealed class MlflowObserver : IRunObserver, IDisposable
{
    /// <summary>The tag that holds a run's id in ZooRank.</summary>
    public const string RunTag = "zoorank.run_id";

    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    private readonly MlflowClient client;
    private readonly MlflowOptions options;
    private readonly string experiment;
    private readonly Channel<Report> queue = Channel.CreateUnbounded<Report>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource giveUp = new();
    private readonly Task sending;

    // Of the sender alone: the runs that it knows on the server, with the steps that these have already.
    private readonly Dictionary<string, (string Run, HashSet<long> Steps)> known = [];
    private readonly HashSet<string> warned = [], incomplete = [];

    private MlflowObserver(MlflowClient client, MlflowOptions options, string experiment)
    {
        (this.client, this.options, this.experiment) = (client, options, experiment);
        sending = Task.Run(SendAllAsync);
    }

    /// <summary>Finds out that the server answers, and the experiment.</summary>
    /// <param name="address">As http://127.0.0.1:5000.</param>
    /// <param name="options">Where, and how patiently.</param>
    /// <param name="environment">Where credentials are found; null: the process's environment.</param>
    /// <exception cref="InvalidInputException">The server cannot be used: one line that says why.</exception>
    public static MlflowObserver Connect(string address, MlflowOptions? options = null, Func<string, string?>? environment = null)
    {
        options ??= new();
        var client = new MlflowClient(address, options.RequestTimeout, environment);
        try
        {
            var experiment = Task.Run(() => client.ExperimentAsync(options.Experiment, CancellationToken.None)).GetAwaiter().GetResult();
            return new MlflowObserver(client, options, experiment);
        }
        catch (MlflowException e)
        {
            client.Dispose();
            throw new InvalidInputException($"--mlflow {client.Address}: {e.Message}. Start the server or correct the address; or leave --mlflow out: records are kept in any case.", e);
        }
    }

    public void Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind) => queue.Writer.TryWrite(new(run.Id) { Run = run, Epochs = [.. behind], Time = DateTimeOffset.UtcNow, Starts = true });

    public void EpochDone(RunConfiguration run, EpochRecord epoch) => queue.Writer.TryWrite(new(run.Id) { Run = run, Epochs = [epoch], Time = DateTimeOffset.UtcNow });

    public void Finished(RunRecord record) => queue.Writer.TryWrite(new(record.Id) { Run = record.Configuration, Record = record, Time = DateTimeOffset.UtcNow, Status = record.Status == RunStatus.Finished ? "FINISHED" : "FAILED" });

    public void Interrupted(RunConfiguration run) => queue.Writer.TryWrite(new(run.Id) { Run = run, Time = DateTimeOffset.UtcNow, Status = "KILLED" });

    /// <summary>Waits, for <see cref="MlflowOptions.FlushTime"/> at most, until all is sent.</summary>
    public void Dispose()
    {
        queue.Writer.TryComplete();
        if (!sending.Wait(options.FlushTime)) giveUp.Cancel();
        sending.Wait();
        if (incomplete.Count > 0) options.Warn?.Invoke(new("mlflow-incomplete", $"{incomplete.Count} run{(incomplete.Count == 1 ? " is" : "s are")} not complete in MLflow. The records here are: zoorank truth export writes them as a log that MLflow's tools read.", client.Address));
        client.Dispose();
        giveUp.Dispose();
    }

    private async Task SendAllAsync()
    {
        await foreach (var first in queue.Reader.ReadAllAsync())
        {
            var report = first;
            // Epochs that piled up while the server was slow go together.
            while (report.Mergeable && queue.Reader.TryPeek(out var next) && next.Id == report.Id && next.Mergeable && queue.Reader.TryRead(out _))
                report = report with { Epochs = [.. report.Epochs, .. next.Epochs], Time = next.Time };
            if (giveUp.IsCancellationRequested || !await DeliverAsync(report)) incomplete.Add(report.Id);
        }
    }

    // Until it is sent; false where the server refuses it, or time is up.
    private async Task<bool> DeliverAsync(Report report)
    {
        if (report.Starts) known.Remove(report.Id);
        for (var wait = options.FirstRetry; ; wait = wait * 2 < LongestRetry ? wait * 2 : LongestRetry)
        {
            try
            {
                await SendAsync(report, giveUp.Token);
                return true;
            }
            catch (MlflowException e) when (e.Passing)
            {
                WarnOnce("mlflow-failing", $"MLflow: {e.Message}. What is to be logged is kept and sent again; the runs go on.");
            }
            catch (MlflowException e)
            {
                WarnOnce("mlflow-refused", $"MLflow: {e.Message}. What it refused is not logged there; the runs go on, and their records are not affected.");
                return false;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
            try
            {
                await Task.Delay(wait, giveUp.Token);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    private async Task SendAsync(Report report, CancellationToken cancellation)
    {
        if (!known.TryGetValue(report.Id, out var server)) known[report.Id] = server = await FindOrCreateAsync(report, cancellation);
        var epochs = report.Epochs.Where(e => !server.Steps.Contains(e.Epoch)).ToList();
        List<MlflowMetric> metrics = [.. Metrics(epochs, report.Time)];
        if (report.Record is { } record)
        {
            var (time, last) = (report.Time.ToUnixTimeMilliseconds(), record.StoppedAt ?? 0);
            metrics.AddRange(RunNames.Kept(record).Select(k => new MlflowMetric(k.Name, k.Value, time, last + 1)));
            metrics.AddRange(RunNames.Outcome(record).Select(k => new MlflowMetric(k.Name, k.Value, time, last)));
        }
        await client.LogAsync(server.Run, metrics, report.Starts ? [.. RunNames.Parameters(report.Run).Select(p => new MlflowPair(p.Name, Convert.ToString(p.Value, CultureInfo.InvariantCulture)!))] : [], cancellation);
        server.Steps.UnionWith(epochs.Select(e => (long)e.Epoch));
        if (report.Status is not { } status) return;
        await client.UpdateRunAsync(server.Run, status, report.Time, cancellation);
        known.Remove(report.Id);
    }

    private async Task<(string Run, HashSet<long> Steps)> FindOrCreateAsync(Report report, CancellationToken cancellation)
    {
        // One that is over stays as it is: a run computed anew is a new one.
        var found = (await client.FindRunsAsync(experiment, RunTag, report.Id, cancellation)).FirstOrDefault(r => r.Info.Status is "RUNNING" or "SCHEDULED" or "KILLED");
        if (found is null)
        {
            var name = $"{report.Run.Target.Name}/{report.Run.Source.Id}/{RunNames.Short(report.Run)}";
            return (await client.CreateRunAsync(experiment, name, report.Time, [new(RunTag, report.Id), new("mlflow.source.name", "zoorank")], cancellation), []);
        }
        if (found.Info.Status != "RUNNING") await client.UpdateRunAsync(found.Info.RunId, "RUNNING", null, cancellation);
        // Every epoch has a learning rate, so its steps are the epochs that are there.
        return (found.Info.RunId, await client.StepsAsync(found.Info.RunId, "learning_rate", cancellation));
    }

    private static IEnumerable<MlflowMetric> Metrics(List<EpochRecord> epochs, DateTimeOffset last)
    {
        var left = epochs.Sum(e => e.Seconds);
        foreach (var epoch in epochs)
        {
            var time = last.AddSeconds(-(left -= epoch.Seconds)).ToUnixTimeMilliseconds();
            foreach (var (name, value) in RunNames.Metrics(epoch)) yield return new(name, value, time, epoch.Epoch);
        }
    }

    private void WarnOnce(string code, string message)
    {
        if (warned.Add(code)) options.Warn?.Invoke(new(code, message, client.Address));
    }

    // Something to send about a run.
    private sealed record Report(string Id)
    {
        public required RunConfiguration Run { get; init; }
        public required DateTimeOffset Time { get; init; }
        public IReadOnlyList<EpochRecord> Epochs { get; init; } = [];
        public bool Starts { get; init; }
        public RunRecord? Record { get; init; }
        public string? Status { get; init; }

        public bool Mergeable => !Starts && Status is null;
    }
}
