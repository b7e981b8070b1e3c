namespace ZooRank.Imaging;

/// <summary>A decoded picture: rows from the top, pixels from the left, channels interleaved, without alpha and without colour management.</summary>
public sealed class Image
{
    /// <param name="width">Pixels across.</param>
    /// <param name="height">Pixels down.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="bitDepth">8 or 16.</param>
    /// <param name="pixels">The samples; kept, not copied.</param>
    public Image(int width, int height, int channels, int bitDepth, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (channels is not (1 or 3)) throw new ArgumentOutOfRangeException(nameof(channels));
        if (bitDepth is not (8 or 16)) throw new ArgumentOutOfRangeException(nameof(bitDepth));
        if (pixels.LongLength != (long)width * height * channels * (bitDepth / 8)) throw new ArgumentException("The samples do not fill the picture.", nameof(pixels));
        (Width, Height, Channels, BitDepth, Pixels) = (width, height, channels, bitDepth, pixels);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>8 or 16; white is 255 or 65535.</summary>
    public int BitDepth { get; }

    /// <summary>The samples; 16-bit ones with the low byte first. Not to be changed: images are shared.</summary>
    public byte[] Pixels { get; }

    /// <summary>The value of white: 255 or 65535.</summary>
    public int White => BitDepth == 8 ? byte.MaxValue : ushort.MaxValue;

    /// <summary>One sample, from the stored bytes.</summary>
    public int Sample(int x, int y, int channel = 0)
    {
        var i = ((y * Width) + x) * Channels + channel;
        return BitDepth == 8 ? Pixels[i] : Pixels[2 * i] | (Pixels[(2 * i) + 1] << 8);
    }

    public override string ToString() => $"{Width}×{Height} {(Channels == 1 ? "grey" : "RGB")}, {BitDepth} bit";
}
