namespace ZooRank.Features;

/// <summary>What one source model says about one probe set: all that the metrics need, and nothing of torch.</summary>
public sealed record FeatureSet
{
    /// <summary>Number of images, n.</summary>
    public int Count => Labels.Count;

    /// <summary>Width of the features, D.</summary>
    public required int Width { get; init; }

    /// <summary>X: n×D, row by row.</summary>
    public required float[] Values { get; init; }

    /// <summary>y: n classes, 0…C−1.</summary>
    public required IReadOnlyList<int> Labels { get; init; }

    /// <summary>C: the number of classes of the target task, also of those without an image here.</summary>
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
}
