using System.Collections.Concurrent;
using System.Security.Cryptography;
using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>
/// A data set whose images are files: of a folder, of an archive, or listed in a manifest. They differ in how the list is made and where bytes come from;
/// everything else is here. Files are decoded in parallel.
/// </summary>
public abstract class FileDataset : ImageDataset
{
    private readonly Dictionary<Split, ImageFile[]> files;
    private readonly Dictionary<Split, int[]> labels;
    private long? storedLength;

    private protected FileDataset(IReadOnlyList<ImageFile> files, IReadOnlyList<string> classNames)
    {
        var numbers = classNames.Select((name, label) => (name, label)).ToDictionary(c => c.name, c => c.label, StringComparer.Ordinal);
        this.files = files.GroupBy(f => f.Split).ToDictionary(g => g.Key, g => g.ToArray());
        labels = this.files.ToDictionary(s => s.Key, s => Array.ConvertAll(s.Value, f => numbers[f.ClassName]));
    }

    public override string Description => $"{Format}, {CountsInWords()}, {ClassNames.Count} classes";

    /// <summary>"folder of classes" and the like.</summary>
    protected abstract string Format { get; }

    internal override long StoredLength => storedLength ??= files.Values.Sum(s => s.Sum(f => FileLength(f.Name)));

    public override int Count(Split split) => FilesOf(split).Length;

    public override IReadOnlyList<int> Labels(Split split) => labels.GetValueOrDefault(split) ?? [];

    public override IReadOnlyList<string>? Groups(Split split) =>
        FilesOf(split) is { Length: > 0 } all && all.All(f => f.Group is not null) ? [.. all.Select(f => f.Group!)] : null;

    public override string Describe(Split split, int index) => FullName(FilesOf(split)[index].Name);

    public override IReadOnlyList<Image> Load(Split split, IReadOnlyList<int> indices, int? wantedSide = null)
    {
        var images = new Image[indices.Count];
        var failures = new ConcurrentDictionary<int, InvalidInputException>();
        Parallel.For(0, indices.Count, Parallelism.Options, position =>
        {
            try
            {
                images[position] = Decode(split, indices[position], wantedSide);
            }
            catch (InvalidInputException e)
            {
                failures[position] = e;
            }
        });
        if (failures.IsEmpty) return images;
        var first = failures.Keys.Min();
        throw new UnreadableImageException($"{failures[first].Message} To go on without it, move the file out of the data set or leave out its line.", failures[first])
        {
            Split = split,
            Index = indices[first],
        };
    }

    public override IReadOnlyList<(int Index, string Reason)> FindUnreadable(Split split, IReadOnlyList<int> indices)
    {
        var failures = new ConcurrentDictionary<int, string>();
        Parallel.ForEach(indices, Parallelism.Options, index =>
        {
            try
            {
                // The smallest decoding that still reads every byte of a JPEG.
                Decode(split, index, wantedSide: 1);
            }
            catch (InvalidInputException e)
            {
                failures[index] = e.Message;
            }
        });
        return [.. failures.OrderBy(f => f.Key).Select(f => (f.Key, f.Value))];
    }

    internal override IReadOnlyList<string> DuplicateKeys(IReadOnlyList<(Split Split, int Index)> images)
    {
        var lengths = images.Select(i => FileLength(FilesOf(i.Split)[i.Index].Name)).ToList();
        var shared = lengths.GroupBy(l => l).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        // A length that no other file has needs no hash.
        return [.. images.Select((image, i) => shared.Contains(lengths[i])
            ? Convert.ToBase64String(SHA256.HashData(ReadBytes(FilesOf(image.Split)[image.Index].Name)))
            : FormattableString.Invariant($"length {lengths[i]}"))];
    }

    protected internal override (string Shape, byte[] Bytes) StoredBytes(Split split, int index) => ("file", ReadBytes(FilesOf(split)[index].Name));

    /// <summary>The whole file; one line if it cannot be read.</summary>
    protected abstract byte[] ReadBytes(string name);

    protected abstract long FileLength(string name);

    /// <summary>How a message calls the file.</summary>
    protected virtual string FullName(string name) => name;

    private ImageFile[] FilesOf(Split split) => files.GetValueOrDefault(split) ?? [];

    private Image Decode(Split split, int index, int? wantedSide)
    {
        var name = FilesOf(split)[index].Name;
        return ImageDecoder.Decode(ReadBytes(name), FullName(name), wantedSide);
    }
}
