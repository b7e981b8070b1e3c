using ZooRank.Downloads;
using ZooRank.Imaging;

namespace ZooRank.Data;

/// <summary>
/// Several data sets as one multi-label problem: each class of each is a label, and an image lacks all labels but its own. A multi-label set brings one label more, "no finding", for its images without
/// any. Labels that mean the same can be shared; those of MedMNIST are by themselves, as in arXiv 2412.20172: all twelve of its sets have 69 labels. Does not own the data sets.
/// </summary>
/// <remarks>
/// The rules, here and in <see cref="Join"/>, have two forms. <c>a, b, c</c>: classes of one name in these sets are one label. <c>a: x = b: y</c>: class x of set a and class y of set b are.
/// MedMNIST's sets go by their names whatever their size (organamnist is organamnist_64 too).
/// </remarks>
public sealed class JoinedDataset : ImageDataset
{
    /// <summary>What the images of a multi-label set without any finding are labelled.</summary>
    public const string NoFinding = "no finding";

    private static readonly string[] MedMnistShares =
    [
        "organamnist, organcmnist, organsmnist",
        $"chestmnist: {NoFinding} = pneumoniamnist: normal",
        "chestmnist: pneumonia = pneumoniamnist: pneumonia",
    ];

    private readonly IReadOnlyList<int[]> columns;   // by set: the label of each of its classes
    private readonly Dictionary<Split, byte[,]> labels = [];

    private JoinedDataset(IReadOnlyList<ImageDataset> sets, IReadOnlyList<int[]> columns) => (Sets, this.columns) = (sets, columns);

    /// <summary>The joined data sets. Their images follow one another in each split.</summary>
    public IReadOnlyList<ImageDataset> Sets { get; }

    public override string Description => $"{Sets.Count} data sets joined, {CountsInWords()}, {ClassNames.Count} labels";

    /// <summary>Joins data sets.</summary>
    /// <param name="sets">The data sets, whose names must differ.</param>
    /// <param name="leaveOut">Names of those that stay outside: the target for which a source is wanted.</param>
    /// <param name="share">Rules of labels that mean the same, beside MedMNIST's own.</param>
    /// <returns>The join; the data set itself where one is left.</returns>
    /// <exception cref="InvalidInputException">Names are unknown or given twice, none is left, or a rule cannot be read or fits nothing.</exception>
    public static ImageDataset Join(IReadOnlyList<ImageDataset> sets, IReadOnlyList<string>? leaveOut = null, IReadOnlyList<string>? share = null)
    {
        if (sets.GroupBy(s => s.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"{string.Join(" and ", twice.Select(s => s.Path))}: both are called '{twice.Key}', so their labels could not be told apart. Rename one.");
        var outside = (leaveOut ?? []).Select(name => sets.FirstOrDefault(s => IsCalled(s, name)) ?? throw Suggestions.Unknown("data set to leave out", name, [.. sets.Select(s => s.Name)])).ToList();
        var inside = sets.Except(outside).ToList();
        if (inside.Count == 0) throw new InvalidInputException("every data set is left out, so there is nothing to train on. Name more with --data.");
        var same = MedMnistShares.SelectMany(rule => Shared(rule, inside, [], strict: false)).Concat((share ?? []).SelectMany(rule => Shared(rule, inside, outside, strict: true))).ToList();
        return inside is [var only] ? only : Of(inside, same);
    }

    public override int Count(Split split) => Sets.Sum(s => s.Count(split));

    public override byte[,] MultiLabels(Split split)
    {
        lock (labels)
        {
            if (labels.TryGetValue(split, out var known)) return known;
            var all = new byte[Count(split), ClassNames.Count];
            for (var s = 0; s < Sets.Count; s++) Fill(all, Start(s, split), Sets[s], split, columns[s]);
            return labels[split] = all;
        }
    }

    public override IReadOnlyList<Image> Load(Split split, IReadOnlyList<int> indices, int? wantedSide = null)
    {
        var images = new Image[indices.Count];
        foreach (var part in Parts(split, indices))
        {
            foreach (var (place, image) in part.Places.Zip(part.Set.Load(split, part.Indices, wantedSide))) images[place] = image;
        }
        return images;
    }

    public override void Prefetch(Split split, IReadOnlyList<int> indices)
    {
        foreach (var part in Parts(split, indices)) part.Set.Prefetch(split, part.Indices);
    }

    public override string Describe(Split split, int index) => Parts(split, [index]).Select(p => p.Set.Describe(split, p.Indices[0])).Single();

    public override IReadOnlyList<(int Index, string Reason)> FindUnreadable(Split split, IReadOnlyList<int> indices) =>
        [.. Parts(split, indices).SelectMany(p => p.Set.FindUnreadable(split, p.Indices).Select(u => (u.Index + p.Start, u.Reason))).OrderBy(u => u.Item1)];

    /// <summary>Where a set's images begin in a split.</summary>
    public int Start(int set, Split split) => Sets.Take(set).Sum(s => s.Count(split));

    internal override long StoredLength => Sets.Sum(s => s.StoredLength);

    /// <summary>The same labels over other splits of the same data sets.</summary>
    internal JoinedDataset With(Func<ImageDataset, ImageDataset> change)
    {
        var changed = Sets.Select(change).ToList();
        return new JoinedDataset(changed, columns) { Name = Name, Path = Path, Kind = Kind, ClassNames = ClassNames, Caveats = CaveatsOf(changed) };
    }

    internal override IReadOnlyList<string> DuplicateKeys(IReadOnlyList<(Split Split, int Index)> images)
    {
        var keys = new string[images.Count];
        foreach (var group in images.Select((image, place) => (image.Split, image.Index, place)).GroupBy(i => i.Split))
        {
            var places = group.Select(g => g.place).ToArray();
            foreach (var part in Parts(group.Key, [.. group.Select(g => g.Index)]))
                foreach (var (place, key) in part.Places.Zip(part.Set.DuplicateKeys([.. part.Indices.Select(i => (group.Key, i))]))) keys[places[place]] = key;
        }
        return keys;
    }

    protected internal override (string Shape, byte[] Bytes) StoredBytes(Split split, int index) => Parts(split, [index]).Select(p => p.Set.StoredBytes(split, p.Indices[0])).Single();

    private IEnumerable<(ImageDataset Set, int Start, int[] Indices, int[] Places)> Parts(Split split, IReadOnlyList<int> indices)
    {
        for (var (s, start) = (0, 0); s < Sets.Count; start += Sets[s++].Count(split))
        {
            var (first, end) = (start, start + Sets[s].Count(split));
            int[] places = [.. Enumerable.Range(0, indices.Count).Where(p => indices[p] >= first && indices[p] < end)];
            if (places.Length > 0) yield return (Sets[s], first, Array.ConvertAll(places, p => indices[p] - first), places);
        }
    }

    private static JoinedDataset Of(List<ImageDataset> sets, List<((int Set, int Class) A, (int Set, int Class) B)> same)
    {
        // Each class a label; then of those that mean the same all are the first.
        var classes = sets.SelectMany((set, s) => Classes(set).Select((_, c) => (Set: s, Class: c))).ToList();
        var first = classes.ToDictionary(c => c, c => c);
        (int, int) Root((int, int) c) => first[c] == c ? c : Root(first[c]);
        foreach (var (a, b) in same)
        {
            var (low, high) = (Root(a), Root(b));
            if (classes.IndexOf(low) > classes.IndexOf(high)) (low, high) = (high, low);
            first[high] = low;
        }
        var roots = classes.Where(c => first[c] == c).ToList();
        string Name((int Set, int Class) c) => $"{sets[c.Set].Name}: {Classes(sets[c.Set])[c.Class]}";
        return new JoinedDataset(sets, [.. sets.Select((set, s) => Classes(set).Select((_, c) => roots.IndexOf(Root((s, c)))).ToArray())])
        {
            Name = sets.Count >= MedMnistCatalogue.All.Count - 1 && sets.All(s => MedMnistName(s) is not null) ? "medmnist" : string.Join(" + ", sets.Select(s => s.Name)),
            Path = string.Join(" + ", sets.Select(s => s.Path)),
            Kind = TaskKind.MultiLabel,
            ClassNames = [.. roots.Select(root => string.Join(" = ", classes.Where(c => Root(c) == root).Select(Name)))],
            Caveats = CaveatsOf(sets),
        };
    }

    private static IReadOnlyList<Caveat> CaveatsOf(IEnumerable<ImageDataset> sets) => [.. sets.SelectMany(s => s.Caveats.Select(c => c.About is null ? c with { About = s.Name } : c))];

    private static void Fill(byte[,] all, int start, ImageDataset set, Split split, int[] columns)
    {
        if (set.Kind != TaskKind.MultiLabel)
        {
            var own = set.Labels(split);
            for (var i = 0; i < own.Count; i++) all[start + i, columns[own[i]]] = 1;
            return;
        }
        var findings = set.MultiLabels(split);
        var width = findings.GetLength(1);
        for (var i = 0; i < findings.GetLength(0); i++)
        {
            var any = false;
            for (var l = 0; l < width; l++)
            {
                if (findings[i, l] == 0) continue;
                all[start + i, columns[l]] = 1;
                any = true;
            }
            if (!any) all[start + i, columns[width]] = 1;
        }
    }

    private static IReadOnlyList<string> Classes(ImageDataset set) => set.Kind == TaskKind.MultiLabel ? [.. set.ClassNames, NoFinding] : set.ClassNames;

    private static string? MedMnistName(ImageDataset set) => MedMnistCatalogue.All.FirstOrDefault(m => m.Name.Equals(set.Name.Split('_')[0], StringComparison.OrdinalIgnoreCase) && m.Classes.SequenceEqual(set.ClassNames))?.Name;

    private static bool IsCalled(ImageDataset set, string name) => set.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || set.Path == name || MedMnistName(set) == name;

    // The pairs of classes that a rule makes one. Sets that were left out are known and fit nothing; MedMNIST's own rules need not fit either.
    private static IEnumerable<((int, int), (int, int))> Shared(string rule, List<ImageDataset> sets, List<ImageDataset> outside, bool strict)
    {
        const string Forms = "Write 'SET, SET' for the classes that they have in common, or 'SET: CLASS = SET: CLASS'.";
        int? Set(string name)
        {
            var set = sets.FindIndex(s => IsCalled(s, name));
            if (set >= 0) return set;
            return !strict || outside.Any(s => IsCalled(s, name)) ? null : throw new InvalidInputException($"--share '{rule}': {Suggestions.Unknown("data set", name, [.. sets.Concat(outside).Select(s => s.Name)]).Message}");
        }
        if (rule.Contains(" = ", StringComparison.Ordinal))
        {
            var found = new List<(int, int)>();
            foreach (var side in rule.Split(" = "))
            {
                if (side.Split(": ", 2) is not [var name, var className]) throw new InvalidInputException($"--share '{rule}': '{side}' names no class. {Forms}");
                if (Set(name.Trim()) is not { } set) continue;
                var classes = Classes(sets[set]);
                var index = classes.ToList().FindIndex(c => c.Equals(className.Trim(), StringComparison.OrdinalIgnoreCase));
                if (index >= 0) found.Add((set, index));
                else if (strict) throw new InvalidInputException($"--share '{rule}': {Suggestions.Unknown($"class of {sets[set].Name}", className.Trim(), [.. classes]).Message}");
            }
            return found.Skip(1).Select(other => (found[0], other));
        }
        var names = rule.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length < 2) throw new InvalidInputException($"--share '{rule}': one data set shares nothing. {Forms}");
        var members = names.Select(Set).OfType<int>().Distinct().ToList();
        var common = members.SelectMany(s => Classes(sets[s]).Select((name, c) => (Name: name, Class: (s, c)))).GroupBy(c => c.Name, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1).ToList();
        if (strict && members.Count > 1 && common.Count == 0)
            throw new InvalidInputException($"--share '{rule}': no class of one has the name of another's ({string.Join("; ", members.Select(s => string.Join(", ", sets[s].ClassNames)))}). Name the classes: 'SET: CLASS = SET: CLASS'.");
        return common.SelectMany(g => g.Skip(1).Select(other => (g.First().Class, other.Class)));
    }
}
