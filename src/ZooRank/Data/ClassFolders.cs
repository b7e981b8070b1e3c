using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>
/// Reads labels and splits off paths: <c>class/…/image</c>, or <c>train|val|test/class/…/image</c>. One folder around everything is seen through. What is
/// no image by its first bytes is left out: silently where it does not claim to be one, with a caveat where its name ends like an image's.
/// </summary>
internal sealed class ClassFolders
{
    private static readonly Dictionary<string, Split> SplitNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["train"] = Split.Train,
        ["training"] = Split.Train,
        ["val"] = Split.Validation,
        ["valid"] = Split.Validation,
        ["validation"] = Split.Validation,
        ["test"] = Split.Test,
        ["testing"] = Split.Test,
    };

    private static readonly HashSet<string> ImageEndings = new(StringComparer.OrdinalIgnoreCase)
    {
        ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".webp", ".gif",
    };

    private ClassFolders(List<ImageFile> files, List<string> classNames, List<Caveat> caveats) => (Files, ClassNames, Caveats) = (files, classNames, caveats);

    public IReadOnlyList<ImageFile> Files { get; }

    /// <summary>In ordinal order, as torchvision's ImageFolder numbers them.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    public IReadOnlyList<Caveat> Caveats { get; }

    /// <summary>Also the manifest's splits go by these names.</summary>
    public static bool TryParseSplit(string name, out Split split) => SplitNames.TryGetValue(name, out split);

    /// <param name="root">The data set, for messages.</param>
    /// <param name="names">Paths below the root, with '/'.</param>
    /// <param name="start">Reads a file's first bytes.</param>
    public static ClassFolders Read(string root, IReadOnlyList<string> names, Func<string, byte[]> start)
    {
        var paths = names.Select(name => (Name: name, Parts: name.Split('/', StringSplitOptions.RemoveEmptyEntries)))
            .Where(p => p.Parts.Length > 0 && !p.Parts.Any(part => part.StartsWith('.') || part is "__MACOSX" or "Thumbs.db" or "desktop.ini"))
            .OrderBy(p => p.Name, StringComparer.Ordinal).ToList();
        var depth = DepthOfRoot(paths.ConvertAll(p => p.Parts));
        var folders = paths.Where(p => p.Parts.Length > depth + 1).Select(p => p.Parts[depth]).Distinct(StringComparer.Ordinal).ToList();
        var hasSplits = folders.Any(f => TryParseSplit(f, out var split) && split == Split.Train);

        var (files, caveats, kinds) = (new List<ImageFile>(), new List<Caveat>(), new List<FileKind>());
        var besides = new HashSet<string>(StringComparer.Ordinal);
        var loose = 0;
        foreach (var (name, parts) in paths)
        {
            var split = Split.Train;
            var inSplit = hasSplits && parts.Length > depth + 1 && TryParseSplit(parts[depth], out split);
            if (hasSplits && !inSplit)
            {
                if (parts.Length > depth + 1) besides.Add(parts[depth]);
                continue;
            }
            var kind = FileKind.Recognise(start(name));
            var classDepth = depth + (hasSplits ? 1 : 0);
            if (kind.IsImage && parts.Length > classDepth + 1)
            {
                files.Add(new ImageFile(name, parts[classDepth], split));
            }
            else if (kind.IsImage)
            {
                loose++;
            }
            else
            {
                kinds.Add(kind);
                if (ImageEndings.Contains(System.IO.Path.GetExtension(name)) || kind == FileKind.Dicom || kind == FileKind.Nifti)
                    caveats.Add(new Caveat("unreadable-image", kind.Refusal(name).Message[(name.Length + 2)..] + " It was left out.", name));
            }
        }
        if (besides.Count > 0)
            caveats.Add(new Caveat("folder-ignored", $"beside the splits lie other folders, which were left out: {FirstFew(besides)}."));
        if (loose > 0 && files.Count > 0)
            caveats.Add(new Caveat("image-without-class", FormattableString.Invariant($"images outside of any class folder were left out: {loose}.")));

        var classNames = files.Select(f => f.ClassName).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        Check(root, files, classNames, kinds, loose, hasSplits);
        return new ClassFolders(files, classNames, caveats);
    }

    private static void Check(string root, List<ImageFile> files, List<string> classNames, List<FileKind> kinds, int loose, bool hasSplits)
    {
        const string Layout = "Expected are CLASS/IMAGE or train/CLASS/IMAGE, val/…, test/….";
        if (files.Count == 0)
        {
            var foreign = kinds.FirstOrDefault(k => k == FileKind.Dicom || k == FileKind.Nifti);
            throw new InvalidInputException(
                loose > 0 ? FormattableString.Invariant($"{root}: images without class folders around them: {loose}. {Layout} Or list files and labels in a CSV with the columns path and label.")
                : foreign is not null ? $"{root}: holds {foreign.Name} files and no images. {foreign.NextStep}"
                : $"{root}: no images were found. {Layout}");
        }
        if (files.All(f => f.Split != Split.Train)) throw new InvalidInputException($"{root}: the train folder holds no images; ranking needs training images.");
        if (classNames.Count < 2)
        {
            throw new InvalidInputException(
                $"{root}: all images are of one class, '{classNames[0]}'; a task needs at least two. {(hasSplits ? "" : "Is this the folder of one class? Give the folder that holds the classes. ")}{Layout}");
        }
    }

    // An archive often holds one folder, and that the data set: go down while there is nothing else to choose from.
    private static int DepthOfRoot(List<string[]> paths)
    {
        var depth = 0;
        while (paths.Count > 0 && paths.All(p => p.Length > depth + 2) && !SplitNames.ContainsKey(paths[0][depth])
            && paths.All(p => p[depth] == paths[0][depth]) && paths.Select(p => p[depth + 1]).Distinct(StringComparer.Ordinal).Count() > 1)
            depth++;
        return depth;
    }

    private static string FirstFew(HashSet<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal).Take(5)) + (names.Count > 5 ? ", …" : "");
}
