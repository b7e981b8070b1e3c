using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ZooRank.Imaging;

/// <summary>What a file is by its first bytes, never by its name.</summary>
/// <param name="Name">For people, as "PNG" or "DICOM".</param>
/// <param name="IsImage">Whether <see cref="ImageDecoder"/> reads it.</param>
/// <param name="NextStep">What to do with a file that is not read; null where nothing more can be said.</param>
internal sealed record FileKind(string Name, bool IsImage, string? NextStep = null)
{
    /// <summary>So many bytes are enough to tell (NIfTI's mark stands at 344).</summary>
    public const int PrefixLength = 512;

    public static readonly FileKind Png = new("PNG", true), Jpeg = new("JPEG", true), Tiff = new("TIFF", true), Bmp = new("BMP", true), Gif = new("GIF", true), WebP = new("WebP", true);

    public static readonly FileKind Dicom = new("DICOM", false,
        "Convert it to 8-bit PNG with the window that you read it with, or to 16-bit PNG, e.g. with dcm2pnm or pydicom.");

    public static readonly FileKind Nifti = new("NIfTI", false,
        "A volume is not an image: export the slices of interest as PNG (8-bit windowed, or 16-bit), e.g. with nibabel or med2image.");

    private static readonly FileKind Empty = new("an empty file", false, "Copy or download it again.");
    private static readonly FileKind Unknown = new("no known image format", false);

    private static readonly (byte[] Mark, int Offset, FileKind Kind)[] Marks =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A], 0, Png),
        ([0xFF, 0xD8, 0xFF], 0, Jpeg),
        ([(byte)'I', (byte)'I', 42, 0], 0, Tiff),
        ([(byte)'M', (byte)'M', 0, 42], 0, Tiff),
        ([(byte)'I', (byte)'I', 43, 0], 0, Tiff),
        ([(byte)'M', (byte)'M', 0, 43], 0, Tiff),
        ("GIF87a"u8.ToArray(), 0, Gif),
        ("GIF89a"u8.ToArray(), 0, Gif),
        ("DICM"u8.ToArray(), 128, Dicom),
        ("n+1\0"u8.ToArray(), 344, Nifti),
        ("ni1\0"u8.ToArray(), 344, Nifti),
        ("n+2\0"u8.ToArray(), 4, Nifti),
        ("ni2\0"u8.ToArray(), 4, Nifti),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], 0, new("HDF5", false, "Export its images as PNG or as an .npz of uint8.")),
        ([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'], 0, new("a NumPy array", false, "Put arrays and labels into one .npz with MedMNIST's keys (train_images, train_labels, ...).")),
        ([0xFF, 0x4F, 0xFF, 0x51], 0, new("JPEG 2000", false, "Convert it to PNG.")),
        ([0, 0, 0, 12, (byte)'j', (byte)'P', (byte)' ', (byte)' '], 0, new("JPEG 2000", false, "Convert it to PNG.")),
        ([0xFF, 0x0A], 0, new("JPEG XL", false, "Convert it to PNG.")),
        ("NRRD"u8.ToArray(), 0, new("NRRD", false, "Export the slices of interest as PNG.")),
        ("ObjectType"u8.ToArray(), 0, new("MetaImage", false, "Export the slices of interest as PNG.")),
        ("%PDF"u8.ToArray(), 0, new("PDF", false, "Export its pictures as PNG.")),
        ([(byte)'P', (byte)'K', 3, 4], 0, new("a zip archive", false, "Unpack it first.")),
        ([0x1F, 0x8B], 0, new("a gzip archive", false, "Unpack it first.")),
        ("<svg"u8.ToArray(), 0, new("SVG", false, "Convert it to PNG.")),
        ("<!DOCTYPE"u8.ToArray(), 0, new("a web page", false, "A failed download? Download it again.")),
        ("<html"u8.ToArray(), 0, new("a web page", false, "A failed download? Download it again.")),
        ("<?xml"u8.ToArray(), 0, new("XML", false)),
    ];

    /// <summary>Tells a file by its start.</summary>
    /// <param name="start">The first <see cref="PrefixLength"/> bytes, or all where it has fewer.</param>
    public static FileKind Recognise(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty) return Empty;
        foreach (var (mark, offset, kind) in Marks)
        {
            if (start.Length < offset + mark.Length || !start.Slice(offset, mark.Length).SequenceEqual(mark)) continue;
            return kind.Name == "a gzip archive" && HoldsNifti(start) ? Nifti : kind;
        }
        if (start.Length >= 12 && start[..4].SequenceEqual("RIFF"u8) && start[8..12].SequenceEqual("WEBP"u8)) return WebP;
        if (start.Length >= 12 && start[4..8].SequenceEqual("ftyp"u8)) return new FileKind("HEIF, AVIF or a film", false, "Convert it to PNG.");
        // "BM" alone would fit a text: the header's size must be one of those that exist.
        if (start.Length >= 18 && start[0] == 'B' && start[1] == 'M' && BmpDecoder.IsHeaderSize(BinaryPrimitives.ReadInt32LittleEndian(start[14..]))) return Bmp;
        if (!start.ContainsAnyExcept((byte)0)) return new FileKind("a file of zeros", false, "Copy or download it again.");
        return LooksLikeText(start) ? new FileKind("a text", false) : Unknown;
    }

    /// <summary>The line for a file that is not read.</summary>
    public InvalidInputException Refusal(string name) => new($"{name}: not an image that can be read (got {Name}). {NextStep ?? "PNG, JPEG, TIFF, BMP, WebP and GIF are read: convert it to PNG."}");

    private static bool HoldsNifti(ReadOnlySpan<byte> start)
    {
        try
        {
            using var inflated = new GZipStream(new MemoryStream(start.ToArray()), CompressionMode.Decompress);
            var size = new byte[4];
            // The first field of either version is the header's own size.
            return inflated.ReadAtLeast(size, 4, throwOnEndOfStream: false) == 4
                && (BinaryPrimitives.ReadInt32LittleEndian(size) is 348 or 540 || BinaryPrimitives.ReadInt32BigEndian(size) is 348 or 540);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static bool LooksLikeText(ReadOnlySpan<byte> start)
    {
        foreach (var c in Encoding.UTF8.GetString(start))
        {
            if (char.IsControl(c) && c is not ('\n' or '\r' or '\t')) return false;
        }
        return start.IndexOfAnyInRange((byte)0x80, (byte)0xFF) < 0;
    }
}
