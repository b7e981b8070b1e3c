using System.Buffers.Binary;
using System.Security.Cryptography;
using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>The parts of a data set.</summary>
public enum Split
{
    Train, Validation, Test,
}

/// <summary>What is to be predicted.</summary>
public enum TaskKind
{
    /// <summary>One of two classes.</summary>
    Binary,

    /// <summary>One of three or more classes.</summary>
    MultiClass,

    /// <summary>Any number of findings at once.</summary>
    MultiLabel,
}

/// <summary>
/// Labelled images of a target task, in splits. Opening one reads names and labels; pictures are read when asked for. Safe to read from several threads.
/// </summary>
public abstract class ImageDataset : IDisposable
{
    private const long PartLength = 512L << 20;   // bytes as stored

    /// <summary>Every split, in the order in which they are shown.</summary>
    public static IReadOnlyList<Split> Splits { get; } = [Split.Train, Split.Validation, Split.Test];

    /// <summary>The file's or folder's name without its extension.</summary>
    public required string Name { get; init; }

    /// <summary>The file or folder as it was given.</summary>
    public required string Path { get; init; }

    public required TaskKind Kind { get; init; }

    /// <summary>The C classes (or, of a multi-label set, the findings), by label.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>One line: the format, the splits and their sizes, and what was assumed.</summary>
    public abstract string Description { get; }

    /// <summary>What was seen on opening that a reader of results must know: files left out, classes without training images.</summary>
    public IReadOnlyList<Caveat> Caveats { get; init; } = [];

    /// <summary>Images in a split; 0 where the data set does not have it.</summary>
    public abstract int Count(Split split);

    /// <summary>The labels of a split: one of 0…C−1 for each image.</summary>
    /// <exception cref="InvalidInputException">The data set is multi-label: see <see cref="MultiLabels"/>.</exception>
    public virtual IReadOnlyList<int> Labels(Split split) => throw new InvalidInputException($"{Path}: a multi-label data set has no single label for an image.");

    /// <summary>The labels of a split of a multi-label set: n×L of 0 and 1.</summary>
    public virtual byte[,] MultiLabels(Split split) => throw new InvalidOperationException($"{Path} is not multi-label.");

    /// <summary>How many images have each label: of a multi-label set, each finding.</summary>
    /// <param name="split">The split.</param>
    /// <param name="indices">Positions in it; null: all.</param>
    internal int[] LabelCounts(Split split, IReadOnlyList<int>? indices = null)
    {
        indices ??= [.. Enumerable.Range(0, Count(split))];
        var counts = new int[ClassNames.Count];
        if (Kind == TaskKind.MultiLabel)
        {
            var findings = MultiLabels(split);
            foreach (var i in indices)
                for (var l = 0; l < counts.Length; l++) counts[l] += findings[i, l];
        }
        else
        {
            var labels = Labels(split);
            foreach (var i in indices) counts[labels[i]]++;
        }
        return counts;
    }

    /// <summary>The patient, lesion or other group of each image, where the data set states it.</summary>
    public virtual IReadOnlyList<string>? Groups(Split split) => null;

    /// <summary>Reads images.</summary>
    /// <param name="split">The split.</param>
    /// <param name="indices">Positions in the split, in any order.</param>
    /// <param name="wantedSide">The side to which they will be resized, which lets large JPEGs be decoded at reduced size; null: exactly as stored.</param>
    /// <returns>The images in the order of <paramref name="indices"/>.</returns>
    /// <exception cref="UnreadableImageException">One of them cannot be read: it says which.</exception>
    public abstract IReadOnlyList<Image> Load(Split split, IReadOnlyList<int> indices, int? wantedSide = null);

    /// <summary>
    /// Announces that these images will be loaded, perhaps a few at a time: formats in which every read costs a pass through the file read them all at once now.
    /// </summary>
    public virtual void Prefetch(Split split, IReadOnlyList<int> indices)
    {
    }

    /// <summary>All of these images, in parts that fit the memory, each announced before it is handed out.</summary>
    internal IEnumerable<int[]> InParts(Split split, IReadOnlyList<int> indices)
    {
        var each = StoredLength / Math.Max(1, Splits.Sum(s => (long)Count(s)));
        foreach (var part in indices.Chunk((int)Math.Clamp(PartLength / Math.Max(1, each), 1, int.MaxValue)))
        {
            Prefetch(split, part);
            yield return part;
        }
    }

    /// <summary>How a message calls an image: its file, or its row.</summary>
    public abstract string Describe(Split split, int index);

    /// <summary>Which of these images cannot be read, and why. Only formats whose images are files of their own can have any; those are decoded for it.</summary>
    public virtual IReadOnlyList<(int Index, string Reason)> FindUnreadable(Split split, IReadOnlyList<int> indices) => [];

    /// <summary>
    /// SHA-256, in lower-case hexadecimal, over the stored bytes of these images (pixels with their shape, or files) and their labels, in this order, without
    /// decoding. The same images in another container or order have another hash.
    /// </summary>
    public string ContentHash(Split split, IReadOnlyList<int> indices)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var multi = Kind == TaskKind.MultiLabel ? MultiLabels(split) : null;
        var labels = multi is null ? Labels(split) : null;
        var number = new byte[8];
        foreach (var index in InParts(split, indices).SelectMany(part => part))
        {
            var (shape, bytes) = StoredBytes(split, index);
            BinaryPrimitives.WriteInt64LittleEndian(number, bytes.LongLength);
            hash.AppendData(number);
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(shape + "\n"));
            hash.AppendData(bytes);
            for (var l = 0; l < (multi?.GetLength(1) ?? 1); l++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(number, multi?[index, l] ?? labels![index]);
                hash.AppendData(number);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>An estimate of what reading every image costs, in bytes: stored pixels, or file lengths.</summary>
    internal abstract long StoredLength { get; }

    /// <summary>For each of these images a key that is equal for equal stored bytes, as cheap as the format allows.</summary>
    internal abstract IReadOnlyList<string> DuplicateKeys(IReadOnlyList<(Split Split, int Index)> images);

    /// <summary>An image as it is stored: its shape in words where the bytes do not tell it, and the bytes.</summary>
    protected internal abstract (string Shape, byte[] Bytes) StoredBytes(Split split, int index);

    public override string ToString() => $"{Name}: {Description}";

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>"520 train, 120 validation, 680 test images"; says it where there is only one split.</summary>
    protected string CountsInWords()
    {
        var present = Splits.Where(s => Count(s) > 0).ToList();
        return present is [Split.Train]
            ? FormattableString.Invariant($"{Count(Split.Train)} images without splits: all are train")
            : FormattableString.Invariant($"{string.Join(", ", present.Select(s => $"{Count(s)} {s.ToString().ToLowerInvariant()}"))} images");
    }

    /// <summary>Binary for two classes, multi-class for more.</summary>
    internal static TaskKind KindOf(int classCount) => classCount == 2 ? TaskKind.Binary : TaskKind.MultiClass;

    /// <summary>A caveat for each class that no training image has.</summary>
    internal static IEnumerable<Caveat> ClassesWithoutTraining(IReadOnlyList<int> trainLabels, IReadOnlyList<string> classNames)
    {
        var present = trainLabels.ToHashSet();
        return from c in Enumerable.Range(0, classNames.Count)
               where !present.Contains(c)
               select new Caveat("class-without-images", $"class '{classNames[c]}' has no training image, so nothing about it can be measured.");
    }
}
