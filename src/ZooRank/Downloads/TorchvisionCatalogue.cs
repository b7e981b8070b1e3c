using ZooRank.Files;

namespace ZooRank.Downloads;

/// <summary>An official checkpoint of torchvision, trained on ImageNet-1k.</summary>
public sealed record TorchvisionCheckpoint
{
    /// <summary>torchvision's name of the network: "resnet18".</summary>
    public required string Architecture { get; init; }

    /// <summary>The file's name; the digits after its last '-' begin its SHA-256.</summary>
    public required string FileName { get; init; }

    /// <summary>Per cent of ImageNet's validation images classified rightly, as torchvision states it for these weights.</summary>
    public required double ImageNetTop1 { get; init; }

    /// <summary>With the head of 1,000 classes, as torchvision states it (GoogLeNet without its auxiliary heads).</summary>
    public required long ParameterCount { get; init; }

    public string Url => TorchvisionCatalogue.BaseUrl + FileName;

    public FileHash Hash => new(HashAlgorithmKind.Sha256Prefix, Path.GetFileNameWithoutExtension(FileName)[(FileName.LastIndexOf('-') + 1)..]);
}

/// <summary>torchvision's ImageNet checkpoints (IMAGENET1K_V1) of the networks that ZooRank has.</summary>
public static class TorchvisionCatalogue
{
    public const string BaseUrl = "https://download.pytorch.org/models/";

    /// <summary>To be shown where the weights are offered: torchvision gives its code a licence and leaves that of weights to the data's terms.</summary>
    public const string LicenseNote =
        "torchvision's code is under the BSD 3-Clause licence. Its weights were trained on ImageNet, whose terms allow non-commercial research and education: "
        + "whether your use is covered is for you to decide.";

    public static IReadOnlyList<TorchvisionCheckpoint> All { get; } =
    [
        new() { Architecture = "resnet18", FileName = "resnet18-f37072fd.pth", ImageNetTop1 = 69.758, ParameterCount = 11_689_512 },
        new() { Architecture = "densenet121", FileName = "densenet121-a639ec97.pth", ImageNetTop1 = 74.434, ParameterCount = 7_978_856 },
        new() { Architecture = "efficientnet_v2_s", FileName = "efficientnet_v2_s-dd5fe13b.pth", ImageNetTop1 = 84.228, ParameterCount = 21_458_488 },
        new() { Architecture = "googlenet", FileName = "googlenet-1378be20.pth", ImageNetTop1 = 69.778, ParameterCount = 6_624_904 },
        new() { Architecture = "mnasnet1_0", FileName = "mnasnet1.0_top1_73.512-f206786ef8.pth", ImageNetTop1 = 73.456, ParameterCount = 4_383_312 },
        new() { Architecture = "mobilenet_v3_small", FileName = "mobilenet_v3_small-047dcff4.pth", ImageNetTop1 = 67.668, ParameterCount = 2_542_856 },
        new() { Architecture = "vgg11", FileName = "vgg11-8a719046.pth", ImageNetTop1 = 69.020, ParameterCount = 132_863_336 },
        new() { Architecture = "convnext_tiny", FileName = "convnext_tiny-983f1562.pth", ImageNetTop1 = 82.520, ParameterCount = 28_589_128 },
        new() { Architecture = "shufflenet_v2_x0_5", FileName = "shufflenetv2_x0.5-f707e7126e.pth", ImageNetTop1 = 60.552, ParameterCount = 1_366_792 },
    ];

    /// <exception cref="InvalidInputException">No such network: the message proposes the nearest.</exception>
    public static TorchvisionCheckpoint Get(string architecture) => All.FirstOrDefault(checkpoint => checkpoint.Architecture.Equals(architecture, StringComparison.OrdinalIgnoreCase))
        ?? throw Suggestions.Unknown("torchvision checkpoint", architecture, [.. All.Select(checkpoint => checkpoint.Architecture)]);

    /// <summary>A network's checkpoint, into the folder that is shared with <c>torch.hub</c> unless another is given;
    /// <paramref name="from"/> is the base address of a mirror, in place of PyTorch's.</summary>
    /// <exception cref="InvalidInputException">No such network, or the mirror's address is none.</exception>
    public static Download DownloadOf(string architecture, string? from = null, string? folder = null)
    {
        var checkpoint = Get(architecture);
        return new Download
        {
            Url = from is null ? checkpoint.Url : Download.AddressBelow(from, checkpoint.FileName),
            Destination = Path.Combine(folder ?? Folders.TorchHub, checkpoint.FileName),
            Hash = checkpoint.Hash,
        };
    }
}
