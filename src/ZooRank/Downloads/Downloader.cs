namespace ZooRank.Downloads;

/// <summary>
/// Fetches files over HTTP so that an unsteady network, a killed job, or a second process costs time at most: what has arrived is kept and continued,
/// the whole is checked, and only then does the file appear under its name.
/// </summary>
public static class Downloader
{
    /// <summary>Returns when the right file is at the destination.</summary>
    /// <exception cref="InvalidInputException">It cannot be had: one line that says why and what to do.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what has arrived is kept.</exception>
    public static DownloadOutcome Fetch(Download download, DownloadOptions? options = null) =>
        // On the thread pool, so that a caller with a synchronisation context of its own (a notebook, a window) cannot deadlock.
        Task.Run(() => FetchAsync(download, options ?? new DownloadOptions())).GetAwaiter().GetResult();

    private static async Task<DownloadOutcome> FetchAsync(Download download, DownloadOptions options)
    {
        download = download with { Destination = Path.GetFullPath(download.Destination) };
        try
        {
            var fault = await FaultAsync(download, options.Cancellation);
            if (fault is null) return DownloadOutcome.AlreadyThere;
            if (options.Offline) throw Offline(download, fault);
            if (!Uri.TryCreate(download.Url, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
                throw new InvalidInputException($"{download.Url}: not an http or https address.");

            Directory.CreateDirectory(Path.GetDirectoryName(download.Destination)!);
            using var alone = await DownloadLock.TakeAsync(download, options);
            // Another process may have finished while this one waited.
            if (await FaultAsync(download, options.Cancellation) is not null)
            {
                await new Transfer(download, options).RunAsync();
                alone.FileIsInPlace();
                return DownloadOutcome.Fetched;
            }
            alone.FileIsInPlace();
            return DownloadOutcome.AlreadyThere;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(download.Destination, e);
        }
    }

    /// <summary>Why the file at the destination will not do; null where it will.</summary>
    private static async Task<string?> FaultAsync(Download download, CancellationToken cancellation)
    {
        var file = new FileInfo(download.Destination);
        if (!file.Exists) return $"is not in {file.DirectoryName}";
        if (download.ExpectedBytes is { } expected && file.Length != expected) return $"in {file.DirectoryName} has {Bytes(file.Length)} in place of {Bytes(expected)}";
        if (download.Hash is not { } hash) return null;
        var got = await hash.ComputeAsync(download.Destination, cancellation);
        return hash.Matches(got) ? null : $"in {file.DirectoryName} has {hash.Label} {got} in place of {hash.Hex}";
    }

    private static InvalidInputException Offline(Download download, string fault) => new(
        $"--offline: {Path.GetFileName(download.Destination)} {fault} and may not be fetched; fetch it on a connected machine from {download.Url} and put it there.");

    private static InvalidInputException CannotWrite(string path, Exception e)
    {
        // ENOSPC, EDQUOT (Linux, macOS); ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL (Windows).
        var full = e.HResult is 28 or 122 or 69 or unchecked((int)0x80070070) or unchecked((int)0x80070027);
        var why = full ? "no space is left, or the quota is used up" : e.Message.Split('\n')[0].TrimEnd('.', '\r', ' ');
        return new InvalidInputException($"{path}: could not be written ({why}). Make room or choose another folder; what has arrived is kept and continued by the next run.", e);
    }

    internal static string Bytes(long count) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count:N0} bytes");
}
