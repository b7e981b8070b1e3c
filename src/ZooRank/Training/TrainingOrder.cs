using ZooRank.Data;

namespace ZooRank.Training;

/// <summary>Which images an epoch shows, in which order.</summary>
public enum TrainingSampling
{
    /// <summary>As many draws as there are images, with replacement: a class drawn uniformly, then one of its images. Every class is seen equally often, whatever its size.</summary>
    Balanced,

    /// <summary>Each image once, in random order.</summary>
    Plain,
}

/// <summary>
/// The order of the images in each epoch. Balanced, a class of a multi-label task is a label: an image with two of them can be drawn for either, and the images without any are a class of
/// their own. Classes without images are never drawn.
/// </summary>
internal sealed class TrainingOrder
{
    private readonly int count;
    private readonly int[][]? members;   // null: plain

    public TrainingOrder(ImageDataset dataset, TrainingSampling sampling)
    {
        count = dataset.Count(Split.Train);
        members = sampling == TrainingSampling.Balanced ? Members(dataset) : null;
    }

    /// <summary>Positions in the train split, as many as it has images.</summary>
    public int[] Of(int seed, int epoch)
    {
        var random = new CounterRandom(seed, epoch, -1 - (long)RandomStream.Order);
        var order = new int[count];
        if (members is null)
        {
            // Fisher and Yates, from the inside.
            for (var i = 0; i < count; i++)
            {
                var j = random.Below(i + 1);
                (order[i], order[j]) = (order[j], i);
            }
            return order;
        }
        for (var i = 0; i < count; i++)
        {
            var images = members[random.Below(members.Length)];
            order[i] = images[random.Below(images.Length)];
        }
        return order;
    }

    private static int[][] Members(ImageDataset dataset)
    {
        if (dataset.Kind != TaskKind.MultiLabel)
        {
            var labels = dataset.Labels(Split.Train);
            return [.. Enumerable.Range(0, labels.Count).GroupBy(i => labels[i]).OrderBy(g => g.Key).Select(g => g.ToArray())];
        }
        var findings = dataset.MultiLabels(Split.Train);
        var width = findings.GetLength(1);
        var byLabel = Enumerable.Range(0, width + 1).Select(_ => new List<int>()).ToArray();   // the last: none
        for (var i = 0; i < findings.GetLength(0); i++)
        {
            var any = false;
            for (var l = 0; l < width; l++)
            {
                if (findings[i, l] == 0) continue;
                byLabel[l].Add(i);
                any = true;
            }
            if (!any) byLabel[width].Add(i);
        }
        return [.. byLabel.Where(m => m.Count > 0).Select(m => m.ToArray())];
    }
}
