using System.Runtime.InteropServices;

namespace ZooRank.Imaging;

/// <summary>Brings decoded samples of any band count to grey or RGB.</summary>
internal static class PixelLayout
{
    /// <summary>What the bands beyond grey or RGB mean.</summary>
    public enum Extra { Ignored, Alpha, Ink }

    /// <param name="samples">Interleaved samples, 16-bit ones with the low byte first.</param>
    /// <param name="width">Pixels across.</param>
    /// <param name="height">Pixels down.</param>
    /// <param name="bands">1 grey, 2 grey and extra, 3 RGB, 4 RGB and extra or four inks; further ones are left out.</param>
    /// <param name="bitDepth">8 or 16.</param>
    /// <param name="extra">Alpha: composited on black. Ink: the bands are cyan, magenta, yellow, black.</param>
    public static Image ToImage(byte[] samples, int width, int height, int bands, int bitDepth, Extra extra)
    {
        var channels = bands <= 2 ? 1 : 3;
        if (bands == channels) return new Image(width, height, channels, bitDepth, samples);
        var pixels = new byte[checked(width * height * channels * (bitDepth / 8))];
        if (bitDepth == 8)
            Convert<byte>(samples, pixels, bands, channels, extra, byte.MaxValue, v => v, v => (byte)v);
        else
            Convert(MemoryMarshal.Cast<byte, ushort>(samples), MemoryMarshal.Cast<byte, ushort>(pixels.AsSpan()), bands, channels, extra, ushort.MaxValue, v => v, v => (ushort)v);
        return new Image(width, height, channels, bitDepth, pixels);
    }

    private static void Convert<T>(ReadOnlySpan<T> from, Span<T> to, int bands, int channels, Extra extra, uint white, Func<T, uint> widen, Func<uint, T> narrow)
    {
        for (int i = 0, o = 0; o < to.Length; i += bands, o += channels)
        {
            for (var c = 0; c < channels; c++)
            {
                to[o + c] = extra switch
                {
                    Extra.Alpha => narrow(((widen(from[i + c]) * widen(from[i + channels])) + (white / 2)) / white),
                    // Without a profile: paper shows where neither the ink nor black covers it (as PIL converts).
                    Extra.Ink => narrow((((white - widen(from[i + c])) * (white - widen(from[i + 3]))) + (white / 2)) / white),
                    _ => from[i + c],
                };
            }
        }
    }
}
