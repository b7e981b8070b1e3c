using System.IO.Compression;
using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>A zip archive of a folder of classes (<see cref="FolderDataset"/>), read without unpacking it.</summary>
public sealed class ZipDataset : FileDataset
{
    private readonly Lock gate = new();   // one position in the file for all entries
    private readonly ZipArchive archive;
    private readonly Dictionary<string, ZipArchiveEntry> entries;

    private ZipDataset(ZipArchive archive, Dictionary<string, ZipArchiveEntry> entries, IReadOnlyList<ImageFile> files, IReadOnlyList<string> classNames) : base(files, classNames) =>
        (this.archive, this.entries) = (archive, entries);

    protected override string Format => "zip of a folder of classes";

    /// <summary>Lists the images and looks at the first bytes of each.</summary>
    /// <exception cref="InvalidInputException">A damaged archive, no images, no class folders, one class.</exception>
    public static ZipDataset Open(string path)
    {
        var archive = ZipFiles.Open(path);
        try
        {
            var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
            foreach (var entry in archive.Entries.Where(e => !e.FullName.EndsWith('/') && !e.FullName.EndsWith('\\'))) entries[entry.FullName.Replace('\\', '/')] = entry;
            var found = ClassFolders.Read(path, [.. entries.Keys], name => ReadStart(path, entries[name]));
            return new ZipDataset(archive, entries, found.Files, found.ClassNames)
            {
                Name = System.IO.Path.GetFileNameWithoutExtension(path),
                Path = path,
                Kind = KindOf(found.ClassNames.Count),
                ClassNames = found.ClassNames,
                Caveats = [.. found.Caveats, .. ClassesWithoutTraining(FolderDataset.LabelsOfTrain(found.Files, found.ClassNames), found.ClassNames)],
            };
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    protected override byte[] ReadBytes(string name)
    {
        var entry = entries[name];
        if (entry.Length > 1L << 30) throw ImageDecoder.TooLong(FullName(name), entry.Length);
        return ZipFiles.Read(Path, () =>
        {
            lock (gate)
            {
                using var stream = entry.Open();
                var bytes = new byte[entry.Length];   // no more than deflate can hold: ZipFiles.Open has compared
                if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length || Crc32.Append(0, bytes) != entry.Crc32)
                    throw new InvalidInputException($"{FullName(name)}: not an image that can be read (damaged in the archive). Copy or download the archive again.");
                return bytes;
            }
        });
    }

    protected override long FileLength(string name) => entries[name].Length;

    protected override string FullName(string name) => $"{Path}: {ZipFiles.Printable(name)}";

    protected override void Dispose(bool disposing)
    {
        if (disposing) archive.Dispose();
        base.Dispose(disposing);
    }

    private static byte[] ReadStart(string path, ZipArchiveEntry entry)
    {
        try
        {
            return ZipFiles.Read(path, () =>
            {
                using var stream = entry.Open();
                var start = new byte[FileKind.PrefixLength];
                return start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            });
        }
        catch (InvalidInputException)
        {
            return [];   // one damaged entry is left out with a caveat, as a damaged file would be
        }
    }
}
