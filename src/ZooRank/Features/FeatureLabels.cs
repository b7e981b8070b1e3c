using ZooRank.Data;

namespace ZooRank.Features;

/// <summary>What the labels of a feature file say: a class for each row, or (multi-label) n×C of 0 and 1.</summary>
internal sealed record FeatureLabels(int[] Classes, byte[] Findings, int ClassCount)
{
    private const int MostClasses = 1 << 16;   // as many columns of 0 and 1 as a data set may have

    public static FeatureLabels Read(NpzFile file, int n)
    {
        var (path, entry) = (file.Path, file.Find("labels")!);
        var shape = entry.Header.Shape;
        if (shape.Count is not (1 or 2) || (shape.Count == 2 && shape[1] is 0 or > MostClasses))
            throw new InvalidInputException($"{path}: {entry} must be n or n×1 class numbers, or n×C of 0 and 1 for several findings at once.");
        if (shape[0] != n) throw new InvalidInputException($"{path}: {n} rows of features, but {shape[0]} of labels. Save both from the same images.");
        var columns = shape.Count == 2 ? (int)shape[1] : 1;
        var values = Whole(path, file.Read("labels"), columns);
        var given = GivenCount(file);
        if (columns == 1) return Single(path, values, given);

        var odd = Array.FindIndex(values, v => v is not (0 or 1));
        if (odd >= 0)
        {
            throw new InvalidInputException(FormattableString.Invariant(
                $"{path}: labels has {columns} columns, so each must be 0 or 1, but labels[{odd / columns}, {odd % columns}] is {values[odd]}. Save one class number for each row (n), or n×C of 0 and 1."));
        }
        if (given is { } c && c != columns) throw new InvalidInputException($"{path}: labels has {columns} columns, class_count is {c}. Save the number of columns, or leave class_count out.");
        // Exactly one finding in every row is a class in disguise, as in data sets; a file that states class_count means its columns.
        if (given is null && values.Chunk(columns).All(row => row.Sum() == 1)) return Single(path, [.. values.Chunk(columns).Select(row => (long)Array.IndexOf(row, 1L))], columns);
        var positives = new int[columns];
        for (var i = 0; i < values.Length; i++) positives[i % columns] += (int)values[i];
        if (positives.All(p => p == 0 || p == n))
            throw new InvalidInputException($"{path}: every column of labels holds one value alone, so there is nothing to tell apart. Save rows with and without a finding.");
        return new([], Array.ConvertAll(values, v => (byte)v), columns);
    }

    private static FeatureLabels Single(string path, long[] values, int? given)
    {
        long[] known = given is { } c ? [.. Enumerable.Range(0, c).Select(i => (long)i)] : [.. values.Distinct().Order()];
        var place = known.Select((label, i) => (label, i)).ToDictionary(p => p.label, p => p.i);
        var classes = new int[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            classes[i] = place.TryGetValue(values[i], out var at) ? at : throw new InvalidInputException(
                FormattableString.Invariant($"{path}: labels[{i}] is {values[i]}, but class_count is {given}: labels must be 0 to {given - 1}. Number them so, or leave class_count out."));
        }
        var present = classes.Distinct().Count();
        if (present < 2) throw new InvalidInputException(FormattableString.Invariant($"{path}: all {values.Length} rows have the label {values[0]}; at least two classes are needed."));
        if (present == values.Length)
            throw new InvalidInputException($"{path}: each of the {values.Length} rows has a label of its own, so no class has two images. Are they class numbers? Save those.");
        return new(classes, [], known.Length);
    }

    private static int? GivenCount(NpzFile file)
    {
        if (!file.Has("class_count")) return null;
        var values = file.Read("class_count").ToIntegers($"{file.Path}: class_count");
        return values is [>= 2 and <= MostClasses] ? (int)values[0]
            : throw new InvalidInputException($"{file.Path}: class_count must be one whole number from 2 to {MostClasses}; got {(values.Length == 1 ? $"{values[0]}" : $"{values.Length} numbers")}. Save it so, or leave it out.");
    }

    private static long[] Whole(string path, NpyArray array, int columns)
    {
        if (array.Type is NpyType.Float16 or NpyType.Float32 or NpyType.Float64)
        {
            var values = array.ToDoubles();
            var odd = Array.FindIndex(values, v => !double.IsInteger(v));
            if (odd >= 0)
            {
                var place = columns == 1 ? $"{odd}" : $"{odd / columns}, {odd % columns}";
                throw new InvalidInputException(FormattableString.Invariant($"{path}: labels[{place}] is {values[odd]}; labels must be whole numbers, one for each class. Save them as integers."));
            }
        }
        return array.ToIntegers($"{path}: labels");
    }
}
