namespace ZooRank.Files;

/// <summary>
/// Writes a file so that a reader, a crash, or a full disk never meets half of it: under a temporary name in the same folder, flushed, then moved into place.
/// </summary>
public static class AtomicFile
{
    /// <summary>Lets <paramref name="write"/> fill the file; an existing file is replaced only after all of it was written.</summary>
    /// <exception cref="InvalidInputException">The place cannot be written (no space, no permission): one line that says so.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(folder);
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: could not be written ({FirstLine(e.Message)}). {(e is UnauthorizedAccessException ? "Change its permissions, or choose another place" : "Free space, or choose another place")}; nothing was changed.", e);
        }
        finally
        {
            // Left only where writing failed; a failure to tidy must not hide the first one.
            try { File.Delete(temporary); } catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
        }
    }

    /// <summary>Finds out, before long work, whether a file could be written.</summary>
    /// <exception cref="InvalidInputException">It could not.</exception>
    public static void CheckWritable(string path)
    {
        for (var folder = Path.GetDirectoryName(Path.GetFullPath(path)); folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder))
            if (File.Exists(folder)) throw new InvalidInputException($"{folder}: a file, where a folder is needed for {Path.GetFileName(path)}. Give another place.");
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path)) throw new InvalidInputException($"{path}: a folder. Give the name of a file in it.");
        var trial = $"{path}.{Guid.NewGuid():N}.tmp";
        Write(trial, _ => { });
        File.Delete(trial);
    }

    public static void WriteText(string path, string text) => Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write(text);
    });

    private static string FirstLine(string message) => message.Split('\n')[0].TrimEnd('.', '\r', ' ');
}
