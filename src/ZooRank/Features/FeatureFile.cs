using System.Globalization;
using System.Numerics;
using ZooRank.Data;

namespace ZooRank.Features;

/// <summary>
/// A feature set as an .npz, ours or one that a user has made with NumPy: <c>features</c> (n×D) and <c>labels</c> (n classes, or n×C of 0 and 1) are needed;
/// <c>logits</c> (n×C_s), <c>indices</c> (n), <c>conv1_gradient_norms</c> and <c>conv2_gradient_norms</c> (one per batch) and <c>class_count</c> (a scalar) may be there.
/// </summary>
public static class FeatureFile
{
    private const string Recipe = "numpy.savez(file, features=X, labels=y) writes what is needed";

    public static void Write(string path, FeatureSet set)
    {
        var arrays = new Dictionary<string, NpyArray>
        {
            ["features"] = NpyArray.Of<float>(set.Values, set.Count, set.Width),
            ["labels"] = set.IsMultiLabel ? NpyArray.Of<byte>(set.MultiLabels, set.Count, set.ClassCount) : NpyArray.Of<long>([.. set.Labels.Select(y => (long)y)], set.Count),
            ["class_count"] = new NpyArray(NpyType.Int64, [], BitConverter.GetBytes((long)set.ClassCount)),
        };
        if (set.Indices.Count > 0) arrays["indices"] = NpyArray.Of<long>([.. set.Indices.Select(i => (long)i)], set.Indices.Count);
        if (set.Conv1GradientNorms.Count > 0)
        {
            arrays["conv1_gradient_norms"] = NpyArray.Of<double>([.. set.Conv1GradientNorms], set.Conv1GradientNorms.Count);
            arrays["conv2_gradient_norms"] = NpyArray.Of<double>([.. set.Conv2GradientNorms], set.Conv2GradientNorms.Count);
        }
        if (set.LogitWidth > 0) arrays["logits"] = NpyArray.Of<float>(set.Logits, set.Count, set.LogitWidth);
        NpzWriter.Write(path, arrays, compress: false);
    }

    /// <summary>Reads a file of ours or of a user. Without <c>class_count</c> the labels that occur are the classes, in ascending order.</summary>
    /// <exception cref="InvalidInputException">Something is missing, does not belong together, is no finite number, or cannot be compared (one class).</exception>
    public static FeatureSet Read(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: {(Directory.Exists(path) ? "a folder, not a file of features" : "no such file")}. {Recipe}.");
        if (IsSingleArray(path)) throw new InvalidInputException($"{path}: a single array (.npy), which has no labels beside it. {Recipe}.");
        using var file = NpzFile.Open(path, onlyNumbers: false);
        var features = Required(file, "features");
        CheckFeatures(path, features);
        var (n, width) = ((int)features.Header.Shape[0], (int)features.Header.Shape[1]);
        var values = Floats(file, "features", width);
        Required(file, "labels");
        var labels = FeatureLabels.Read(file, n);
        var (conv1, conv2) = (Norms(file, "conv1_gradient_norms"), Norms(file, "conv2_gradient_norms"));
        if (conv1.Length != conv2.Length)
            throw new InvalidInputException($"{path}: {conv1.Length} conv1_gradient_norms and {conv2.Length} conv2_gradient_norms; there must be one of each for every batch. Save both or neither.");
        return new FeatureSet
        {
            Width = width,
            Values = values,
            Labels = labels.Classes,
            MultiLabels = labels.Findings,
            ClassCount = labels.ClassCount,
            Logits = Logits(file, n),
            Indices = Indices(file, n),
            Conv1GradientNorms = conv1,
            Conv2GradientNorms = conv2,
        };
    }

    /// <summary>Reads what <see cref="Write"/> has written of an extraction: nothing that such a file has may be absent.</summary>
    /// <exception cref="InvalidInputException">It is damaged or something else.</exception>
    internal static FeatureSet ReadExtracted(string path)
    {
        using (var file = NpzFile.Open(path))
        {
            if (file.Find("class_count") is null || file.Find("features")?.Header.Type != NpyType.Float32) throw new InvalidInputException($"{path}: not a file of extracted features.");
        }
        var set = Read(path);
        return set.Indices.Count == set.Count && (set.IsMultiLabel || set.Conv1GradientNorms.Count > 0) ? set : throw new InvalidInputException($"{path}: indices or gradient norms are missing.");
    }

    private static bool IsSingleArray(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return stream.ReadByte() == 0x93 && stream.ReadByte() == 'N';
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;   // opening it as an archive says why
        }
    }

    private static NpzEntry Required(NpzFile file, string name)
    {
        if (file.Has(name)) return file.Find(name) ?? throw file.Unreadable(name);
        var close = Suggestions.Closest(name, file.Names) is [var first, ..] ? $" Is it '{ZipFiles.Printable(first)}'? Then save it under that name." : "";
        throw new InvalidInputException($"{file.Path}: no array '{name}'.{close} The file holds: {file.Contents}. {Recipe}.");
    }

    private static void CheckFeatures(string path, NpzEntry entry)
    {
        var shape = entry.Header.Shape;
        if (shape.Count != 2)
        {
            throw new InvalidInputException($"{path}: {entry} must be n×D, one row for each image; got {shape.Count} dimension{(shape.Count == 1 ? "" : "s")}. "
                + (shape.Count == 4 ? "Average over positions: features.mean(axis=(2, 3)) where channels come second." : shape.Count == 3 ? "Average over tokens: features.mean(axis=1)." : "Save features.reshape(n, -1)."));
        }
        if (shape[0] == 0 || shape[1] == 0) throw new InvalidInputException($"{path}: {entry} is empty. Save one row of features for each image.");
        if (shape[0] < 2) throw new InvalidInputException($"{path}: {entry} has one row; at least two, of different classes, can be compared.");
        if (shape[0] > int.MaxValue || shape[1] > int.MaxValue) throw new InvalidInputException($"{path}: {entry} is too large.");
    }

    // As float32, which is what networks compute in.
    private static float[] Floats(NpzFile file, string name, int width)
    {
        var array = file.Read(name);
        return array.Type switch
        {
            NpyType.Float32 => Finite(array.As<float>()),
            NpyType.Float64 => Finite(array.As<double>()),
            NpyType.Float16 => Finite(array.As<Half>()),
            _ => throw new InvalidInputException($"{file.Path}: {file.Find(name)} must be float16, float32 or float64. Save {name}.astype('float32')."),
        };

        float[] Finite<T>(ReadOnlySpan<T> values) where T : struct, INumber<T>
        {
            var floats = new float[values.Length];
            int first = -1, rows = 0, last = -1;
            for (var i = 0; i < floats.Length; i++)
            {
                floats[i] = float.CreateTruncating(values[i]);
                if (float.IsFinite(floats[i])) continue;
                if (first < 0) first = i;
                if (i / width != last) rows++;
                last = i / width;
            }
            if (first < 0) return floats;
            var what = T.IsNaN(values[first]) ? "NaN" : T.IsInfinity(values[first]) ? "infinity" : values[first].ToString("R", CultureInfo.InvariantCulture) + ", too large for float32";
            throw new InvalidInputException(FormattableString.Invariant(
                $"{file.Path}: {name}[{first / width}, {first % width}] is {what}; {rows} of {floats.Length / width} rows have such values. Leave those rows out (labels too), or mend what made them."));
        }
    }

    private static float[] Logits(NpzFile file, int n)
    {
        if (!file.Has("logits")) return [];
        var entry = Required(file, "logits");
        if (entry.Header.Shape is not [var rows, > 0 and <= int.MaxValue] || rows != n)
            throw new InvalidInputException($"{file.Path}: {entry} must be n×C_s with the n = {n} rows of the features and one column for each class of the source. Save it so, or leave it out.");
        return Floats(file, "logits", (int)entry.Header.Shape[1]);
    }

    private static int[] Indices(NpzFile file, int n)
    {
        if (!file.Has("indices")) return [];
        var entry = Required(file, "indices");
        if (entry.Header.ElementCount != n) throw new InvalidInputException($"{file.Path}: {entry} must have one number for each of the {n} rows of features. Save it so, or leave it out.");
        return [.. file.Read("indices").ToIntegers($"{file.Path}: indices").Select(v => v is >= 0 and <= int.MaxValue ? (int)v
            : throw new InvalidInputException($"{file.Path}: indices holds {v}; they are places in the train split, from 0. Save them so, or leave them out."))];
    }

    private static double[] Norms(NpzFile file, string name)
    {
        var norms = file.Has(name) ? file.Read(name).ToDoubles() : [];
        return Array.TrueForAll(norms, v => v >= 0 && double.IsFinite(v)) ? norms : throw new InvalidInputException($"{file.Path}: {name} must be norms, finite and not negative. Save it again, or leave both out.");
    }
}
