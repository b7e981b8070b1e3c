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
            ["class_count"] = new NpyArray(NpyType.Int64, [], BitConverter.GetBytes((long)set.ClassCount)),
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
        int[] labels = Integers(file, "labels", path), indices = Integers(file, "indices", path), classes = Integers(file, "class_count", path);
        var logits = file.Find("logits") is null ? null : file.Read("logits");
        double[] conv1 = file.Read("conv1_gradient_norms").ToDoubles(), conv2 = file.Read("conv2_gradient_norms").ToDoubles();
        var n = features.Shape[0];
        if (labels.Length != n || indices.Length != n || (logits is not null && (logits.Shape.Count != 2 || logits.Shape[0] != n)) || conv1.Length != conv2.Length || classes.Length != 1)
            throw new InvalidInputException($"{path}: its arrays do not belong together (for {n} rows of features, {labels.Length} labels and {indices.Length} indices). Make the file again.");
        return new FeatureSet
        {
            Width = (int)features.Shape[1],
            Values = Floats(features, "features", path),
            Labels = labels,
            Logits = logits is null ? [] : Floats(logits, "logits", path),
            Indices = indices,
            Conv1GradientNorms = conv1,
            Conv2GradientNorms = conv2,
            ClassCount = classes[0],
        };
    }

    private static float[] Floats(NpyArray array, string name, string path) => array.Type == NpyType.Float32
        ? array.As<float>().ToArray() : throw new InvalidInputException($"{path}: '{name}' must be float32; got {array.Type}.");

    private static int[] Integers(NpzFile file, string name, string path) => [.. file.Read(name).ToIntegers($"{path}: {name}").Select(v => v is >= 0 and <= int.MaxValue ? (int)v : throw new InvalidInputException($"{path}: {name} holds {v}, which is out of range."))];
}
