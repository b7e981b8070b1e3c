using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace ZooRank.Downloads;

/// <summary>
/// Brings one file over HTTP into <c>NAME.part</c>, over as many connections as it takes, and moves it into place once it is whole and right.
/// <c>NAME.part.from</c> notes the address and the server's validator (ETag or date), so that a later run continues the same content or starts anew.
/// </summary>
internal sealed class Transfer(Download download, DownloadOptions options)
{
    // One client, as its documentation asks. Proxies come from the environment (https_proxy, no_proxy, …) by HttpClient's own default.
    private static readonly HttpClient Client = MakeClient();

    private readonly string part = download.Destination + ".part";
    private readonly string notes = download.Destination + ".part.from";
    private bool holdsEarlierBytes;   // the partial file has bytes that the present response did not bring: if the hash is wrong, they may be why
    private bool mayStartAnew = true;

    private string FileName => Path.GetFileName(download.Destination);

    public async Task RunAsync()
    {
        var failures = 0;
        var furthest = PartLength;
        while (true)
        {
            try
            {
                if (await AttemptAsync() && await IsRightAsync())
                {
                    File.Move(part, download.Destination, overwrite: true);
                    File.Delete(notes);
                    return;
                }
            }
            catch (TransientFailure failure)
            {
                (furthest, failures) = PartLength > furthest ? (PartLength, 0) : (furthest, failures + 1);
                if (failures > options.Retries)
                {
                    throw new InvalidInputException($"{download.Url}: {failure.Message} ({failures} attempts in a row). "
                        + (PartLength > 0 ? $"The first {Downloader.Bytes(PartLength)} are kept: run the command again to go on from there." : Elsewhere));
                }
                if (failure.RetryAfter > options.LongestWait)
                {
                    throw new InvalidInputException($"{download.Url}: {failure.Message} and asks to come back in "
                        + string.Create(CultureInfo.InvariantCulture, $"{failure.RetryAfter.Value.TotalSeconds:0} seconds. Run the command again then."));
                }
                await options.Wait(failure.RetryAfter ?? TimeSpan.FromSeconds(Math.Min(30, 1 << Math.Clamp(failures - 1, 0, 5))), options.Cancellation);
            }
        }
    }

    private long PartLength => new FileInfo(part) is { Exists: true } file ? file.Length : 0;

    private string Elsewhere => $"Fetch it on a machine that can, and put it at {download.Destination}.";

    /// <summary>One request and its answer. False: what was there cannot be continued and is gone; ask again from the start.</summary>
    private async Task<bool> AttemptAsync()
    {
        var have = PartLength;
        var validator = ReadValidator();
        // Without a validator, only a hash can tell afterwards whether both halves are of one file.
        if (have > 0 && validator is null && download.Hash is null) have = 0;

        using var stall = CancellationTokenSource.CreateLinkedTokenSource(options.Cancellation);
        stall.CancelAfter(options.StallTimeout);
        using var response = await SendAsync(have, validator, stall.Token);
        if (have > 0 && response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            // Perhaps all of it had arrived before the last run ended.
            holdsEarlierBytes = true;
            return (response.Content.Headers.ContentRange?.Length is not { } length || length == have) && download.Hash is not null || StartAnew();
        }
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            if (have == 0) throw new InvalidInputException($"{download.Url}: the server sent a part of {FileName} where all of it was asked for. Try another address with --from.");
            if (!Continues(response, have, validator)) return StartAnew();
        }
        else if (response.StatusCode == HttpStatusCode.OK)
        {
            have = 0;
        }
        else
        {
            throw Refusal(response);
        }

        var total = have > 0 ? response.Content.Headers.ContentRange!.Length : response.Content.Headers.ContentLength;
        if (download.ExpectedBytes is { } expected && total is { } stated && stated != expected)
            throw new InvalidInputException($"{download.Url}: the server's file has {Downloader.Bytes(stated)}, expected are {Downloader.Bytes(expected)}. It is another file: check the address.");
        total ??= download.ExpectedBytes;
        if (total is { } all) RequireSpace(all - have);
        holdsEarlierBytes = have > 0;
        WriteNotes(response);
        await ReceiveAsync(response, have, total, stall);
        return true;
    }

    private async Task<HttpResponseMessage> SendAsync(long have, string? validator, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, download.Url);
        if (have > 0)
        {
            request.Headers.Range = new RangeHeaderValue(have, null);
            if (validator is not null) request.Headers.TryAddWithoutValidation("If-Range", validator);
        }
        try
        {
            return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (OperationCanceledException) when (!options.Cancellation.IsCancellationRequested)
        {
            throw Stalled();
        }
        catch (HttpRequestException e)
        {
            var host = new Uri(download.Url).Host;
            throw e.HttpRequestError switch
            {
                HttpRequestError.NameResolutionError => new InvalidInputException(
                    $"{download.Url}: the name {host} was not found (DNS). If this machine is behind a proxy, set https_proxy; if it has no network: {Elsewhere}", e),
                HttpRequestError.SecureConnectionError => new InvalidInputException(
                    $"{download.Url}: no secure connection to {host} ({Cause(e)}). Check the machine's clock and certificates, or: {Elsewhere}", e),
                HttpRequestError.ProxyTunnelError => new InvalidInputException($"{download.Url}: the proxy refused ({Cause(e)}). Check https_proxy and no_proxy.", e),
                _ => new TransientFailure($"no connection to {host} ({Cause(e)})", e),
            };
        }
    }

    private async Task ReceiveAsync(HttpResponseMessage response, long have, long? total, CancellationTokenSource stall)
    {
        await using var file = new FileStream(part, have > 0 ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var buffer = new byte[1 << 17];
        await using var body = await response.Content.ReadAsStreamAsync(stall.Token);
        options.Progress?.Report(new DownloadProgress(have, total));
        while (true)
        {
            int count;
            try
            {
                stall.CancelAfter(options.StallTimeout);
                count = await body.ReadAsync(buffer, stall.Token);
            }
            catch (OperationCanceledException) when (!options.Cancellation.IsCancellationRequested)
            {
                throw Stalled();
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                throw Dropped(have, total, e);
            }
            if (count == 0) break;
            await file.WriteAsync(buffer.AsMemory(0, count), options.Cancellation);
            have += count;
            options.Progress?.Report(new DownloadProgress(have, total));
        }
        if (have < total) throw Dropped(have, total, null);
        file.Flush(flushToDisk: true);
    }

    private async Task<bool> IsRightAsync()
    {
        var length = PartLength;
        string fault;
        if (download.ExpectedBytes is { } expected && length != expected)
        {
            fault = $"has {Downloader.Bytes(length)}, expected are {Downloader.Bytes(expected)}";
        }
        else
        {
            if (download.Hash is not { } hash) return true;
            var got = await hash.ComputeAsync(part, options.Cancellation);
            if (hash.Matches(got)) return true;
            fault = $"has {hash.Label} {got}, expected is {hash.Hex}{(hash.Algorithm == HashAlgorithmKind.Sha256Prefix ? "…" : "")}";
        }
        if (holdsEarlierBytes && mayStartAnew)
        {
            mayStartAnew = false;
            return StartAnew();
        }
        StartAnew();
        throw new InvalidInputException($"{download.Url}: what arrived {fault}; it was deleted. The address has another file, or something on the way (a proxy, a login page) changes it: "
            + "try again, or another address with --from.");
    }

    /// <summary>Whether a 206 holds what follows the bytes that are there, of the same content.</summary>
    private bool Continues(HttpResponseMessage response, long have, string? validator)
    {
        var range = response.Content.Headers.ContentRange;
        if (range?.From != have) return false;
        if (download.ExpectedBytes is { } expected && range.Length is { } length && length != expected) return false;
        // A server that ignores If-Range sends 206 for changed content too; its validator shows it.
        return validator is null || Validator(response) is not { } now || now == validator;
    }

    private bool StartAnew()
    {
        File.Delete(part);
        File.Delete(notes);
        return false;
    }

    private string? ReadValidator()
    {
        if (!File.Exists(notes)) return null;
        var lines = File.ReadAllLines(notes);
        return lines.Length == 2 && lines[0] == download.Url && lines[1].Length > 0 ? lines[1] : null;
    }

    private void WriteNotes(HttpResponseMessage response) => File.WriteAllText(notes, $"{download.Url}\n{Validator(response)}\n");

    // What If-Range accepts: a strong ETag, else the date.
    private static string? Validator(HttpResponseMessage response) =>
        response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : response.Content.Headers.LastModified?.ToString("R", CultureInfo.InvariantCulture);

    private void RequireSpace(long bytes)
    {
        long free;
        try
        {
            var folder = Path.GetDirectoryName(part)!;
            free = new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder)! : folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return;   // Windows knows no free space for network shares without a letter; writing will tell
        }
        if (bytes > free)
        {
            throw new InvalidInputException($"{download.Destination}: no space: {Downloader.Bytes(bytes)} are to come from {download.Url}, {Downloader.Bytes(free)} are free. "
                + "Make room or choose another folder.");
        }
    }

    private Exception Refusal(HttpResponseMessage response)
    {
        var status = $"the server answered {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd();
        switch (response.StatusCode)
        {
            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                return new InvalidInputException($"{download.Url}: there is no such file ({(int)response.StatusCode}). Check the address or give another with --from.");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.ProxyAuthenticationRequired:
                return new InvalidInputException($"{download.Url}: access was refused ({status}). Check the address and the proxy's settings, or: {Elsewhere}");
            case HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError:
                var asked = response.Headers.RetryAfter;
                var wait = asked?.Delta ?? (asked?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
                return new TransientFailure(status, retryAfter: wait < TimeSpan.Zero ? TimeSpan.Zero : wait);
            default:
                return new InvalidInputException($"{download.Url}: {status}. Check the address or give another with --from.");
        }
    }

    private TransientFailure Stalled() =>
        new(string.Create(CultureInfo.InvariantCulture, $"nothing arrived for {options.StallTimeout.TotalSeconds:0.#} seconds"));

    private static TransientFailure Dropped(long have, long? total, Exception? e) =>
        new($"the connection broke off after {Downloader.Bytes(have)}{(total is { } all ? $" of {Downloader.Bytes(all)}" : "")}", e);

    // The innermost message names the cause; those around it say that there was one.
    private static string Cause(Exception e) => e.GetBaseException().Message.Split('\n')[0].TrimEnd('.', '\r', ' ');

    private static HttpClient MakeClient()
    {
        var client = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(20), PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = Timeout.InfiniteTimeSpan,   // files are large; a stalled connection is noticed by StallTimeout
        };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("ZooRank", typeof(Transfer).Assembly.GetName().Version!.ToString(3)));
        return client;
    }

#pragma warning disable CA1064 // Private to this file's retries: it never leaves RunAsync.
    private sealed class TransientFailure(string message, Exception? cause = null, TimeSpan? retryAfter = null) : Exception(message, cause)
    {
        public TimeSpan? RetryAfter => retryAfter;
    }
#pragma warning restore CA1064
}
