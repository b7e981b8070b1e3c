using System.Security.Cryptography;
using System.Text.Json;
using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>
/// MedMNIST's layout: one .npz with <c>train_images</c>, <c>train_labels</c> and, where they exist, the same for <c>val</c> and <c>test</c>. Images are
/// N×H×W, N×H×W×1 or N×H×W×3 of uint8 or uint16; labels N or N×1 whole numbers, or N×L of 0 and 1 (one-hot rows are read as classes, else multi-label).
/// </summary>
public sealed class NpzDataset : ImageDataset
{
    // Arrays up to this are kept whole once touched; of larger ones only the announced rows, and no more than RowsKept.
    private const long WholeArrayLimit = 256L << 20, RowsKept = 1L << 30;

    private static readonly Dictionary<Split, string> Keys = new() { [Split.Train] = "train", [Split.Validation] = "val", [Split.Test] = "test" };

    private readonly NpzFile file;
    private readonly string hint;
    private readonly Dictionary<Split, int> counts;
    private readonly Dictionary<Split, int[]> labels;
    private readonly Dictionary<Split, byte[,]> multiLabels;
    private readonly Lock gate = new();
    private readonly Dictionary<(Split, int), Image> held = [];
    private long heldBytes;

    private NpzDataset(NpzFile file, Dictionary<Split, int> counts, Dictionary<Split, int[]> labels, Dictionary<Split, byte[,]> multiLabels, string hint)
    {
        this.file = file;
        this.counts = counts;
        this.labels = labels;
        this.multiLabels = multiLabels;
        this.hint = hint;
    }

    public override string Description
    {
        get
        {
            var (height, width, channels, depth) = ImageShape(file.Find("train_images")!.Header);
            return $"MedMNIST-style .npz, {CountsInWords()}, {width}×{height} {(channels == 1 ? "grey" : "RGB")} {depth} bit, {ClassNames.Count} {(Kind == TaskKind.MultiLabel ? "findings (multi-label)" : "classes")}{hint}";
        }
    }

    internal override long StoredLength => counts.Keys.Sum(s => file.Find(Keys[s] + "_images")!.Header.ByteCount);

    /// <summary>Opens a file and checks that its arrays belong together.</summary>
    /// <exception cref="InvalidInputException">Damaged, keys missing, lengths or labels that do not fit, volumes instead of images.</exception>
    public static NpzDataset Open(string path)
    {
        var file = NpzFile.Open(path);
        try
        {
            return Open(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override int Count(Split split) => counts.GetValueOrDefault(split);

    public override IReadOnlyList<int> Labels(Split split) => Kind == TaskKind.MultiLabel ? base.Labels(split) : labels.GetValueOrDefault(split) ?? [];

    public override byte[,] MultiLabels(Split split) => Kind != TaskKind.MultiLabel ? base.MultiLabels(split)
        : multiLabels.GetValueOrDefault(split) ?? new byte[0, ClassNames.Count];

    public override string Describe(Split split, int index) => FormattableString.Invariant($"{Path}: {Keys[split]}_images[{index}]");

    public override IReadOnlyList<Image> Load(Split split, IReadOnlyList<int> indices, int? wantedSide = null)
    {
        lock (gate)
        {
            Fetch(split, indices);
            return [.. indices.Select(i => held[(split, i)])];
        }
    }

    public override void Prefetch(Split split, IReadOnlyList<int> indices)
    {
        lock (gate) Fetch(split, indices);
    }

    internal override IReadOnlyList<string> DuplicateKeys(IReadOnlyList<(Split Split, int Index)> images)
    {
        var keys = new Dictionary<(Split, int), string>();
        foreach (var group in images.GroupBy(i => i.Split))
        {
            var wanted = group.Select(i => i.Index).ToHashSet();
            var split = group.Key;
            file.ScanRows(Keys[split] + "_images", wanted.Contains, (i, row) => keys[(split, i)] = Convert.ToBase64String(SHA256.HashData(row)), wanted.Max());
        }
        return [.. images.Select(i => keys[i])];
    }

    protected internal override (string Shape, byte[] Bytes) StoredBytes(Split split, int index)
    {
        var image = Load(split, [index])[0];
        return (FormattableString.Invariant($"{image.Height}x{image.Width}x{image.Channels} {image.BitDepth}"), image.Pixels);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        base.Dispose(disposing);
    }

    private void Fetch(Split split, IReadOnlyList<int> indices)
    {
        var missing = indices.Where(i => !held.ContainsKey((split, i))).Distinct().ToList();
        if (missing.Count == 0) return;
        if (missing.Min() < 0 || missing.Max() >= Count(split)) throw new ArgumentOutOfRangeException(nameof(indices), $"{Path} has {Count(split)} {split} images.");
        var key = Keys[split] + "_images";
        var header = file.Find(key)!.Header;
        var (height, width, channels, depth) = ImageShape(header);
        var rowLength = header.ByteCount / header.Shape[0];
        if (header.ByteCount <= WholeArrayLimit) missing = [.. Enumerable.Range(0, Count(split)).Where(i => !held.ContainsKey((split, i)))];
        if (heldBytes + (missing.Count * rowLength) > RowsKept)
        {
            // What was asked for now is needed now; what was held before can be read again.
            held.Clear();
            heldBytes = 0;
            missing = [.. indices.Union(missing)];
        }
        var wanted = missing.ToHashSet();
        file.ScanRows(key, wanted.Contains, (i, row) => held[(split, i)] = new Image(width, height, channels, depth, row.ToArray()), wanted.Max());
        heldBytes += wanted.Count * rowLength;
    }

    private static NpzDataset Open(string path, NpzFile file)
    {
        var counts = new Dictionary<Split, int>();
        var raw = new Dictionary<Split, (long[] Values, int Width)>();
        foreach (var split in Splits)
        {
            var (imagesKey, labelsKey) = (Keys[split] + "_images", Keys[split] + "_labels");
            var (images, labels) = (file.Find(imagesKey), file.Find(labelsKey));
            if (images is null && labels is null && split != Split.Train) continue;
            if (images is null || labels is null)
            {
                throw new InvalidInputException(
                    $"{path}: no array '{(images is null ? imagesKey : labelsKey)}'. The file holds: {string.Join(", ", file.Entries.Take(20).Select(e => ZipFiles.Printable(e.Name)))}. "
                    + "MedMNIST's keys are train_images, train_labels and, if there are such splits, val_images, val_labels, test_images, test_labels.");
            }
            CheckImages(path, images);
            counts[split] = CheckedCount(path, images, labels);
            var width = labels.Header.Shape.Count == 2 ? (int)labels.Header.Shape[1] : 1;
            if (labels.Header.ByteCount > 1L << 28) throw new InvalidInputException($"{path}: {labels} is too large for labels.");
            raw[split] = (file.Read(labels.Name).ToIntegers($"{path}: array '{labels.Name}'"), width);
        }
        if (counts[Split.Train] == 0) throw new InvalidInputException($"{path}: train_images is empty; ranking needs training images.");
        SameShapes(path, file, counts.Keys);
        var classWidth = raw[Split.Train].Width;
        if (raw.FirstOrDefault(r => r.Value.Width != classWidth) is { Value.Values: not null } odd)
            throw new InvalidInputException($"{path}: train_labels have {classWidth} columns, {Keys[odd.Key]}_labels {odd.Value.Width}.");
        return classWidth == 1 ? SingleLabel(path, file, counts, raw.ToDictionary(r => r.Key, r => r.Value.Values), hint: "") : ManyColumns(path, file, counts, raw);
    }

    private static NpzDataset SingleLabel(string path, NpzFile file, Dictionary<Split, int> counts, Dictionary<Split, long[]> raw, string hint, int atLeast = 0)
    {
        var total = counts.Values.Sum(c => (long)c);
        foreach (var (split, values) in raw)
        {
            for (var i = 0; i < values.Length; i++)
            {
                if (values[i] < 0 || values[i] >= total)
                {
                    throw new InvalidInputException(FormattableString.Invariant(
                        $"{path}: {Keys[split]}_labels[{i}] is {values[i]}; labels must be 0 to C−1 for C classes, and {total} images cannot have so many. Number the classes from 0."));
                }
            }
        }
        var largest = raw.Values.Max(v => v.Length == 0 ? 0 : v.Max());
        var classCount = Math.Max((int)largest + 1, atLeast);
        var labels = raw.ToDictionary(r => r.Key, r => Array.ConvertAll(r.Value, v => (int)v));
        if (labels.Values.SelectMany(l => l).Distinct().Count() < 2)
            throw new InvalidInputException($"{path}: every image has label {largest}; a task needs at least two classes.");
        var known = MedMnistClasses(path);
        var names = known is not null && known.Count >= classCount ? known : [.. Enumerable.Range(0, classCount).Select(c => FormattableString.Invariant($"class {c}"))];
        return new NpzDataset(file, counts, labels, [], hint)
        {
            Name = System.IO.Path.GetFileNameWithoutExtension(path),
            Path = path,
            Kind = KindOf(names.Count),
            ClassNames = names,
            Caveats = [.. ClassesWithoutTraining(labels[Split.Train], names)],
        };
    }

    private static NpzDataset ManyColumns(string path, NpzFile file, Dictionary<Split, int> counts, Dictionary<Split, (long[] Values, int Width)> raw)
    {
        var width = raw[Split.Train].Width;
        foreach (var (split, (values, _)) in raw)
        {
            var bad = Array.FindIndex(values, v => v is not (0 or 1));
            if (bad >= 0)
            {
                throw new InvalidInputException(FormattableString.Invariant(
                    $"{path}: {Keys[split]}_labels has {width} columns, so each must be 0 or 1, but row {bad / width} has {values[bad]}. Save one class number for each image (N×1), or N×L of 0 and 1."));
            }
        }
        // Exactly one finding in every row of every split is a class in disguise.
        if (raw.Values.All(r => r.Values.Chunk(width).All(row => row.Sum() == 1)))
        {
            var classes = raw.ToDictionary(r => r.Key, r => r.Value.Values.Chunk(width).Select(row => (long)Array.IndexOf(row, 1L)).ToArray());
            return SingleLabel(path, file, counts, classes, ", labels one-hot", atLeast: width);
        }
        var matrices = raw.ToDictionary(r => r.Key, r =>
        {
            var matrix = new byte[r.Value.Values.Length / width, width];
            for (var i = 0; i < r.Value.Values.Length; i++) matrix[i / width, i % width] = (byte)r.Value.Values[i];
            return matrix;
        });
        var known = MedMnistClasses(path);
        return new NpzDataset(file, counts, [], matrices, "")
        {
            Name = System.IO.Path.GetFileNameWithoutExtension(path),
            Path = path,
            Kind = TaskKind.MultiLabel,
            ClassNames = known?.Count == width ? known : [.. Enumerable.Range(0, width).Select(c => FormattableString.Invariant($"finding {c}"))],
        };
    }

    private static void CheckImages(string path, NpzEntry images)
    {
        var shape = images.Header.Shape;
        if (shape.Count == 4 && shape[3] is not (1 or 3))
        {
            throw new InvalidInputException(
                shape[1] is 1 or 3 && shape[2] > 4 ? $"{path}: {images} has its channels first. Save numpy.moveaxis(images, 1, -1): N×H×W×3, or N×H×W for grey."
                : shape[3] is 2 or 4 ? $"{path}: {images} has {shape[3]} channels; 1 (grey) or 3 (RGB) are read. Drop the alpha channel or choose the channels."
                : $"{path}: {images} holds 3D volumes; ZooRank ranks networks for 2D images. Use the 2D version of the set, or save slices as N×H×W.");
        }
        if (shape.Count is not (3 or 4))
        {
            throw new InvalidInputException(shape.Count > 4
                ? $"{path}: {images} holds 3D volumes; ZooRank ranks networks for 2D images. Save slices as N×H×W."
                : $"{path}: {images} does not hold images; N×H×W (grey) or N×H×W×3 (RGB) are read.");
        }
        if (images.Header.Type is not (NpyType.UInt8 or NpyType.UInt16))
        {
            throw new InvalidInputException(
                $"{path}: {images} does not hold 8-bit or 16-bit pixels, so black and white are not known. Save it as uint8 (0 to 255) or uint16 (0 to 65535).");
        }
        if (shape.Skip(1).Any(s => s == 0)) throw new InvalidInputException($"{path}: {images} holds images without pixels.");
        if (shape[0] > int.MaxValue) throw new InvalidInputException($"{path}: {images} holds more images than are read.");
        ImageDecoder.CheckSize($"{path}: array '{images.Name}'", shape[2], shape[1]);
    }

    private static int CheckedCount(string path, NpzEntry images, NpzEntry labels)
    {
        var shape = labels.Header.Shape;
        if (shape.Count is not (1 or 2) || (shape.Count == 2 && shape[1] is 0 or > 1 << 16))
            throw new InvalidInputException($"{path}: {labels} does not hold labels; N or N×1 class numbers, or N×L of 0 and 1, are read.");
        if (shape[0] != images.Header.Shape[0])
            throw new InvalidInputException($"{path}: {images.Name} has {images.Header.Shape[0]} images, {labels.Name} {shape[0]} labels. Save them again from one source.");
        return (int)shape[0];
    }

    private static void SameShapes(string path, NpzFile file, IEnumerable<Split> splits)
    {
        var train = file.Find("train_images")!;
        foreach (var split in splits)
        {
            var other = file.Find(Keys[split] + "_images")!;
            if (ImageShape(other.Header).Channels != ImageShape(train.Header).Channels)
                throw new InvalidInputException($"{path}: {train} and {other} do not have the same number of channels. Save both as grey or both as RGB.");
        }
    }

    private static (int Height, int Width, int Channels, int BitDepth) ImageShape(NpyHeader header) =>
        ((int)header.Shape[1], (int)header.Shape[2], header.Shape.Count == 4 ? (int)header.Shape[3] : 1, header.Type == NpyType.UInt8 ? 8 : 16);

    // The official files are called "pneumoniamnist.npz" (28 pixels) or "pneumoniamnist_64.npz".
    private static List<string>? MedMnistClasses(string path)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(path).ToLowerInvariant().Split('_')[0];
        using var resource = typeof(NpzDataset).Assembly.GetManifestResourceStream("medmnist.json")!;
        using var json = JsonDocument.Parse(resource);
        foreach (var set in json.RootElement.GetProperty("sets").EnumerateArray())
        {
            if (set.GetProperty("name").GetString() == name) return [.. set.GetProperty("classes").EnumerateArray().Select(c => c.GetString()!)];
        }
        return null;
    }
}
