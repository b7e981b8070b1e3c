using System.Runtime.InteropServices;
using NetVips;
using ZooRank.Native;
using Vips = NetVips.Image;

namespace ZooRank.Imaging;

/// <summary>
/// Reads PNG, JPEG, TIFF, BMP, WebP and GIF (of several pages or frames, the first) by content. The orientation that a camera noted is applied, alpha is
/// composited on black, CMYK is converted without a profile, colour profiles are ignored; 16 bits stay 16 bits. Safe to call from several threads.
/// </summary>
public static class ImageDecoder
{
    /// <summary>The most pixels that a picture may declare: 134 million, as 11,585 squared. A file of a few bytes can declare any number.</summary>
    public const long MaxPixels = 1L << 27;

    private const long MaxFileLength = 1L << 30;   // 1 GiB: no picture of MaxPixels needs more, except uncompressed 16-bit RGBA

    static ImageDecoder()
    {
        try
        {
            // Each picture is decoded once, so a cache only costs; and the callers decode several at once, so a picture needs one thread.
            Cache.Max = 0;
            NetVips.NetVips.Concurrency = 1;
            // libvips prints its warnings on the console; what matters arrives as an error.
            Log.SetLogHandler("VIPS", Enums.LogLevelFlags.All, (_, _, _) => { });
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            unavailable = NativeLibraries.LibVips is null && e.GetBaseException() is DllNotFoundException ? "it is not on this machine" : e.GetBaseException().Message.Split('\n')[0];
        }
    }

    private static readonly string? unavailable;

    /// <summary>Version of the libvips in use.</summary>
    /// <exception cref="InvalidInputException">It could not be loaded: the loader's words.</exception>
    public static string LibraryVersion => unavailable is null ? $"{NetVips.NetVips.Version(0)}.{NetVips.NetVips.Version(1)}.{NetVips.NetVips.Version(2)}" : throw new InvalidInputException(unavailable);

    /// <summary>Reads a file; see <see cref="Decode(byte[], string, int?)"/>.</summary>
    public static Image Decode(string path, int? wantedSide = null) => Decode(ReadFile(path), path, wantedSide);

    /// <summary>Reads a picture from its file's bytes.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What a message calls it.</param>
    /// <param name="wantedSide">
    /// The side in pixels to which the picture will be resized, if known. A JPEG may then be decoded at a half, a quarter or an eighth of its size (much
    /// faster, and the average that it takes is close to what resizing would do), as long as its shorter side stays at least twice this. Null: full size.
    /// </param>
    /// <exception cref="InvalidInputException">No readable image, or one that declares more than <see cref="MaxPixels"/>: one line with the name.</exception>
    public static Image Decode(byte[] file, string name, int? wantedSide = null)
    {
        var kind = FileKind.Recognise(file.AsSpan(0, Math.Min(file.Length, FileKind.PrefixLength)));
        if (!kind.IsImage) throw kind.Refusal(name);
        if (kind == FileKind.Bmp) return BmpDecoder.Decode(file, name);
        if (unavailable is not null)
        {
            throw new InvalidInputException(
                $"{name}: a {kind.Name} cannot be read because libvips could not be loaded ({unavailable}). {NativePackage.LibVips(NativeLibraries.Rid).Remedy}, or install the system's libvips 8.13 or newer.");
        }
        try
        {
            return DecodeWithVips(file, name, kind, wantedSide);
        }
        catch (VipsException e)
        {
            throw new InvalidInputException($"{name}: not an image that can be read (got a damaged {kind.Name}: {FirstLine(e.Message)}). Copy or download it again.", e);
        }
    }

    internal static byte[] ReadFile(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            return length <= MaxFileLength ? File.ReadAllBytes(path) : throw TooLong(path, length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: could not be read ({FirstLine(e.Message)}). Check the path and its permissions.", e);
        }
    }

    internal static InvalidInputException TooLong(string name, long length) => new($"{name}: {length} bytes, too many for a picture (at most 1 GiB). Export it smaller.");

    internal static void CheckSize(string name, long width, long height)
    {
        if (width * height > MaxPixels)
            throw new InvalidInputException(FormattableString.Invariant($"{name}: declares {width}×{height} pixels, more than the {MaxPixels / 1000000} million allowed. Export it smaller, or cut it into tiles."));
    }

    private static Image DecodeWithVips(byte[] file, string name, FileKind kind, int? wantedSide)
    {
        using var opened = Open(file, kind, shrink: 1);
        CheckSize(name, opened.Width, opened.Height);
        var shrink = kind == FileKind.Jpeg && wantedSide is { } side ? ShrinkFor(Math.Min(opened.Width, opened.Height), side) : 1;
        using var shrunk = shrink > 1 ? Open(file, kind, shrink) : null;
        var picture = shrunk ?? opened;

        // The pipeline runs from the top down only; turning needs all of the picture.
        var turned = picture.Contains("orientation") && picture.Get("orientation") is int and > 1;
        using var whole = turned ? picture.CopyMemory() : null;
        using var upright = whole?.Autorot();
        picture = upright ?? picture;

        var perceptual = picture.Interpretation is Enums.Interpretation.Lab or Enums.Interpretation.Labs or Enums.Interpretation.Xyz;
        using var colours = perceptual && picture.Bands >= 3 ? picture.Colourspace(Enums.Interpretation.Srgb) : null;
        picture = colours ?? picture;

        var ink = picture.Interpretation == Enums.Interpretation.Cmyk && picture.Bands >= 4;
        var alpha = !ink && picture.HasAlpha();
        if (picture.Bands > (ink ? 5 : 4) || (picture.Bands is 2 or 4 && !alpha && !ink))
            throw new InvalidInputException($"{name}: a picture of {picture.Bands} channels is not read; grey, RGB and CMYK are, with or without alpha. Export the wanted channels as PNG.");
        var (width, height, bands) = (picture.Width, picture.Height, picture.Bands);
        var extra = ink ? PixelLayout.Extra.Ink : alpha ? PixelLayout.Extra.Alpha : PixelLayout.Extra.Ignored;
        return picture.Format switch
        {
            Enums.BandFormat.Uchar => PixelLayout.ToImage(picture.WriteToMemory<byte>(), width, height, bands, 8, extra),
            Enums.BandFormat.Ushort => PixelLayout.ToImage(MemoryMarshal.AsBytes(picture.WriteToMemory<ushort>().AsSpan()).ToArray(), width, height, bands, 16, extra),
            Enums.BandFormat.Float => PixelLayout.ToImage(FromUnitRange(picture.WriteToMemory<float>(), name, v => v), width, height, bands, 16, extra),
            Enums.BandFormat.Double => PixelLayout.ToImage(FromUnitRange(picture.WriteToMemory<double>(), name, v => v), width, height, bands, 16, extra),
            _ => throw new InvalidInputException($"{name}: samples of type {picture.Format.ToString().ToLowerInvariant()} have no agreed black and white. Export it as 8-bit or unsigned 16-bit PNG."),
        };
    }

    private static Vips Open(byte[] file, FileKind kind, int shrink) =>
        kind == FileKind.Jpeg ? Vips.JpegloadBuffer(file, shrink: shrink, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error)
        : kind == FileKind.Png ? Vips.PngloadBuffer(file, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error)
        : kind == FileKind.Tiff ? Vips.TiffloadBuffer(file, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error)
        : kind == FileKind.WebP ? Vips.WebploadBuffer(file, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error)
        : Vips.GifloadBuffer(file, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error);

    private static int ShrinkFor(int shorterSide, int wantedSide)
    {
        foreach (var factor in new[] { 8, 4, 2 })
        {
            if (shorterSide / factor >= 2 * wantedSide) return factor;
        }
        return 1;
    }

    // Floating-point samples have a meaning only where 0 is black and 1 is white; any other range (Hounsfield units, 0 to 255) would be a guess.
    private static byte[] FromUnitRange<T>(T[] values, string name, Func<T, double> widen)
    {
        var result = new byte[values.Length * 2];
        var shorts = MemoryMarshal.Cast<byte, ushort>(result.AsSpan());
        for (var i = 0; i < values.Length; i++)
        {
            var value = widen(values[i]);
            if (!(value is >= 0 and <= 1))
                throw new InvalidInputException(FormattableString.Invariant($"{name}: floating-point samples must lie between 0 (black) and 1 (white), and one is {value}. Export it as 8-bit or 16-bit PNG."));
            shorts[i] = (ushort)Math.Round(value * ushort.MaxValue);
        }
        return result;
    }

    private static string FirstLine(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        // NetVips says what failed, libvips below it says why.
        return (lines.Length > 1 ? lines[1] : lines.Length > 0 ? lines[0] : "no reason given").TrimEnd('.');
    }
}
