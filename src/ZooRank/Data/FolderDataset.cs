using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>A folder with a folder for each class, perhaps below a folder for each split. Images may lie deeper; classes are numbered by name.</summary>
public sealed class FolderDataset : FileDataset
{
    private FolderDataset(IReadOnlyList<ImageFile> files, IReadOnlyList<string> classNames) : base(files, classNames)
    {
    }

    protected override string Format => "folder of classes";

    /// <summary>Lists the images and looks at the first bytes of each.</summary>
    /// <exception cref="InvalidInputException">No images, no class folders, one class.</exception>
    public static FolderDataset Open(string path)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
            MaxRecursionDepth = 20,   // a link that leads back up would never end
        };
        var names = Directory.EnumerateFiles(path, "*", options).Select(f => System.IO.Path.GetRelativePath(path, f).Replace('\\', '/')).ToList();
        var found = ClassFolders.Read(path, names, name => ReadStart(System.IO.Path.Combine(path, name)));
        return new FolderDataset([.. found.Files.Select(f => f with { Name = System.IO.Path.Combine(path, f.Name) })], found.ClassNames)
        {
            Name = new DirectoryInfo(path).Name,
            Path = path,
            Kind = KindOf(found.ClassNames.Count),
            ClassNames = found.ClassNames,
            Caveats = [.. found.Caveats, .. ClassesWithoutTraining(LabelsOfTrain(found.Files, found.ClassNames), found.ClassNames)],
        };
    }

    /// <summary>A file's first bytes; empty where it cannot be opened.</summary>
    internal static byte[] ReadStart(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            var start = new byte[FileKind.PrefixLength];
            return start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    internal static IReadOnlyList<int> LabelsOfTrain(IReadOnlyList<ImageFile> files, IReadOnlyList<string> classNames)
    {
        var present = files.Where(f => f.Split == Split.Train).Select(f => f.ClassName).ToHashSet(StringComparer.Ordinal);
        return [.. Enumerable.Range(0, classNames.Count).Where(c => present.Contains(classNames[c]))];
    }

    protected override byte[] ReadBytes(string name) => ImageDecoder.ReadFile(name);

    protected override long FileLength(string name)
    {
        try
        {
            return new FileInfo(name).Length;
        }
        catch (IOException)
        {
            return -1;   // gone since it was listed: reading it will say so
        }
    }
}
