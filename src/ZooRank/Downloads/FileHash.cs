using System.Security.Cryptography;

namespace ZooRank.Downloads;

public enum HashAlgorithmKind
{
    Md5,
    Sha256,

    /// <summary>The first digits of the SHA-256, as PyTorch puts them into its file names.</summary>
    Sha256Prefix,
}

/// <summary>What a file's content must hash to. It guards against damage in transit and mistaken files; MD5 is what Zenodo publishes.</summary>
public sealed record FileHash
{
    public FileHash(HashAlgorithmKind algorithm, string hex)
    {
        var digits = algorithm == HashAlgorithmKind.Md5 ? 32 : 64;
        if (!hex.All(char.IsAsciiHexDigit) || (algorithm == HashAlgorithmKind.Sha256Prefix ? hex.Length == 0 || hex.Length > digits : hex.Length != digits))
            throw new ArgumentException($"'{hex}' is not the hexadecimal form of {algorithm}.", nameof(hex));
        Algorithm = algorithm;
        Hex = hex.ToLowerInvariant();
    }

    public HashAlgorithmKind Algorithm { get; }

    /// <summary>Lower case.</summary>
    public string Hex { get; }

    public bool Matches(string computed) => Algorithm == HashAlgorithmKind.Sha256Prefix ? computed.StartsWith(Hex, StringComparison.Ordinal) : computed == Hex;

    /// <summary>The file's whole hash under this algorithm, in lower case.</summary>
    public async Task<string> ComputeAsync(string path, CancellationToken cancellation = default)
    {
        // Bypasses FileStream's own buffer: the hash reads large pieces itself.
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using (stream)
        {
#pragma warning disable CA5351 // MD5 is broken as a signature; here it is the publisher's check sum.
            var hash = Algorithm == HashAlgorithmKind.Md5 ? await MD5.HashDataAsync(stream, cancellation) : await SHA256.HashDataAsync(stream, cancellation);
#pragma warning restore CA5351
            return Convert.ToHexStringLower(hash);
        }
    }

    /// <summary>As in messages: "MD5 a8b0…" or "SHA-256 f37072fd…".</summary>
    public override string ToString() => $"{Label} {Hex}{(Algorithm == HashAlgorithmKind.Sha256Prefix ? "…" : "")}";

    internal string Label => Algorithm == HashAlgorithmKind.Md5 ? "MD5" : "SHA-256";
}
