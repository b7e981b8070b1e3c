using ZooRank.Data;
using ZooRank.Runs;

namespace ZooRank.FineTuning;

/// <summary>
/// The images of a target task that its runs are trained, selected and tested on: a seeded draw of the train and of the validation split, and the whole test split.
/// Holds no pictures and does not own its data set.
/// </summary>
public sealed class FineTuningTarget
{
    private FineTuningTarget(ImageDataset dataset, ProbeSet train, IReadOnlyList<int> validation, IReadOnlyList<int> test, IReadOnlyList<Caveat> caveats)
    {
        (Dataset, Train, Validation, Test, Caveats) = (dataset, train, validation, test, caveats);
        Identity = new RunTarget
        {
            Name = dataset.Name,
            Kind = dataset.Kind switch { TaskKind.Binary => "binary", TaskKind.MultiClass => "multi_class", _ => "multi_label" },
            ClassCount = dataset.ClassNames.Count,
            TrainImages = train.Count,
            ValidationImages = validation.Count,
            TestImages = test.Count,
            TrainSha256 = train.ContentHash,
            ValidationSha256 = dataset.ContentHash(Split.Validation, validation),
            TestSha256 = dataset.ContentHash(Split.Test, test),
            TrainPerClass = train.Options.PerClass,
            ValidationPerClass = train.Options.ValidationPerClass,
            DrawSeed = train.Options.Seed,
            Fold = train.Options.Fold,
            Sampling = train.Options.Sampling.ToString().ToLowerInvariant(),
        };
    }

    public ImageDataset Dataset { get; }

    /// <summary>The images trained on: the same that a ranking measures with the same draw.</summary>
    public ProbeSet Train { get; }

    /// <summary>Positions in the validation split.</summary>
    public IReadOnlyList<int> Validation { get; }

    /// <summary>Positions in the test split: all that can be read.</summary>
    public IReadOnlyList<int> Test { get; }

    /// <summary>What a reader of the results must know.</summary>
    public IReadOnlyList<Caveat> Caveats { get; }

    /// <summary>As runs record it.</summary>
    public RunTarget Identity { get; }

    /// <summary>Draws the images. A data set without validation or test images has them held out of its train split first (<see cref="HeldOutDataset"/>).</summary>
    /// <exception cref="InvalidInputException">Nothing can be learned or tested: one class among the images of a split.</exception>
    public static FineTuningTarget Draw(ImageDataset dataset, ProbeOptions? options = null)
    {
        options ??= new();
        var complete = HeldOutDataset.Complete(dataset, options.Seed);
        var train = ProbeSet.Draw(complete, options);
        var caveats = train.Caveats.ToList();
        var validation = Readable(complete, Split.Validation, train.ValidationIndices, caveats);
        var test = Readable(complete, Split.Test, [.. Enumerable.Range(0, complete.Count(Split.Test))], caveats);
        Judge(complete, Split.Validation, validation, caveats);
        Judge(complete, Split.Test, test, caveats);
        return new FineTuningTarget(complete, train, validation, test, caveats);
    }

    private static IReadOnlyList<int> Readable(ImageDataset dataset, Split split, IReadOnlyList<int> indices, List<Caveat> caveats)
    {
        var broken = dataset.FindUnreadable(split, indices);
        if (broken.Count == 0) return indices;
        caveats.AddRange(broken.Select(b => new Caveat("unreadable-image", $"{b.Reason} It was left out.", dataset.Describe(split, b.Index))));
        var left = broken.Select(b => b.Index).ToHashSet();
        return [.. indices.Where(i => !left.Contains(i))];
    }

    // An AUC needs positives and negatives of every class it is the mean over.
    private static void Judge(ImageDataset dataset, Split split, IReadOnlyList<int> indices, List<Caveat> caveats)
    {
        var counts = dataset.LabelCounts(split, indices);
        var unusable = Enumerable.Range(0, counts.Length).Where(c => counts[c] == 0 || counts[c] == indices.Count).ToList();
        var name = split.ToString().ToLowerInvariant();
        if (unusable.Count == counts.Length)
            throw new InvalidInputException($"{dataset.Path}: no class tells its {indices.Count} {name} images apart, so there is no {name} AUC. Give the {name} split images of two classes at least.");
        if (unusable.Count > 0)
            caveats.Add(new Caveat("class-not-tested", $"{string.Join(", ", unusable.Select(c => $"'{dataset.ClassNames[c]}'"))}: no AUC among the {name} images, which all have it or all lack it; the mean is over the other classes."));
    }
}
