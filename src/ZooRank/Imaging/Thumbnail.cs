using NetVips;
using Vips = NetVips.Image;

namespace ZooRank.Imaging;

/// <summary>A picture made small for a page.</summary>
public static class Thumbnail
{
    /// <summary>A JPEG as data URI, its longer side at most <paramref name="side"/> pixels.</summary>
    /// <exception cref="InvalidInputException">libvips cannot be loaded.</exception>
    public static string DataUri(Image image, int side = 48)
    {
        _ = ImageDecoder.LibraryVersion;   // says it if it cannot be loaded
        using var whole = Vips.NewFromMemory(image.Pixels, image.Width, image.Height, image.Channels, image.BitDepth == 8 ? Enums.BandFormat.Uchar : Enums.BandFormat.Ushort);
        using var bytes = image.BitDepth == 8 ? whole.Copy() : (whole / 257).Cast(Enums.BandFormat.Uchar);
        using var named = bytes.Copy(interpretation: image.Channels == 1 ? Enums.Interpretation.Bw : Enums.Interpretation.Srgb);
        using var small = named.ThumbnailImage(side, height: side, size: Enums.Size.Down);
        return $"data:image/jpeg;base64,{Convert.ToBase64String(small.JpegsaveBuffer(q: 80, keep: Enums.ForeignKeep.None))}";
    }
}
