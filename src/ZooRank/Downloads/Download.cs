namespace ZooRank.Downloads;

/// <summary>One file to be fetched: from where, to where, and how to know that it is the right one.</summary>
public sealed record Download
{
    /// <summary>An http or https address.</summary>
    public required string Url { get; init; }

    /// <summary>The file to be made. Beside it stand <c>NAME.part</c> and its notes while it is incomplete.</summary>
    public required string Destination { get; init; }

    /// <summary>Null where the publisher states none: then only the length is checked.</summary>
    public FileHash? Hash { get; init; }

    /// <summary>The length as published, where it is.</summary>
    public long? ExpectedBytes { get; init; }

    /// <summary>The address of a file below a base address that the user gave in place of the publisher's.</summary>
    /// <exception cref="InvalidInputException">The base is not an http or https address.</exception>
    internal static string AddressBelow(string from, string fileName) =>
        Uri.TryCreate(from, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            ? $"{from.TrimEnd('/')}/{fileName}"
            : throw new InvalidInputException($"--from {from}: not an http or https address. Give the folder that holds {fileName}, as https://mirror.example.org/files.");
}
