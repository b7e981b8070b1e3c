using ZooRank.Checkpoints;

namespace ZooRank.Models;

/// <summary>How a checkpoint's head relates to the architecture's.</summary>
internal enum HeadKind
{
    /// <summary>No tensor of a head: an encoder alone.</summary>
    None,

    /// <summary>The architecture's own, for some number of classes.</summary>
    Own,

    /// <summary>One linear layer on the features under another name ("fc.1" after a dropout, "head", MobileNetV3's replaced block).</summary>
    Linear,
}

/// <summary>A checkpoint's tensors held against an architecture's state: which tensor is which, and what does not fit.</summary>
internal sealed class StateMatch
{
    private const string Counter = ".num_batches_tracked";

    private StateMatch(Architecture architecture, string prefix) => (Architecture, Prefix) = (architecture, prefix);

    public Architecture Architecture { get; }

    /// <summary>The leading path that every name of the checkpoint has and the architecture's do not, as "encoder."; mostly empty.</summary>
    public string Prefix { get; }

    /// <summary>Tensors of the network, by its keys. Where the head is <see cref="HeadKind.Linear"/> its two are not among them.</summary>
    public Dictionary<string, TensorEntry> Entries { get; } = [];

    public HeadKind Head { get; private set; }

    public int ClassCount { get; private set; }

    /// <summary>Weight (C×D) and bias (C) where the head is <see cref="HeadKind.Linear"/>.</summary>
    public (TensorEntry Weight, TensorEntry Bias)? LinearHead { get; private set; }

    public List<string> Missing { get; } = [];
    public List<string> Unexpected { get; } = [];
    public List<ShapeMismatch> WrongShape { get; } = [];

    public bool Fits => Missing.Count + Unexpected.Count + WrongShape.Count == 0;

    /// <summary>Tensors that fit in name and shape.</summary>
    public int MatchCount => Entries.Count - WrongShape.Count;

    public CheckpointMismatchException Failure(string path) => new(path, Architecture.Name, Missing, Unexpected, WrongShape);

    public static StateMatch Of(Architecture architecture, IReadOnlyList<TensorEntry> tensors)
    {
        var layout = StateLayout.Of(architecture);
        var match = new StateMatch(architecture, CommonPrefix(architecture, layout, tensors));
        var unknown = new List<TensorEntry>();
        foreach (var tensor in tensors)
        {
            var key = match.Key(tensor, layout);
            if (key is null || !match.Entries.TryAdd(key, tensor))
            {
                if (!match.IsIgnored(tensor)) unknown.Add(tensor);
            }
        }
        match.FindHead(layout, unknown);
        match.Unexpected.AddRange(unknown.Select(t => t.Name));
        foreach (var expected in layout.Tensors)
        {
            if (match.Head != HeadKind.Own && layout.Head.Contains(expected.Name)) continue;
            var shape = layout.Shape(expected.Name, match.ClassCount);
            if (!match.Entries.TryGetValue(expected.Name, out var found))
            {
                // Files from before PyTorch 0.4.1 do not count batches, and only a momentum of null would need it.
                if (!expected.Name.EndsWith(Counter, StringComparison.Ordinal)) match.Missing.Add(expected.Name);
            }
            else if (!found.Shape.SequenceEqual(shape))
            {
                match.WrongShape.Add(new ShapeMismatch(expected.Name, shape, found.Shape));
            }
        }
        return match;
    }

    private void FindHead(StateLayout layout, List<TensorEntry> unknown)
    {
        if (Entries.TryGetValue(layout.ClassWeight, out var weight) && weight.Shape.Count == 2)
        {
            (Head, ClassCount) = (HeadKind.Own, (int)weight.Shape[0]);
            return;
        }
        if (layout.Head.Any(Entries.ContainsKey))
        {
            (Head, ClassCount) = (HeadKind.Own, 1); // incomplete or misshapen: the comparison of shapes says where
            return;
        }
        // "Never guess": taken for the head only where nothing else is left over and both shapes say so.
        if (unknown.Count != 2) return;
        var w = unknown.Find(t => t.Name.EndsWith(".weight", StringComparison.Ordinal) && t.Shape.Count == 2 && t.Shape[1] == Architecture.FeatureCount);
        var b = unknown.Find(t => t.Name.EndsWith(".bias", StringComparison.Ordinal) && t.Shape.Count == 1);
        if (w is null || b is null || w.Shape[0] != b.Shape[0] || w.Name[..^".weight".Length] != b.Name[..^".bias".Length]) return;
        (Head, ClassCount, LinearHead) = (HeadKind.Linear, (int)w.Shape[0], (w, b));
        unknown.Clear();
    }

    private string? Key(TensorEntry tensor, StateLayout layout)
    {
        if (!tensor.Name.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var name = tensor.Name[Prefix.Length..];
        if (layout.Names.ContainsKey(name)) return name;
        return Architecture.RenameKey?.Invoke(name) is { } renamed && layout.Names.ContainsKey(renamed) ? renamed : null;
    }

    private bool IsIgnored(TensorEntry tensor) =>
        tensor.Name.StartsWith(Prefix, StringComparison.Ordinal)
        && Architecture.IgnoredPrefixes.Any(p => tensor.Name.AsSpan(Prefix.Length).StartsWith(p, StringComparison.Ordinal));

    // What stands before the first convolution's name, if it stands before all the others too, a head perhaps left out ("backbone.conv1.weight", "fc.weight").
    private static string CommonPrefix(Architecture architecture, StateLayout layout, IReadOnlyList<TensorEntry> tensors)
    {
        var anchor = layout.Tensors[0].Name;
        if (tensors.Any(t => t.Name == anchor)) return "";
        return tensors.Where(t => t.Name.EndsWith("." + anchor, StringComparison.Ordinal))
            .Select(t => t.Name[..^anchor.Length])
            .Where(prefix => tensors.Count(t => !t.Name.StartsWith(prefix, StringComparison.Ordinal)) <= 2)   // a head beside the encoder has a weight and a bias
            .DefaultIfEmpty("")
            .MinBy(prefix => prefix.Length)!;
    }
}
