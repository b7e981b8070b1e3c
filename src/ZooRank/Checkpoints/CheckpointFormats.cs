using Microsoft.Win32.SafeHandles;

namespace ZooRank.Checkpoints;

/// <summary>Opens files of weights: those that torch.save wrote (today's zip and the older format), TorchScript, safetensors.</summary>
internal static class CheckpointFormats
{
    private const int HeadLength = 4096;

    /// <summary>Opens a file by its content; its name says nothing. Only the table of contents is read, and no code of the file is run.</summary>
    /// <exception cref="InvalidInputException">It is no readable checkpoint: one line says what it is instead and what to do.</exception>
    public static Checkpoint Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Guard(path, () =>
        {
            if (Directory.Exists(path)) throw new UnreadableCheckpointException($"is a folder. {ForeignFormats.AdviceForFolder(path)}");
            var file = OpenFile(path);
            try
            {
                return new StoredCheckpoint(file, Read(new FileBytes(file, 0, RandomAccess.GetLength(file)))) { Path = path };
            }
            catch
            {
                file.Dispose();
                throw;
            }
        });
    }

    private static StoredCheckpoint.Contents Read(FileBytes file)
    {
        var head = file.ReadUpTo(0, HeadLength);
        if (SafetensorsReader.Recognises(head)) return SafetensorsReader.Read(file);
        if (TorchZip.Recognises(head)) return TorchZip.Read(file);
        if (ForeignFormats.Describe(head, file) is { } foreign) throw new UnreadableCheckpointException(foreign);
        if (TorchLegacy.Recognises(head)) return TorchLegacy.Read(file);
        throw new UnreadableCheckpointException(ForeignFormats.Unknown(head));
    }

    private static SafeFileHandle OpenFile(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or ArgumentException)
        {
            throw new UnreadableCheckpointException("no such file. Check the path.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new UnreadableCheckpointException("may not be read by this user. Change its permissions or copy it.");
        }
    }

    /// <summary>Runs a step of reading; what is wrong with the file comes out as the user's error, with the path in front.</summary>
    internal static T Guard<T>(string path, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (UnreadableCheckpointException e)
        {
            throw new InvalidInputException($"{path}: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new InvalidInputException($"{path}: could not be read ({e.Message.Split('\n')[0].TrimEnd('.', '\r', ' ')}). Check the disk, or "
                + "copy the file elsewhere.", e);
        }
    }
}
