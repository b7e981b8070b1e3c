using ZooRank.Data;

namespace ZooRank.Features;

/// <summary>
/// A feature set as an .npz that NumPy reads: <c>features</c> (n×D float32), <c>labels</c> (n int64), <c>logits</c> (n×C_s float32, where there is a head),
/// <c>indices</c> (n int64), <c>conv1_gradient_norms</c> and <c>conv2_gradient_norms</c> (float64, one per batch), <c>class_count</c> (a scalar).
/// </summary>
public static class FeatureFile
{
    public static void Write(string path, FeatureSet set)
    {
        var arrays = new Dictionary<string, NpyArray>
        {
            ["features"] = NpyArray.Of<float>(set.Values, set.Count, set.Width),
            ["labels"] = NpyArray.Of<long>([.. set.Labels.Select(y => (long)y)], set.Count),
            ["indices"] = NpyArray.Of<long>([.. set.Indices.Select(i => (long)i)], set.Indices.Count),
            ["conv1_gradient_norms"] = NpyArray.Of<double>([.. set.Conv1GradientNorms], set.Conv1GradientNorms.Count),
            ["conv2_gradient_norms"] = NpyArray.Of<double>([.. set.Conv2GradientNorms], set.Conv2GradientNorms.Count),
            ["class_count"] = NpyArray.Of<long>([set.ClassCount]),
        };
        if (set.LogitWidth > 0) arrays["logits"] = NpyArray.Of<float>(set.Logits, set.Count, set.LogitWidth);
        NpzWriter.Write(path, arrays, compress: false);
    }

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidInputException">It is damaged or something else.</exception>
    public static FeatureSet Read(string path)
    {
        using var file = NpzFile.Open(path);
        var features = file.Read("features");
        if (features.Shape.Count != 2) throw new InvalidInputException($"{path}: 'features' must be n×D; got {features.Shape.Count} dimensions.");
        return new FeatureSet
        {
            Width = (int)features.Shape[1],
            Values = features.As<float>().ToArray(),
            Labels = Integers(file, "labels", path),
            Logits = file.Find("logits") is null ? [] : file.Read("logits").As<float>().ToArray(),
            Indices = Integers(file, "indices", path),
            Conv1GradientNorms = file.Read("conv1_gradient_norms").ToDoubles(),
            Conv2GradientNorms = file.Read("conv2_gradient_norms").ToDoubles(),
            ClassCount = Integers(file, "class_count", path)[0],
        };
    }

    private static int[] Integers(NpzFile file, string name, string path) => [.. file.Read(name).ToIntegers($"{path}: {name}").Select(v => checked((int)v))];
}
