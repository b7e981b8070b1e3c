using System.Globalization;
using System.Text.Json;

namespace ZooRank.Runs;

/// <summary>Another process computes this run now: this one was silent for so long that it was taken for dead.</summary>
public sealed class RunLostException(string id) : Exception($"Run {id} was taken over by another process, which goes on from the last checkpoint: this one was not heard of for minutes.")
{
    public string Id { get; } = id;
}

/// <summary>
/// The exclusive right to compute one run. Disposing gives it back; what is in <see cref="Folder"/> stays for whoever goes on, unless the run was completed.
/// </summary>
/// <remarks>
/// The first to claim a run creates <c>work/ID.1.claim</c>, which only one can, and while it computes touches it every half minute. When that claim is over, given back or its holder dead,
/// the next creates <c>work/ID.2.claim</c>, and so on. No claim is removed or replaced while the run is unfinished, so nobody acts on one that was meanwhile another's, and two can never hold
/// the same. Each has its own folder, <c>work/ID.N/</c>; the successor moves its predecessor's to its own name: one who was suspended, and wakes to find itself succeeded, writes where nobody reads.
/// </remarks>
public sealed class RunClaim : IDisposable
{
    private const string Extension = ".claim";
    private const int FileLength = 1024;

    private readonly Lock gate = new();
    private readonly string work;
    private readonly int number;
    private readonly Timer heartbeat;
    private ClaimFile content;
    private bool over;

    private RunClaim(string work, string id, int number, ClaimFile content, ClaimTimes times)
    {
        (this.work, this.number, this.content, Id, Folder) = (work, number, content, id, FolderOf(work, id, number));
        heartbeat = new Timer(_ => Touch(), null, times.Heartbeat, times.Heartbeat);
    }

    public string Id { get; }

    /// <summary>Where the run keeps what it needs to be continued.</summary>
    public string Folder { get; }

    /// <summary>The checkpoint of the run in progress; it may not exist.</summary>
    public string CheckpointPath => Path.Combine(Folder, "checkpoint.safetensors");

    /// <summary>Whether another has the run now.</summary>
    public bool Lost { get; private set; }

    /// <summary>How many epochs are behind the run, for those who look on. Written with the next heartbeat.</summary>
    public int? Epochs
    {
        get => content.Epochs;
        set
        {
            lock (gate) content = content with { Epochs = value };
        }
    }

    /// <summary>Before a checkpoint or a record is written: is the run still ours?</summary>
    /// <exception cref="RunLostException">It is not. What was computed since the last checkpoint is computed by the other again; stop.</exception>
    public void ThrowIfLost()
    {
        Touch();
        if (Lost) throw new RunLostException(Id);
    }

    /// <summary>Throws away the checkpoint: the run is finished and its record written.</summary>
    public void Complete() => End(ClaimState.Finished);

    public void Dispose() => End(ClaimState.Released);

    internal static RunClaim? TryTake(RunStore store, string work, string id, RunConfiguration? run, ClaimTimes times)
    {
        if (store.Has(id)) return null;
        var clock = new ServerClock(work);
        var content = new ClaimFile { State = ClaimState.Held, Holder = ProcessIdentity.Own, Since = DateTimeOffset.UtcNow, Target = run?.Target.Name, Source = run?.Source.Id };
        for (var number = 1; ; number++)
        {
            if (Create(PathOf(work, id, number), content))
            {
                var claim = new RunClaim(work, id, number, content, times);
                // Its last holder may have died between writing the record and saying so.
                if (store.Has(id))
                {
                    claim.Complete();
                    return null;
                }
                claim.TakeFolder();
                return claim;
            }
            if (new ClaimOnDisk(work, id, number).Read() is not { } predecessor) number = 0;   // tidied up meanwhile: from the beginning
            else if (!IsOver(predecessor, clock, times)) return null;
        }
    }

    /// <summary>The latest claim of each run that has one.</summary>
    internal static IEnumerable<ClaimOnDisk> Latest(string work) => !Directory.Exists(work) ? [] :
        Directory.EnumerateFiles(work, "*" + Extension)
            .Select(path => Path.GetFileName(path)[..^Extension.Length].Split('.'))
            .Where(name => name.Length == 2 && int.TryParse(name[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            .GroupBy(name => name[0])
            .Select(claims => new ClaimOnDisk(work, claims.Key, claims.Max(name => int.Parse(name[1], CultureInfo.InvariantCulture))))
            .ToList();

    // A finished one is not over while another machine may still believe that the record is not there; if after that there is none, someone deleted it to have the run computed again.
    private static bool IsOver((ClaimFile? Content, DateTime Touched) claim, ServerClock clock, ClaimTimes times) => claim.Content switch
    {
        { State: ClaimState.Released } => true,
        { State: ClaimState.Finished } => clock.AgeOf(claim.Touched) > times.Settled,
        { Holder.Lives: { } lives } => !lives,
        _ => clock.AgeOf(claim.Touched) > times.Stale,
    };

    private static bool Create(string path, ClaimFile content)
    {
        var bytes = Bytes(content, FileLength);
        try
        {
            // One that dies between these two lines leaves a claim that says nothing, and is taken over when it is stale.
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            file.Write(bytes);
            return true;
        }
        catch (IOException e) when (e.HResult is 17 or unchecked((int)0x80070050) or unchecked((int)0x800700B7))
        {
            return false;   // EEXIST, ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS; anything else, as a full disk, is not somebody's claim
        }
    }

    // As long as the file is, so that it can be written again in place: who reads meanwhile finds one or the other, or something that is not JSON and says nothing.
    private static byte[] Bytes(ClaimFile content, long length)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(content, RunsJson.Default.ClaimFile);
        return [.. json, .. Enumerable.Repeat((byte)' ', (int)Math.Max(0, length - json.Length - 1)), (byte)'\n'];
    }

    // Moves what the latest predecessor left to this claim's name, and makes the folder where there is nothing. Half-written files of whoever died there go.
    private void TakeFolder()
    {
        for (var earlier = number - 1; earlier > 0 && !Directory.Exists(Folder); earlier--)
        {
            var left = FolderOf(work, Id, earlier);
            if (Directory.Exists(left)) Directory.Move(left, Folder);
        }
        Directory.CreateDirectory(Folder);
        foreach (var file in Directory.EnumerateFiles(Folder, ".*.tmp").ToList()) File.Delete(file);
    }

    private void Touch()
    {
        lock (gate)
        {
            if (over || Lost) return;
            try
            {
                Lost = Succeeded() || !TryWrite();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The disk is full, or the server does not answer: the next heartbeat tries again.
            }
        }
    }

    private bool Succeeded() => File.Exists(PathOf(work, Id, number + 1));

    // False where the file is no longer there.
    private bool TryWrite()
    {
        try
        {
            using var file = new FileStream(PathOf(work, Id, number), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            file.Write(Bytes(content, file.Length));
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private void End(ClaimState state)
    {
        lock (gate)
        {
            if (over) return;
            over = true;
            heartbeat.Dispose();
            content = content with { State = state };
            try
            {
                Lost = Lost || Succeeded() || !TryWrite();
                if (!Lost && state == ClaimState.Finished && Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A claim that could not be given back is taken over when this process is seen to be dead; a folder that could not be removed is tidied up later.
            }
        }
    }

    private static string PathOf(string work, string id, int number) => FolderOf(work, id, number) + Extension;

    private static string FolderOf(string work, string id, int number) => Path.Combine(work, string.Create(CultureInfo.InvariantCulture, $"{id}.{number}"));

    /// <summary>A claim as others see it.</summary>
    internal sealed record ClaimOnDisk(string Work, string Id, int Number)
    {
        /// <summary>What it says, null where that cannot be read as its holder is just writing it or died while doing so, and when it was touched; null where it is not there.</summary>
        public (ClaimFile? Content, DateTime Touched)? Read()
        {
            try
            {
                // Opened, and the time taken from what was opened: a network file system's client then asks the server.
                using var file = new FileStream(PathOf(Work, Id, Number), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                var bytes = new byte[file.Length];
                file.ReadExactly(bytes);
                return (Parse(bytes), File.GetLastWriteTimeUtc(file.SafeFileHandle));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
        }

        public UnfinishedRun? Look(ServerClock clock, ClaimTimes times) => Read() is not { } claim ? null : new(
            Id, !IsOver(claim, clock, times), claim.Content?.Holder.Host, claim.Content?.Holder.Pid, claim.Content?.Since, clock.AgeOf(claim.Touched),
            claim.Content?.Epochs, claim.Content?.Target, claim.Content?.Source);

        /// <summary>Of a finished run: removes its claims and folders, if nobody can still need them.</summary>
        public void RemoveIfSettled(ServerClock clock, ClaimTimes times)
        {
            if (Read() is not { } claim || !IsOver(claim, clock, times) || clock.AgeOf(claim.Touched) < times.Settled) return;
            // From the last to the first: a run whose tidying was itself interrupted still has a latest claim.
            for (var number = Number; number > 0; number--)
            {
                if (Directory.Exists(FolderOf(Work, Id, number))) Directory.Delete(FolderOf(Work, Id, number), recursive: true);
                File.Delete(PathOf(Work, Id, number));
            }
        }

        private static ClaimFile? Parse(byte[] bytes)
        {
            try
            {
                return JsonSerializer.Deserialize(bytes, RunsJson.Default.ClaimFile);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
