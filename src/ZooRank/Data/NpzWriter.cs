using System.IO.Compression;
using ZooRank.Files;

namespace ZooRank.Data;

/// <summary>Writes archives that <c>numpy.load</c> reads. The same arrays give the same bytes, whenever they are written.</summary>
public static class NpzWriter
{
    // The earliest time that a zip file can hold: any constant would do.
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes the arrays under their keys, in the given order; the file appears whole or not at all.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="arrays">Keys without ".npy".</param>
    /// <param name="compress">Deflate, as <c>savez_compressed</c>; stored otherwise, as <c>savez</c>.</param>
    /// <exception cref="InvalidInputException">The place cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, NpyArray>> arrays, bool compress = true) => AtomicFile.Write(path, stream =>
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, array) in arrays)
        {
            if (name.Length == 0 || !names.Add(name)) throw new ArgumentException($"The key '{name}' is empty or given twice.", nameof(arrays));
            var entry = archive.CreateEntry(name + ".npy", compress ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
            entry.LastWriteTime = NoTime;
            using var content = entry.Open();
            content.Write(NpyHeader.Write(array.Type, array.Shape));
            content.Write(array.Data);
        }
    });
}
