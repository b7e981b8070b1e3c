using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>
/// A data set whose missing validation or test split is held out of its train split: a share of the images for each that is missing, the shares of the classes kept,
/// and all images of one patient (or other group) on one side. Seeded; the same on every machine. Does not own the data set.
/// </summary>
public sealed class HeldOutDataset : ImageDataset
{
    private readonly ImageDataset whole;
    private readonly Dictionary<Split, int[]> places = [];   // of the splits that come from the train split

    private HeldOutDataset(ImageDataset whole) => this.whole = whole;

    public override string Description => $"{whole.Description}; {string.Join(" and ", places.Where(p => p.Key != Split.Train).Select(p => $"{p.Value.Length} {p.Key.ToString().ToLowerInvariant()}"))} images held out of the train split";

    /// <summary>The data set itself where it has all three splits.</summary>
    /// <exception cref="InvalidInputException">There are too few images to hold any out.</exception>
    public static ImageDataset Complete(ImageDataset dataset, uint seed) => HoldOut(dataset, [Split.Test, Split.Validation], 0.2, seed);

    /// <summary>The data set itself where it has these splits; else each that is missing is this share of the train split.</summary>
    /// <exception cref="InvalidInputException">There are too few images to hold any out.</exception>
    public static ImageDataset HoldOut(ImageDataset dataset, IReadOnlyList<Split> splits, double share, uint seed)
    {
        Split[] missing = [.. splits.Where(s => dataset.Count(s) == 0)];
        if (missing.Length == 0) return dataset;
        var words = string.Join(" and ", missing.Select(s => s.ToString().ToLowerInvariant()));
        var result = new HeldOutDataset(dataset)
        {
            Name = dataset.Name,
            Path = dataset.Path,
            Kind = dataset.Kind,
            ClassNames = dataset.ClassNames,
            Caveats = [.. dataset.Caveats, new Caveat("held-out", $"no {words} split: {100 * share:0} % of the train split's images {(missing.Length == 1 ? "are" : "each are")} held out for {(missing.Length == 1 ? "it" : "them")}{(dataset.Groups(Split.Train) is null ? ", image by image, since no patients are stated: pictures of one patient may be on both sides, which flatters the AUC" : ", patient by patient")}.")],
        };
        var random = new NumpyRandom(seed);
        var left = Enumerable.Range(0, dataset.Count(Split.Train)).ToArray();
        var wanted = (int)(left.Length * share);
        foreach (var split in missing)
        {
            if (wanted == 0) throw new InvalidInputException($"{dataset.Path}: no {words} split, and {left.Length} images are too few to hold any out. Give it that split.");
            var held = Draw(dataset, left, wanted, random);
            result.places[split] = [.. left.Where(held.Contains)];
            left = [.. left.Where(i => !held.Contains(i))];
        }
        result.places[Split.Train] = left;
        return result;
    }

    public override int Count(Split split) => places.TryGetValue(split, out var own) ? own.Length : whole.Count(split);

    public override IReadOnlyList<int> Labels(Split split) => Pick(split, whole.Labels);

    public override byte[,] MultiLabels(Split split)
    {
        if (!places.TryGetValue(split, out var own)) return whole.MultiLabels(split);
        var all = whole.MultiLabels(Split.Train);
        var result = new byte[own.Length, all.GetLength(1)];
        for (var i = 0; i < own.Length; i++)
            for (var l = 0; l < all.GetLength(1); l++) result[i, l] = all[own[i], l];
        return result;
    }

    public override IReadOnlyList<string>? Groups(Split split) => whole.Groups(places.ContainsKey(split) ? Split.Train : split) is null ? null : Pick(split, s => whole.Groups(s)!);

    public override IReadOnlyList<Image> Load(Split split, IReadOnlyList<int> indices, int? wantedSide = null)
    {
        var (s, i) = Of(split, indices);
        return whole.Load(s, i, wantedSide);
    }

    public override void Prefetch(Split split, IReadOnlyList<int> indices)
    {
        var (s, i) = Of(split, indices);
        whole.Prefetch(s, i);
    }

    public override string Describe(Split split, int index)
    {
        var (s, i) = Of(split, [index]);
        return whole.Describe(s, i[0]);
    }

    public override IReadOnlyList<(int Index, string Reason)> FindUnreadable(Split split, IReadOnlyList<int> indices)
    {
        var (s, mapped) = Of(split, indices);
        var back = mapped.Zip(indices).ToDictionary(p => p.First, p => p.Second);
        return [.. whole.FindUnreadable(s, mapped).Select(u => (back[u.Index], u.Reason))];
    }

    internal override long StoredLength => whole.StoredLength;

    internal override IReadOnlyList<string> DuplicateKeys(IReadOnlyList<(Split Split, int Index)> images) => whole.DuplicateKeys([.. images.Select(image =>
    {
        var (s, i) = Of(image.Split, [image.Index]);
        return (s, i[0]);
    })]);

    protected internal override (string Shape, byte[] Bytes) StoredBytes(Split split, int index)
    {
        var (s, i) = Of(split, [index]);
        return whole.StoredBytes(s, i[0]);
    }

    private (Split, IReadOnlyList<int>) Of(Split split, IReadOnlyList<int> indices) =>
        places.TryGetValue(split, out var own) ? (Split.Train, [.. indices.Select(i => own[i])]) : (split, indices);

    private IReadOnlyList<T> Pick<T>(Split split, Func<Split, IReadOnlyList<T>> of) => places.TryGetValue(split, out var own) && of(Split.Train) is var all ? [.. own.Select(i => all[i])] : of(split);

    // Whole groups in a random order, each taken while the class it mostly shows still lacks images.
    private static HashSet<int> Draw(ImageDataset dataset, int[] from, int wanted, NumpyRandom random)
    {
        var groupOf = dataset.Groups(Split.Train);
        var findings = dataset.Kind == TaskKind.MultiLabel ? dataset.MultiLabels(Split.Train) : null;
        var labels = findings is null ? dataset.Labels(Split.Train) : [];
        // Of several findings the first.
        int Label(int image) => findings is null ? labels[image] : Enumerable.Range(0, findings.GetLength(1)).TakeWhile(l => findings[image, l] == 0).Count();
        var groups = from.GroupBy(i => groupOf?[i] ?? FormattableString.Invariant($"{i}")).Select(g => g.ToArray()).ToArray();
        random.Shuffle<int[]>(groups);
        var classes = from.Select(Label).Distinct().Order().ToArray();
        int[] counts = [.. classes.Select(c => from.Count(i => Label(i) == c))];
        // A class's only image stays where it can be learned.
        var lacking = classes.Index().Zip(ProbeSet.Allocate(counts, Math.Max(wanted, classes.Length)), (c, share) => (c.Item, Share: Math.Min(share, counts[c.Index] - 1))).ToDictionary(p => p.Item, p => p.Share);
        var held = new HashSet<int>();
        foreach (var group in groups)
        {
            var main = group.GroupBy(Label).MaxBy(g => g.Count())!.Key;
            if (lacking[main] <= 0) continue;
            foreach (var image in group)
            {
                held.Add(image);
                lacking[Label(image)]--;
            }
        }
        return held;
    }
}
