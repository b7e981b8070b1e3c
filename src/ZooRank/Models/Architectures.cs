using System.Text.RegularExpressions;
using ZooRank.Checkpoints;

namespace ZooRank.Models;

/// <summary>The registry of architectures: the nine of the paper.</summary>
public static partial class Architectures
{
    public static IReadOnlyList<Architecture> All { get; } =
    [
        ResNet.ResNet18, DenseNet.DenseNet121, EfficientNetV2.Small, GoogLeNet.Version1, MnasNet.Width1, MobileNetV3.Small, Vgg.Vgg11, ConvNeXt.Tiny,
        ShuffleNetV2.HalfWidth,
    ];

    /// <summary>The architecture of this name, whatever its case.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static Architecture Get(string name) => All.FirstOrDefault(a => a.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw Suggestions.Unknown("architecture", name, [.. All.Select(a => a.Name)]);

    /// <summary>The architecture that tensors of these names and shapes belong to, whatever the number of classes and a leading path that all names share.</summary>
    public static Recognition Recognise(IReadOnlyList<TensorEntry> tensors)
    {
        if (tensors.Count == 0) return new Recognition(null, "", 0, "It holds no tensors.");
        var matches = All.Select(a => StateMatch.Of(a, tensors)).ToList();
        if (matches.Find(m => m.Fits) is { } fit)
        {
            var head = fit.ClassCount == 0 ? "without a head" : $"{fit.ClassCount} classes";
            var path = fit.Prefix.Length == 0 ? "" : $", under '{fit.Prefix}'";
            return new Recognition(fit.Architecture, fit.Prefix, fit.ClassCount, $"{fit.Architecture.Name}, {head}{path}.");
        }
        var nearest = matches.MaxBy(m => (double)m.MatchCount / StateLayout.Of(m.Architecture).Tensors.Count)!;
        var count = StateLayout.Of(nearest.Architecture).Tensors.Count;
        var hint = Telltale(tensors);
        var sentence = nearest.MatchCount == 0
            ? $"None of its {tensors.Count} tensors, the first of which is '{tensors[0].Name}', belongs to a known architecture{hint}."
            : $"The closest is {nearest.Architecture.Name}: {nearest.MatchCount} of its {count} tensors match{hint ?? Difference(nearest)}.";
        return new Recognition(null, nearest.Prefix, 0, sentence);
    }

    private static string Difference(StateMatch match)
    {
        static string Some(IEnumerable<object> all, int count) => $"{string.Join(", ", all.Take(3))}{(count > 3 ? $" and {count - 3} more" : "")}";
        string[] parts =
        [
            match.Missing.Count > 0 ? $"missing: {Some(match.Missing, match.Missing.Count)}" : "",
            match.Unexpected.Count > 0 ? $"not part of it: {Some(match.Unexpected, match.Unexpected.Count)}" : "",
            match.WrongShape.Count > 0 ? $"misshapen: {Some(match.WrongShape, match.WrongShape.Count)}" : "",
        ];
        return "; " + string.Join("; ", parts.Where(p => p.Length > 0));
    }

    // Names that give away well-known families that are not among the nine.
    private static string? Telltale(IReadOnlyList<TensorEntry> tensors)
    {
        foreach (var (pattern, family) in new[]
        {
            (BottleneckBlock(), "a bottleneck ResNet (resnet50 or deeper)"),
            (ThirdBasicBlock(), "a deeper ResNet (resnet34)"),
            (Attention(), "a vision transformer"),
            (ShiftedWindow(), "a Swin transformer"),
            (LateDenseLayer(), "a deeper DenseNet"),
        })
        {
            if (tensors.FirstOrDefault(t => pattern.IsMatch(t.Name)) is { } tensor) return $"; '{tensor.Name}' suggests {family}";
        }
        return null;
    }

    [GeneratedRegex(@"layer\d\.\d+\.conv3\.weight$")] private static partial Regex BottleneckBlock();
    [GeneratedRegex(@"layer1\.2\.conv2\.weight$")] private static partial Regex ThirdBasicBlock();
    [GeneratedRegex(@"(cls_token|class_token)$")] private static partial Regex Attention();
    [GeneratedRegex(@"relative_position_bias_table$")] private static partial Regex ShiftedWindow();
    [GeneratedRegex(@"denseblock(3\.denselayer2[5-9]|3\.denselayer[3-9]\d|4\.denselayer1[7-9])\.")] private static partial Regex LateDenseLayer();
}
