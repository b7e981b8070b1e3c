using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>How the probe's images are chosen.</summary>
public enum Sampling
{
    /// <summary>Without regard to the class, which keeps the shares of the classes in expectation: the published draw.</summary>
    Plain,

    /// <summary>The shares of the classes kept exactly (largest remainder), with at least one image of every class there is.</summary>
    Stratified,
}

/// <summary>How large the probe is and which draw of many.</summary>
public sealed record ProbeOptions
{
    /// <summary>Images for each of the C classes: PerClass·C are drawn in all, whatever the classes' sizes.</summary>
    public int PerClass { get; init; } = 100;

    /// <summary>The same for <see cref="ProbeSet.ValidationIndices"/>.</summary>
    public int ValidationPerClass { get; init; } = 25;

    /// <summary>The published seed is 24.</summary>
    public uint Seed { get; init; } = 24;

    /// <summary>1 to 5: independent draws that follow one another from one seed. Scores use the first.</summary>
    public int Fold { get; init; } = 1;

    public Sampling Sampling { get; init; } = Sampling.Plain;
}

/// <summary>
/// The training images on which networks are measured: a seeded draw without replacement (docs/method.md). The same data set and options give the same images on
/// every machine. Holds no pictures of its own and does not own its data set.
/// </summary>
public sealed class ProbeSet
{
    private const int Folds = 5;
    private const int FewImages = 5;   // below this the 5 nearest neighbours of S_LP must reach into other classes

    private const string AllThereAre = "These are all there are: add images.";

    private readonly Lazy<string> contentHash;

    private ProbeSet(ImageDataset dataset, ProbeOptions options, IReadOnlyList<int> indices, IReadOnlyList<int> validation, IReadOnlyList<Caveat> caveats)
    {
        if (dataset.Kind == TaskKind.MultiLabel)
        {
            var findings = dataset.MultiLabels(Split.Train);
            MultiLabels = [.. indices.SelectMany(i => Enumerable.Range(0, findings.GetLength(1)).Select(l => findings[i, l]))];
        }
        else
        {
            var labels = dataset.Labels(Split.Train);
            Labels = [.. indices.Select(i => labels[i])];
        }
        (Dataset, Options, Indices, ValidationIndices, Caveats) = (dataset, options, indices, validation, caveats);
        contentHash = new(() => dataset.ContentHash(Split.Train, indices));
    }

    public ImageDataset Dataset { get; }

    public ProbeOptions Options { get; }

    /// <summary>n positions in the train split, in the order drawn.</summary>
    public IReadOnlyList<int> Indices { get; }

    /// <summary>The label of each, 0…C−1; empty where the task is multi-label.</summary>
    public IReadOnlyList<int> Labels { get; } = [];

    /// <summary>Of a multi-label task: n×C of 0 and 1, row by row; else empty.</summary>
    public byte[] MultiLabels { get; } = [];

    public bool IsMultiLabel => Dataset.Kind == TaskKind.MultiLabel;

    /// <summary>How many images of each class, or with each finding.</summary>
    public IReadOnlyList<int> ClassSizes => [.. Enumerable.Range(0, ClassCount).Select(c => IsMultiLabel ? Enumerable.Range(0, Count).Count(i => MultiLabels[(i * ClassCount) + c] == 1) : Labels.Count(y => y == c))];

    /// <summary>C: the data set's classes (of a multi-label set, findings), also those without an image here.</summary>
    public int ClassCount => Dataset.ClassNames.Count;

    public int Count => Indices.Count;

    /// <summary>The validation images that the published fine-tuning used with this draw: all in their order where there are no more than 25·C. Not checked for readability.</summary>
    public IReadOnlyList<int> ValidationIndices { get; }

    /// <summary>What a reader of scores on this probe must know, the data set's own caveats included.</summary>
    public IReadOnlyList<Caveat> Caveats { get; }

    /// <summary>SHA-256 over the images' stored bytes and labels in this order: the same hash, the same measurements. Computed on first use.</summary>
    public string ContentHash => contentHash.Value;

    /// <summary>Draws a probe and, where images are files, checks that each can be decoded: one that cannot is left out with a caveat.</summary>
    /// <exception cref="InvalidInputException">Nothing can be measured: one class, no class with two images, no finding that tells images apart; or a stratified draw of a multi-label set.</exception>
    public static ProbeSet Draw(ImageDataset dataset, ProbeOptions? options = null)
    {
        options ??= new ProbeOptions();
        if (options.PerClass < 1 || options.ValidationPerClass < 1) throw new InvalidInputException($"Images per class must be at least 1; got {Math.Min(options.PerClass, options.ValidationPerClass)}.");
        if (options.Fold is < 1 or > Folds) throw new InvalidInputException($"Fold {options.Fold} does not exist: there are the folds 1 to {Folds}.");
        if (dataset.Kind == TaskKind.MultiLabel && options.Sampling == Sampling.Stratified)
            throw new InvalidInputException($"{dataset.Path}: multi-label, and a draw cannot keep the shares of classes where an image may have several. Use --sampling plain.");

        var (indices, validation) = DrawIndices(dataset, options);
        var caveats = dataset.Caveats.ToList();
        var unreadable = dataset.FindUnreadable(Split.Train, indices);
        if (unreadable.Count > 0)
        {
            var broken = unreadable.Select(u => u.Index).ToHashSet();
            indices = [.. indices.Where(i => !broken.Contains(i))];
            caveats.AddRange(unreadable.Select(u => Unreadable(dataset.Describe(Split.Train, u.Index), u.Reason)));
        }
        var probe = new ProbeSet(dataset, options, indices, validation, caveats);
        caveats.AddRange(dataset.Kind == TaskKind.MultiLabel ? JudgeFindings(probe) : Judge(dataset, options, probe.Labels));
        caveats.AddRange(FewerThanAsked(probe));
        return probe;
    }

    /// <summary>Reads some of the images, in the probe's order.</summary>
    /// <param name="start">The first, counted in the probe.</param>
    /// <param name="count">How many.</param>
    /// <param name="wantedSide">See <see cref="ImageDataset.Load"/>.</param>
    public IReadOnlyList<Image> Load(int start, int count, int? wantedSide = null)
    {
        Dataset.Prefetch(Split.Train, Indices);
        return Dataset.Load(Split.Train, [.. Indices.Skip(start).Take(count)], wantedSide);
    }

    /// <summary>All images in the probe's order, so many at a time: one batch is in memory at once where the format allows.</summary>
    public IEnumerable<IReadOnlyList<Image>> LoadInBatches(int batchSize, int? wantedSide = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        for (var start = 0; start < Count; start += batchSize) yield return Load(start, Math.Min(batchSize, Count - start), wantedSide);
    }

    // One generator for all folds; in each the training images come first (docs/method.md): the order is part of the published draw.
    private static (IReadOnlyList<int> Train, IReadOnlyList<int> Validation) DrawIndices(ImageDataset dataset, ProbeOptions options)
    {
        var random = new NumpyRandom(options.Seed);
        long classes = dataset.ClassNames.Count;
        int[] train = [], validation = [];
        for (var fold = 1; fold <= options.Fold; fold++)
        {
            train = DrawFrom(dataset, Split.Train, Math.Min(options.PerClass * classes, dataset.Count(Split.Train)), options.Sampling, random);
            var wanted = options.ValidationPerClass * classes;
            validation = dataset.Count(Split.Validation) > wanted
                ? DrawFrom(dataset, Split.Validation, wanted, options.Sampling, random)
                : [.. Enumerable.Range(0, dataset.Count(Split.Validation))];
        }
        return (train, validation);
    }

    private static int[] DrawFrom(ImageDataset dataset, Split split, long size, Sampling sampling, NumpyRandom random)
    {
        if (sampling == Sampling.Plain) return random.Choice(dataset.Count(split), (int)size);
        var labels = dataset.Labels(split);
        var members = Enumerable.Range(0, labels.Count).GroupBy(i => labels[i]).OrderBy(g => g.Key).Select(g => g.ToArray()).ToList();
        var shares = Allocate([.. members.Select(m => m.Length)], (int)size);
        var drawn = members.SelectMany((m, c) => random.Choice(m.Length, shares[c]).Select(i => m[i])).ToArray();
        random.Shuffle<int>(drawn);
        return drawn;
    }

    /// <summary>Shares of <paramref name="size"/> in proportion to the counts, by largest remainder (ties: the first), none below 1.</summary>
    internal static int[] Allocate(IReadOnlyList<int> counts, int size)
    {
        var total = counts.Sum(c => (long)c);
        var shares = counts.Select(c => (int)(c * (long)size / total)).ToArray();
        var byRemainder = Enumerable.Range(0, counts.Count).OrderByDescending(c => counts[c] * (long)size % total).Take(size - shares.Sum());
        foreach (var c in byRemainder.ToList()) shares[c]++;
        for (var c = 0; c < shares.Length; c++)
        {
            if (shares[c] > 0) continue;
            shares[Array.IndexOf(shares, shares.Max())]--;
            shares[c] = 1;
        }
        return shares;
    }

    private static List<Caveat> Judge(ImageDataset dataset, ProbeOptions options, IReadOnlyList<int> labels)
    {
        var counts = new int[dataset.ClassNames.Count];
        foreach (var label in labels) counts[label]++;
        var remedy = labels.Count == dataset.Count(Split.Train) ? AllThereAre : options.Sampling == Sampling.Plain ? "Draw more images per class, or draw stratified." : "Draw more images per class.";
        if (counts.Count(c => c > 0) < 2)
            throw new InvalidInputException($"{dataset.Path}: all {labels.Count} images drawn are of one class, so nothing can be measured. {remedy}");
        if (counts.Max() < 2)
            throw new InvalidInputException($"{dataset.Path}: no class has two images among the {labels.Count} drawn, so nothing can be measured. {remedy}");

        var caveats = new List<Caveat>();
        var present = dataset.Labels(Split.Train).ToHashSet();
        for (var c = 0; c < counts.Length; c++)
        {
            if (counts[c] == 0 && present.Contains(c))
                caveats.Add(new Caveat("class-absent", $"class '{dataset.ClassNames[c]}' has training images, but none was drawn."));
            else if (counts[c] is > 0 and < FewImages)
                caveats.Add(new Caveat("small-class", FormattableString.Invariant($"class '{dataset.ClassNames[c]}' has {counts[c]} probe image{(counts[c] == 1 ? "" : "s")}; fewer than {FewImages} say little.")));
        }
        return caveats;
    }

    private static List<Caveat> JudgeFindings(ProbeSet probe)
    {
        var (dataset, n, width) = (probe.Dataset, probe.Count, probe.ClassCount);
        var (drawn, all) = (new int[width], new int[width]);
        for (var i = 0; i < probe.MultiLabels.Length; i++) drawn[i % width] += probe.MultiLabels[i];
        var train = dataset.MultiLabels(Split.Train);
        for (var i = 0; i < train.GetLength(0); i++)
            for (var l = 0; l < width; l++) all[l] += train[i, l];
        if (drawn.All(d => d == 0 || d == n))
            throw new InvalidInputException($"{dataset.Path}: no finding is in some of the {n} images drawn and absent from others, so nothing can be measured. {(n == dataset.Count(Split.Train) ? AllThereAre : "Draw more images per finding.")}");

        var caveats = new List<Caveat>();
        for (var l = 0; l < width; l++)
        {
            var name = dataset.ClassNames[l];
            if (all[l] == 0)
                caveats.Add(new Caveat("class-without-images", $"finding '{name}' is in no training image, so nothing about it can be measured."));
            else if (drawn[l] == 0)
                caveats.Add(new Caveat("class-absent", $"finding '{name}' is in training images, but in none that was drawn."));
            else if (drawn[l] == n)
                caveats.Add(new Caveat("class-everywhere", $"finding '{name}' is in every probe image, so nothing about it can be measured."));
            else if (Math.Min(drawn[l], n - drawn[l]) < FewImages)
                caveats.Add(new Caveat("small-class", FormattableString.Invariant($"finding '{name}' is {(drawn[l] < n - drawn[l] ? "in" : "absent from")} {Math.Min(drawn[l], n - drawn[l])} of {n} probe images; fewer than {FewImages} say little.")));
        }
        return caveats;
    }

    private static IEnumerable<Caveat> FewerThanAsked(ProbeSet probe)
    {
        var asked = (long)probe.Options.PerClass * probe.ClassCount;
        if (probe.Count < asked)
            yield return new Caveat("fewer-than-asked", FormattableString.Invariant($"{probe.Count} images are measured instead of {asked} ({probe.Options.PerClass} for each of {probe.ClassCount} {(probe.IsMultiLabel ? "findings" : "classes")}), since there are no more that could be drawn and read."));
    }

    private static Caveat Unreadable(string image, string reason)
    {
        var why = reason.StartsWith(image + ": ", StringComparison.Ordinal) ? reason[(image.Length + 2)..] : reason;
        return new Caveat("unreadable-image", why + " It was left out.", image);
    }
}
