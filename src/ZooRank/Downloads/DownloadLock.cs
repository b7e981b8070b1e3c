namespace ZooRank.Downloads;

/// <summary>
/// Lets one process at a time fetch a file. The operating system frees the lock when its holder dies, so none is ever stale. File systems without locks
/// grant it to all: two processes may then spoil each other's partial file, which the hash finds before anything is put into place.
/// </summary>
internal sealed class DownloadLock : IDisposable
{
    private readonly FileStream stream;
    private bool done;

    private DownloadLock(FileStream stream) => this.stream = stream;

    public static async Task<DownloadLock> TakeAsync(Download download, DownloadOptions options)
    {
        while (true)
        {
            try
            {
                return new DownloadLock(new FileStream(download.Destination + ".part.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
            }
            catch (IOException e) when (IsHeldByAnother(e))
            {
                var part = new FileInfo(download.Destination + ".part");
                if (part.Exists) options.Progress?.Report(new DownloadProgress(part.Length, download.ExpectedBytes));
                await options.Wait(TimeSpan.FromMilliseconds(500), options.Cancellation);
            }
        }
    }

    /// <summary>
    /// Allows the lock file to be removed. Not before: a process that waits may already have opened it, and would then hold a lock that a later one,
    /// making the file anew, cannot see. With the right file in place neither does anything.
    /// </summary>
    public void FileIsInPlace() => done = true;

    public void Dispose()
    {
        if (done && !OperatingSystem.IsWindows()) TryDelete();
        stream.Dispose();
        if (done && OperatingSystem.IsWindows()) TryDelete();   // an open file cannot be deleted there
    }

    // EWOULDBLOCK (11 on Linux, 35 on macOS); ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION (Windows).
    private static bool IsHeldByAnother(IOException e) => OperatingSystem.IsWindows()
        ? e.HResult is unchecked((int)0x80070020) or unchecked((int)0x80070021)
        : e.HResult == (OperatingSystem.IsMacOS() ? 35 : 11);

    private void TryDelete()
    {
        try { File.Delete(stream.Name); } catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
    }
}
