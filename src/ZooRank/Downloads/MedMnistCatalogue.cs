using System.Text.Json;
using System.Text.Json.Serialization;
using ZooRank.Files;

namespace ZooRank.Downloads;

/// <summary>One data set of MedMNIST as its publishers describe it.</summary>
public sealed record MedMnistSet
{
    /// <summary>As its files are named: "pathmnist".</summary>
    public required string Name { get; init; }

    public required string Modality { get; init; }

    /// <summary>"binary", "multi-class" or "multi-label".</summary>
    public required string Task { get; init; }

    public required int Channels { get; init; }

    /// <summary>Number of images for training.</summary>
    public required int Train { get; init; }

    public required int Val { get; init; }

    public required int Test { get; init; }

    public required string License { get; init; }

    /// <summary>Class names in label order.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>The MD5 of the file by image size in pixels.</summary>
    public required IReadOnlyDictionary<int, string> Md5 { get; init; }
}

/// <summary>The twelve 2D sets of MedMNIST+: what they are and where their files lie.</summary>
public static class MedMnistCatalogue
{
    private static readonly Lazy<MedMnistFile> Published = new(Read);

    public static IReadOnlyList<MedMnistSet> All => Published.Value.Sets;

    /// <summary>Image sizes in pixels; 28 is the original set.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [28, 64, 128, 224];

    /// <exception cref="InvalidInputException">There is no such set: the message proposes the nearest.</exception>
    public static MedMnistSet Get(string name) => All.FirstOrDefault(set => set.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw Suggestions.Unknown("MedMNIST set", name, [.. All.Select(set => set.Name)]);

    /// <summary>The name that the Python package gives the file: the original size goes without a number.</summary>
    /// <exception cref="InvalidInputException">MedMNIST has no such size.</exception>
    public static string FileName(string name, int size) => Get(name).Name + (Known(size) == 28 ? ".npz" : $"_{size}.npz");

    /// <summary>The file of a set at a size, into the folder that is shared with MedMNIST's Python package unless another is given;
    /// <paramref name="from"/> is the base address of a mirror, in place of Zenodo's.</summary>
    /// <exception cref="InvalidInputException">No such set or size, or the mirror's address is none.</exception>
    public static Download DownloadOf(string name, int size, string? from = null, string? folder = null)
    {
        var fileName = FileName(name, size);
        return new Download
        {
            Url = from is null ? $"{Published.Value.BaseUrl}{fileName}?download=1" : Download.AddressBelow(from, fileName),
            Destination = Path.Combine(folder ?? Folders.MedMnist, fileName),
            Hash = new FileHash(HashAlgorithmKind.Md5, Get(name).Md5[size]),
        };
    }

    private static int Known(int size) => Sizes.Contains(size) ? size : throw new InvalidInputException($"MedMNIST has no images of size {size}. Sizes: {string.Join(", ", Sizes)}.");

    private static MedMnistFile Read()
    {
        using var stream = typeof(MedMnistCatalogue).Assembly.GetManifestResourceStream("medmnist.json")!;
        return JsonSerializer.Deserialize(stream, MedMnistJson.Default.MedMnistFile)!;
    }
}

internal sealed record MedMnistFile
{
    public required string BaseUrl { get; init; }

    public required IReadOnlyList<MedMnistSet> Sets { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MedMnistFile))]
internal sealed partial class MedMnistJson : JsonSerializerContext;
