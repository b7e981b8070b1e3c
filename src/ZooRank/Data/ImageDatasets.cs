using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>The formats of data sets that are read.</summary>
public static class ImageDatasets
{
    private const string Formats = "Read are MedMNIST-style .npz files, folders of class folders, zip archives of such, and CSV tables with the columns path and label";

    /// <summary>Opens a data set, whatever its format: a folder, or a file by its content (a table by its name's ending).</summary>
    /// <exception cref="InvalidInputException">It does not exist, is damaged, or is no data set: one line with the next step.</exception>
    public static ImageDataset Open(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0')) throw new InvalidInputException("The path of the data set is empty.");
        if (Directory.Exists(path)) return FolderDataset.Open(path);
        if (!File.Exists(path)) throw Missing(path);
        var start = FolderDataset.ReadStart(path);
        var extension = Path.GetExtension(path).ToLowerInvariant();
        if (start is [(byte)'P', (byte)'K', ..]) return HoldsArrays(path) ? NpzDataset.Open(path) : ZipDataset.Open(path);
        if (extension is ".csv" or ".tsv" or ".txt") return ManifestDataset.Open(path);
        if (extension is ".npz" or ".zip") return extension == ".npz" ? NpzDataset.Open(path) : ZipDataset.Open(path);   // damaged: they say how
        var kind = FileKind.Recognise(start);
        throw new InvalidInputException(kind.IsImage
            ? $"{path}: one {kind.Name} image is no data set. {Formats}."
            : $"{path}: not a data set (got {kind.Name}). {kind.NextStep ?? Formats + "."}");
    }

    private static bool HoldsArrays(string path)
    {
        using var archive = ZipFiles.Open(path);
        return archive.Entries.Any(e => e.FullName.EndsWith(".npy", StringComparison.Ordinal)) || Path.GetExtension(path).Equals(".npz", StringComparison.OrdinalIgnoreCase);
    }

    private static InvalidInputException Missing(string path)
    {
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full);
        if (folder is null || !Directory.Exists(folder)) return new InvalidInputException($"{path}: does not exist, and neither does its folder {folder}. Check the path.");
        var wanted = Path.GetFileName(full.TrimEnd(Path.DirectorySeparatorChar));
        string[] siblings;
        try
        {
            siblings = [.. Directory.EnumerateFileSystemEntries(folder).Take(5000).Select(e => Path.GetFileName(e)!)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            siblings = [];
        }
        var near = Suggestions.Closest(wanted, siblings).Concat(siblings.Where(s => s.StartsWith(wanted, StringComparison.OrdinalIgnoreCase))).Distinct().Take(3).ToList();
        return new InvalidInputException($"{path}: does not exist. {(near.Count > 0 ? $"Did you mean {string.Join(", ", near)}?" : "Check the path.")}");
    }
}
