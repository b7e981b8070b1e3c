using ZooRank.Models;

namespace ZooRank.Cli.Serving;

/// <param name="Name">As a form shows it and sends it back.</param>
/// <param name="Path">What it stands for; never sent.</param>
internal sealed record Offer(string Name, string Path);

/// <summary>The data sets and zoos that a form offers: those that the server was given, and for a folder of data sets each of them. Whoever fills in the form chooses among them and gives no path.</summary>
internal static class Offers
{
    /// <exception cref="InvalidInputException">One does not exist.</exception>
    public static IReadOnlyList<Offer> OfData(IEnumerable<string> given) => Named(given.SelectMany(path =>
    {
        if (!Directory.Exists(path) && !File.Exists(path)) throw new InvalidInputException($"--data {path}: does not exist. Give a data set, or a folder of data sets.");
        var inside = Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path).Where(IsDataSet).Order(StringComparer.Ordinal).ToList() : [];
        return inside.Count > 0 ? inside : [path];
    }));

    /// <exception cref="InvalidInputException">One is no zoo.</exception>
    public static IReadOnlyList<Offer> OfZoos(IEnumerable<string> given) => Named(given.Select(path =>
    {
        ModelZoo.Open(path);
        return path == ShippedZoo.Name ? ShippedZoo.Folder : path;
    }));

    // A folder of class folders holds no data sets; one of .npz, .zip or folders of data sets does.
    private static bool IsDataSet(string path) =>
        File.Exists(path) ? Path.GetExtension(path).ToLowerInvariant() is ".npz" or ".zip"
        : Directory.EnumerateDirectories(path).Any() && !Directory.EnumerateFiles(path).Any(f => Path.GetExtension(f).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".bmp" or ".tif" or ".tiff" or ".webp");

    private static List<Offer> Named(IEnumerable<string> paths)
    {
        var offers = new List<Offer>();
        foreach (var path in paths.Select(Path.GetFullPath).Distinct())
        {
            var name = path == ShippedZoo.Folder ? ShippedZoo.Name : Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
            for (var n = 2; offers.Any(o => o.Name == name); n++) name = FormattableString.Invariant($"{Path.GetFileName(Path.TrimEndingDirectorySeparator(path))} ({n})");
            offers.Add(new(name, path));
        }
        return offers;
    }
}
