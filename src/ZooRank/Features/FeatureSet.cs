namespace ZooRank.Features;

/// <summary>What one source model says about one probe set: all that the metrics need, and nothing of torch.</summary>
public sealed record FeatureSet
{
    /// <summary>Number of images, n.</summary>
    public int Count => Width == 0 ? 0 : Values.Length / Width;

    /// <summary>Width of the features, D.</summary>
    public required int Width { get; init; }

    /// <summary>X: n×D, row by row.</summary>
    public required float[] Values { get; init; }

    /// <summary>y: n classes, 0…C−1; empty where the task is multi-label.</summary>
    public required IReadOnlyList<int> Labels { get; init; }

    /// <summary>Y of a multi-label task: n×C of 0 and 1, row by row; else empty.</summary>
    public byte[] MultiLabels { get; init; } = [];

    public bool IsMultiLabel => MultiLabels.Length > 0;

    /// <summary>C: the number of classes (of a multi-label task, findings) of the target, also of those without an image here.</summary>
    public required int ClassCount { get; init; }

    /// <summary>L: the source's own logits, n×C_s row by row; empty where the model has no head.</summary>
    public float[] Logits { get; init; } = [];

    /// <summary>C_s: number of source classes; 0 where the model has no head.</summary>
    public int LogitWidth => Count == 0 ? 0 : Logits.Length / Count;

    /// <summary>Each row's image in the train split.</summary>
    public IReadOnlyList<int> Indices { get; init; } = [];

    /// <summary>‖∇conv1‖ and ‖∇conv2‖ of the triplet loss, one per batch (docs/method.md); empty where only features are at hand.</summary>
    public IReadOnlyList<double> Conv1GradientNorms { get; init; } = [];

    /// <inheritdoc cref="Conv1GradientNorms"/>
    public IReadOnlyList<double> Conv2GradientNorms { get; init; } = [];

    /// <summary>Some of the rows and of the gradient batches, as a set of their own.</summary>
    public FeatureSet Subset(IReadOnlyList<int> rows, IReadOnlyList<int> batches) => this with
    {
        Values = Rows(Values, Width, rows),
        Labels = IsMultiLabel ? [] : [.. rows.Select(i => Labels[i])],
        MultiLabels = IsMultiLabel ? Rows(MultiLabels, ClassCount, rows) : [],
        Logits = Rows(Logits, LogitWidth, rows),
        Indices = Indices.Count > 0 ? [.. rows.Select(i => Indices[i])] : [],
        Conv1GradientNorms = [.. batches.Select(b => Conv1GradientNorms[b])],
        Conv2GradientNorms = [.. batches.Select(b => Conv2GradientNorms[b])],
    };

    private static T[] Rows<T>(T[] values, int width, IReadOnlyList<int> rows)
    {
        var picked = new T[rows.Count * width];
        for (var i = 0; i < rows.Count; i++) values.AsSpan(rows[i] * width, width).CopyTo(picked.AsSpan(i * width));
        return picked;
    }
}
