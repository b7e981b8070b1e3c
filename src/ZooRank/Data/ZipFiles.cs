using System.IO.Compression;

namespace ZooRank.Data;

/// <summary>Zip archives of unknown origin: opened and read with every way in which they can be broken told in one line.</summary>
internal static class ZipFiles
{
    // Deflate cannot do better than 1032 to 1; an entry that claims more lies about its size.
    private const long LargestRatio = 1032;

    public static ZipArchive Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            var fileLength = stream.Length;
            if (fileLength == 0) throw new InvalidInputException($"{path}: the file is empty. Copy or download it again.");
            var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            foreach (var entry in archive.Entries)
            {
                if (entry.Length < 0 || entry.CompressedLength < 0 || entry.CompressedLength > fileLength || entry.Length / LargestRatio > entry.CompressedLength + 1)
                    throw new InvalidInputException($"{path}: entry '{Printable(entry.FullName)}' declares a size that the file cannot hold: it is damaged.");
            }
            return archive;
        }
        catch (Exception e)
        {
            stream?.Dispose();
            if (e is InvalidInputException) throw;
            if (IsBroken(e)) throw Damaged(path, e);
            if (e is UnauthorizedAccessException) throw new InvalidInputException($"{path}: may not be read. Check its permissions.", e);
            throw;
        }
    }

    /// <summary>Runs a read and turns what a damaged archive throws into one line.</summary>
    public static T Read<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Damaged(path, e);
        }
    }

    public static string Printable(string name) => new([.. name.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);

    // What System.IO.Compression was seen to throw on damaged archives.
    private static bool IsBroken(Exception e) =>
        e is InvalidDataException or IOException or ArgumentException or NotSupportedException or OverflowException or IndexOutOfRangeException;

    private static InvalidInputException Damaged(string path, Exception e) => new(
        $"{path}: not a whole zip archive ({e.Message.Split('\n')[0].TrimEnd('.', '\r')}). It is damaged or was not copied to its end: copy or download it again.", e);
}
