using System.Globalization;
using Microsoft.AspNetCore.Http;
using ZooRank.Data;
using ZooRank.Files;
using ZooRank.Metrics;

namespace ZooRank.Cli.Serving;

/// <summary>What a form asks for, checked.</summary>
/// <param name="Title">In words.</param>
/// <param name="DataPath">The data set.</param>
/// <param name="Zoos">The source models.</param>
/// <param name="PerClass">Images measured, per class.</param>
/// <param name="Seed">Of their draw.</param>
/// <param name="By">The metric that ranks; null: the default.</param>
/// <param name="All">Whether every metric is shown.</param>
/// <param name="History">Whether the published tables and the results of the models that come with ZooRank have a say.</param>
/// <param name="Thumbnails">Whether the report shows the images.</param>
/// <param name="InputSize">Null: what each model states.</param>
internal sealed record RankingForm(
    string Title, string DataPath, IReadOnlyList<string> Zoos, int PerClass, uint Seed, Metric? By, bool All, bool History, bool Thumbnails, int? InputSize)
{
    /// <exception cref="InvalidInputException">A field is wrong, or a file that was sent is no data set.</exception>
    public static async Task<RankingForm> Read(HttpRequest request, IReadOnlyList<Offer> data, IReadOnlyList<Offer> zoos, ResultsFolder results, long largestUpload, CancellationToken cancellation)
    {
        if (!request.HasFormContentType) throw new InvalidInputException("the request has no form. Use the form on the first page.");
        var form = await request.ReadFormAsync(cancellation);
        string Field(string name) => form[name].ToString().Trim();
        List<string> chosen = [.. form["zoo"].OfType<string>().Select(name => zoos.FirstOrDefault(z => z.Name == name)?.Path ?? throw new InvalidInputException($"there is no zoo '{Short(name)}' here. Choose one of the list."))];
        if (chosen.Count == 0) throw new InvalidInputException("no zoo is chosen. Choose one or more.");
        var perClass = Number("probe", 1, 10_000) ?? 100;
        var seed = Number("seed", 0, int.MaxValue) ?? 24;
        var by = Field("by") is { Length: > 0 } metric ? MetricList.Get(metric) : null;
        var size = Number("size", 16, 2048);

        var sent = form.Files.GetFile("file");
        if (sent?.Length > largestUpload) throw new InvalidInputException(largestUpload == 0 ? "files are not taken (--max-upload 0). Choose a data set of the list." : $"{Short(sent.FileName)}: files of at most {largestUpload / 1_000_000} MB are taken (--max-upload). Larger data sets: start the server with --data.");
        var path = sent is { Length: > 0 } ? await Keep(sent, results, cancellation)
            : data.FirstOrDefault(d => d.Name == Field("data"))?.Path ?? throw new InvalidInputException(Field("data").Length > 0 ? $"there is no data set '{Short(Field("data"))}' here. Choose one of the list, or send a file." : "no data set is chosen. Choose one of the list, or send a .zip or .npz.");
        return new(sent is { Length: > 0 } ? SafeName.Of(sent.FileName) : Field("data"), path, chosen, perClass, (uint)seed, by, form.ContainsKey("all"), form.ContainsKey("history"), form.ContainsKey("thumbnails"), size);

        int? Number(string name, int least, int most) =>
            Field(name) is not { Length: > 0 } text ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value
            : throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"'{Short(text)}' in the field {name}: a whole number from {least} to {most} is wanted."));
    }

    private static string Short(string text) => text.Length > 60 ? text[..60] + "…" : text;

    /// <summary>Removes what was sent with a form that is refused after all.</summary>
    public static void Forget(RankingForm form, ResultsFolder results)
    {
        if (Path.GetDirectoryName(form.DataPath) is { } folder && Path.GetDirectoryName(folder) == results.Uploads) Directory.Delete(folder, recursive: true);
    }

    // Looked at before it is kept.
    private static async Task<string> Keep(IFormFile sent, ResultsFolder results, CancellationToken cancellation)
    {
        var ending = Path.GetExtension(sent.FileName).ToLowerInvariant();
        if (ending is not (".zip" or ".npz")) throw new InvalidInputException($"{Short(sent.FileName)}: a .zip of class folders or a .npz is wanted.");
        // In a folder of its own, so that the data set keeps its name.
        var folder = Directory.CreateDirectory(Path.Combine(results.Uploads, Guid.NewGuid().ToString("N"))).FullName;
        var path = Path.Combine(folder, SafeName.Of(Path.GetFileNameWithoutExtension(sent.FileName)) + ending);
        try
        {
            await using (var stream = new FileStream(path, FileMode.CreateNew)) await sent.CopyToAsync(stream, cancellation);
            ImageDatasets.Open(path).Dispose();
            return path;
        }
        catch (Exception e)
        {
            Directory.Delete(folder, recursive: true);
            if (e is InvalidInputException) throw new InvalidInputException(e.Message.Replace(path, Short(sent.FileName), StringComparison.Ordinal), e);
            throw;
        }
    }
}
