using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>The smallest, middle and largest of some numbers.</summary>
public sealed record Extent(int Min, int Median, int Max)
{
    public override string ToString() => Min == Max ? FormattableString.Invariant($"{Min}") : FormattableString.Invariant($"{Min} to {Max} (median {Median})");

    internal static Extent Of(IEnumerable<int> values)
    {
        var sorted = values.Order().ToArray();
        return new Extent(sorted[0], sorted[sorted.Length / 2], sorted[^1]);
    }
}

/// <summary>Samples as fractions of white: the darkest, their mean, the brightest.</summary>
public sealed record Brightness(double Min, double Mean, double Max);

/// <summary>How closely to look.</summary>
public sealed record FingerprintOptions
{
    /// <summary>Looks for duplicates among all images whatever their size, and decodes every training image.</summary>
    public bool Full { get; init; }

    /// <summary>Without <see cref="Full"/>: training images that are decoded, spread evenly.</summary>
    public int SampleSize { get; init; } = 300;

    /// <summary>Without <see cref="Full"/>: stored bytes (pixels or files) above which only the images of this probe are compared for duplicates.</summary>
    public long ByteLimit { get; init; } = 1L << 30;

    /// <summary>The probe meant by <see cref="ByteLimit"/>.</summary>
    public ProbeOptions Probe { get; init; } = new();
}

/// <summary>What a data set looks like from outside, and the faults in it that would make any ranking on it wrong.</summary>
public sealed record DatasetFingerprint
{
    private const double Imbalance = 10;   // largest over smallest class; from here on accuracy and plain draws are governed by the large class

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required TaskKind Kind { get; init; }

    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>For each split that has images, how many there are of each class (of a multi-label set: with each finding).</summary>
    public required IReadOnlyDictionary<Split, IReadOnlyList<int>> ClassCounts { get; init; }

    public required IReadOnlyDictionary<Split, int> Counts { get; init; }

    /// <summary>Training images that were decoded for what follows.</summary>
    public required int SampledCount { get; init; }

    public required Extent Width { get; init; }

    public required Extent Height { get; init; }

    /// <summary>1, 3, or both.</summary>
    public required IReadOnlyList<int> Channels { get; init; }

    /// <summary>8, 16, or both.</summary>
    public required IReadOnlyList<int> BitDepths { get; init; }

    /// <summary>Over all samples of the decoded images; 1 is white.</summary>
    public required Brightness Intensity { get; init; }

    /// <summary>Decoded images of which every pixel is the same.</summary>
    public required int ConstantCount { get; init; }

    /// <summary>Images that were compared for duplicates, by their stored bytes: the same picture encoded twice is not found.</summary>
    public required int ComparedCount { get; init; }

    /// <summary>Images of the train split that repeat an earlier one of it.</summary>
    public required int DuplicatesInTrain { get; init; }

    /// <summary>Images of the validation or test split that are also in an earlier split.</summary>
    public required int DuplicatesAcrossSplits { get; init; }

    /// <summary>Images that repeat an earlier one with another label.</summary>
    public required int ConflictingLabels { get; init; }

    /// <summary>What to worry about, the data set's own caveats included.</summary>
    public required IReadOnlyList<Caveat> Caveats { get; init; }

    /// <summary>Looks at a data set.</summary>
    /// <exception cref="InvalidInputException">None of the sampled images can be read.</exception>
    public static DatasetFingerprint Of(ImageDataset dataset, FingerprintOptions? options = null)
    {
        options ??= new FingerprintOptions();
        var partial = !options.Full && dataset.StoredLength > options.ByteLimit;
        var compared = partial
            ? [.. ProbeSet.Draw(dataset, options.Probe).Indices.Select(i => (Split.Train, i))]
            : ImageDataset.Splits.SelectMany(s => Enumerable.Range(0, dataset.Count(s)).Select(i => (s, i))).ToList();
        var caveats = dataset.Caveats.ToList();
        var sample = Sample(dataset, options, partial ? [.. compared.Select(c => c.Item2)] : null, caveats);
        var duplicates = Duplicates(dataset, compared);
        var classCounts = ImageDataset.Splits.Where(s => dataset.Count(s) > 0).ToDictionary(s => s, s => (IReadOnlyList<int>)dataset.LabelCounts(s));
        caveats.AddRange(Judge(dataset, classCounts[Split.Train], sample, duplicates, partial ? compared.Count : null));
        return new DatasetFingerprint
        {
            Name = dataset.Name,
            Description = dataset.Description,
            Kind = dataset.Kind,
            ClassNames = dataset.ClassNames,
            Counts = classCounts.Keys.ToDictionary(s => s, dataset.Count),
            ClassCounts = classCounts,
            SampledCount = sample.Shapes.Count,
            Width = Extent.Of(sample.Shapes.Select(s => s.Width)),
            Height = Extent.Of(sample.Shapes.Select(s => s.Height)),
            Channels = [.. sample.Shapes.Select(s => s.Channels).Distinct().Order()],
            BitDepths = [.. sample.Shapes.Select(s => s.BitDepth).Distinct().Order()],
            Intensity = new Brightness(sample.Min, sample.Sum / sample.SampleCount, sample.Max),
            ConstantCount = sample.Constant.Count,
            ComparedCount = compared.Count,
            DuplicatesInTrain = duplicates.InTrain,
            DuplicatesAcrossSplits = duplicates.Across,
            ConflictingLabels = duplicates.Conflicting,
            Caveats = caveats,
        };
    }

    private static List<int> Spread(int count, int size) => [.. Enumerable.Range(0, size).Select(i => (int)((long)i * count / size))];

    private static SampleFacts Sample(ImageDataset dataset, FingerprintOptions options, List<int>? among, List<Caveat> caveats)
    {
        among ??= [.. Enumerable.Range(0, dataset.Count(Split.Train))];
        var indices = options.Full ? among : [.. Spread(among.Count, Math.Min(among.Count, Math.Max(1, options.SampleSize))).Select(i => among[i])];
        dataset.Prefetch(Split.Train, indices);
        var unreadable = dataset.FindUnreadable(Split.Train, indices);
        caveats.AddRange(unreadable.Select(u => new Caveat("unreadable-image", u.Reason, dataset.Describe(Split.Train, u.Index))));
        var broken = unreadable.Select(u => u.Index).ToHashSet();
        var facts = new SampleFacts();
        foreach (var chunk in indices.Where(i => !broken.Contains(i)).Chunk(64))   // a few hundred large pictures need not be in memory together
        {
            foreach (var (index, image) in chunk.Zip(dataset.Load(Split.Train, chunk))) facts.Add(index, image);
        }
        return facts.Shapes.Count > 0 ? facts : throw new InvalidInputException($"{dataset.Path}: none of the {indices.Count} images looked at can be read. The first: {unreadable[0].Reason}");
    }

    private static (int InTrain, int Across, int Conflicting) Duplicates(ImageDataset dataset, List<(Split Split, int Index)> images)
    {
        var labelOf = Labeller(dataset);
        var keys = dataset.DuplicateKeys(images);
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        var (inTrain, across, conflicting) = (0, 0, 0);
        for (var i = 0; i < images.Count; i++)
        {
            if (first.TryAdd(keys[i], i)) continue;
            var earlier = images[first[keys[i]]];
            if (images[i].Split == Split.Train) inTrain++;
            else if (earlier.Split != images[i].Split) across++;
            if (labelOf(earlier) != labelOf(images[i])) conflicting++;
        }
        return (inTrain, across, conflicting);
    }

    private static Func<(Split Split, int Index), string> Labeller(ImageDataset dataset)
    {
        if (dataset.Kind != TaskKind.MultiLabel) return image => FormattableString.Invariant($"{dataset.Labels(image.Split)[image.Index]}");
        var matrices = ImageDataset.Splits.ToDictionary(s => s, dataset.MultiLabels);
        return image => string.Concat(Enumerable.Range(0, dataset.ClassNames.Count).Select(l => matrices[image.Split][image.Index, l] == 0 ? '0' : '1'));
    }

    private static IEnumerable<Caveat> Judge(
        ImageDataset dataset, IReadOnlyList<int> trainCounts, SampleFacts sample, (int InTrain, int Across, int Conflicting) duplicates, int? comparedOnly)
    {
        if (comparedOnly is { } only)
            yield return new Caveat("duplicates-partly-checked", FormattableString.Invariant($"the data set is large: only the {only} probe images were compared for duplicates, and none across splits."));
        if (duplicates.Across > 0)
            yield return new Caveat("duplicates-across-splits", FormattableString.Invariant($"{duplicates.Across} validation or test images are also in an earlier split: scores on them are too good."));
        if (duplicates.InTrain > 0)
            yield return new Caveat("duplicates-in-train", FormattableString.Invariant($"{duplicates.InTrain} training images repeat another: nearest neighbours will find them."));
        if (duplicates.Conflicting > 0)
            yield return new Caveat("conflicting-labels", FormattableString.Invariant($"{duplicates.Conflicting} images repeat another that has a different label: one of the labels is wrong."));
        if (sample.Constant.Count > 0)
        {
            yield return new Caveat("constant-image", FormattableString.Invariant(
                $"{sample.Constant.Count} of {sample.Shapes.Count} sampled images are of one colour, the first of them {dataset.Describe(Split.Train, sample.Constant[0])}."));
        }
        if (sample.Shapes.Select(s => s.Channels).Distinct().Count() > 1)
        {
            yield return new Caveat("mixed-channels", FormattableString.Invariant(
                $"{sample.Shapes.Count(s => s.Channels == 1)} of {sample.Shapes.Count} sampled images are grey, the others RGB: if classes differ in this, it gives the label away."));
        }
        var present = trainCounts.Where(c => c > 0).ToList();
        if (dataset.Kind != TaskKind.MultiLabel && present.Max() >= Imbalance * present.Min())
        {
            yield return new Caveat("class-imbalance", FormattableString.Invariant(
                $"the largest class has {present.Max()} training images, the smallest {present.Min()}: a draw holds few of it."));
        }
    }

    private sealed class SampleFacts
    {
        public List<(int Width, int Height, int Channels, int BitDepth)> Shapes { get; } = [];

        public List<int> Constant { get; } = [];

        public double Min { get; private set; } = 1;

        public double Max { get; private set; }

        public double Sum { get; private set; }

        public long SampleCount { get; private set; }

        public void Add(int index, Image image)
        {
            var (min, max, sum) = (int.MaxValue, 0, 0L);
            var count = image.Width * image.Height * image.Channels;
            for (var i = 0; i < count; i++)
            {
                var value = image.BitDepth == 8 ? image.Pixels[i] : image.Pixels[2 * i] | (image.Pixels[(2 * i) + 1] << 8);
                min = Math.Min(min, value);
                max = Math.Max(max, value);
                sum += value;
            }
            Shapes.Add((image.Width, image.Height, image.Channels, image.BitDepth));
            if (IsConstant(image)) Constant.Add(index);
            Min = Math.Min(Min, (double)min / image.White);
            Max = Math.Max(Max, (double)max / image.White);
            Sum += (double)sum / image.White;
            SampleCount += count;
        }

        private static bool IsConstant(Image image)
        {
            var pixel = image.Channels * image.BitDepth / 8;
            return image.Pixels.AsSpan(pixel).SequenceEqual(image.Pixels.AsSpan(0, image.Pixels.Length - pixel));
        }
    }
}
