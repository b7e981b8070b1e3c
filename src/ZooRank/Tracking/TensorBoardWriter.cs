using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Tensorboard;
using ZooRank.Files;
using ZooRank.Runs;

namespace ZooRank.Tracking;

/// <summary>
/// Writes runs as TensorBoard reads them: a folder for each run ("target/source/lr0.01_…-id"), a scalar for each number of an epoch, and the hyperparameters for its
/// HParams page. A run that is continued gets a further file, which takes back what the interrupted one wrote beyond its checkpoint.
/// </summary>
/// <remarks>TensorBoard's formats: tensorflow/core/util/event.proto; tensorboard/plugins/hparams/plugin_data.proto, whose few fields are written here by hand.</remarks>
public sealed class TensorBoardWriter : IRunObserver, IDisposable
{
    private const int Success = 1, Failure = 2;   // hparams.Status

    private readonly string folder;
    private readonly Action<Caveat>? warn;
    private readonly TimeProvider clock;
    private readonly Dictionary<string, EventFile> open = [];
    private bool failed;

    /// <param name="folder">What <c>tensorboard --logdir</c> is given; it is made, and found out to be writable.</param>
    /// <param name="warn">Told once, where writing fails later on (a full disk): the runs go on, and nothing more is written.</param>
    /// <param name="clock">For the time of each event.</param>
    /// <exception cref="InvalidInputException">The folder cannot be written.</exception>
    public TensorBoardWriter(string folder, Action<Caveat>? warn = null, TimeProvider? clock = null)
    {
        (this.folder, this.warn, this.clock) = (folder, warn, clock ?? TimeProvider.System);
        AtomicFile.CheckWritable(Path.Combine(folder, "zoorank"));
    }

    public void Started(RunConfiguration run, IReadOnlyList<EpochRecord> behind) => Try(() =>
    {
        Close(run.Id);
        var now = clock.GetUtcNow();
        var (file, continues) = EventFile.Create(Path.Combine(folder, RunNames.Path(run)), now);
        open[run.Id] = file;
        // A board drops what it has of this step and later ones when it meets the start of a session.
        if (continues) file.Write(new Event { Step = behind.Count, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } }, now);
        file.Write(Hyperparameters("_hparams_/session_start_info", SessionStart(run, now)), now);
        if (continues) return;
        var left = behind.Sum(e => e.Seconds);
        foreach (var epoch in behind) file.Write(Scalars(epoch.Epoch, RunNames.Metrics(epoch)), now.AddSeconds(-(left -= epoch.Seconds)));
    });

    public void EpochDone(RunConfiguration run, EpochRecord epoch) => Try(() => open[run.Id].Write(Scalars(epoch.Epoch, RunNames.Metrics(epoch)), clock.GetUtcNow()));

    public void Finished(RunRecord record) => Try(() =>
    {
        var (file, now) = (open[record.Id], clock.GetUtcNow());
        // At the last step: a board takes steps that go back for a restart. The kept weights' numbers have names of their own, beside the curve.
        file.Write(Scalars(record.StoppedAt ?? 0, [.. RunNames.Kept(record).Select(k => ("best_" + k.Name, k.Value)), .. RunNames.Outcome(record)]), now);
        file.Write(Hyperparameters("_hparams_/session_end_info", SessionEnd(record.Status == RunStatus.Finished ? Success : Failure, now)), now);
        Close(record.Id);
    });

    public void Interrupted(RunConfiguration run) => Try(() => Close(run.Id));

    public void Dispose()
    {
        foreach (var id in open.Keys.ToList()) Close(id);
    }

    private void Close(string id)
    {
        if (open.Remove(id, out var file)) file.Dispose();
    }

    private void Try(Action write)
    {
        if (failed) return;
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failed = true;
            warn?.Invoke(new("tensorboard-failed", $"TensorBoard's files could not be written any more ({e.Message.Split('\n')[0].TrimEnd('.', '\r', ' ')}); the runs go on, and their records are not affected.", folder));
        }
    }

    private static Event Scalars(long step, IEnumerable<(string Name, double Value)> values)
    {
        var summary = new Summary();
        summary.Value.AddRange(values.Select(v => new Summary.Types.Value { Tag = v.Name, SimpleValue = (float)v.Value }));
        return new Event { Step = step, Summary = summary };
    }

    private static Event Hyperparameters(string tag, ByteString content) => new()
    {
        Summary = new Summary
        {
            Value = { new Summary.Types.Value { Tag = tag, Metadata = new SummaryMetadata { PluginData = new SummaryMetadata.Types.PluginData { PluginName = "hparams", Content = content } } } },
        },
    };

    // HParamsPluginData { session_start_info = 3: SessionStartInfo { map<string, google.protobuf.Value> hparams = 1; double start_time_secs = 5; } }.
    private static ByteString SessionStart(RunConfiguration run, DateTimeOffset now)
    {
        // A Struct is a message of exactly that map in field 1.
        var parameters = new Struct();
        foreach (var (name, value) in RunNames.Parameters(run)) parameters.Fields[name] = value is double number ? Value.ForNumber(number) : Value.ForString((string)value);
        return Message(3, info =>
        {
            parameters.WriteTo(info);
            info.WriteTag(5, WireFormat.WireType.Fixed64);
            info.WriteDouble(now.ToUnixTimeMilliseconds() / 1000.0);
        });
    }

    // HParamsPluginData { session_end_info = 4: SessionEndInfo { Status status = 1; double end_time_secs = 2; } }.
    private static ByteString SessionEnd(int status, DateTimeOffset now) => Message(4, info =>
    {
        info.WriteTag(1, WireFormat.WireType.Varint);
        info.WriteEnum(status);
        info.WriteTag(2, WireFormat.WireType.Fixed64);
        info.WriteDouble(now.ToUnixTimeMilliseconds() / 1000.0);
    });

    private static ByteString Message(int field, Action<CodedOutputStream> write) => Written(outer =>
    {
        outer.WriteTag(field, WireFormat.WireType.LengthDelimited);
        outer.WriteBytes(Written(write));
    });

    private static ByteString Written(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true)) write(output);
        return ByteString.CopyFrom(bytes.ToArray());
    }
}
