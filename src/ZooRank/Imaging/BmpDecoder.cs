using System.Buffers.Binary;
using System.Numerics;

namespace ZooRank.Imaging;

/// <summary>
/// Windows bitmaps without run-length coding: 1, 4 and 8 bit palette, 16, 24 and 32 bit. The libvips of the package reads none.
/// </summary>
internal static class BmpDecoder
{
    private const int FileHeader = 14;
    private const uint Plain = 0, BitFields = 3, AlphaBitFields = 6;

    /// <summary>The header sizes that exist: OS/2, Windows 3, and its versions 2 to 5.</summary>
    public static bool IsHeaderSize(int size) => size is 12 or 40 or 52 or 56 or 64 or 108 or 124;

    public static Image Decode(ReadOnlySpan<byte> file, string name)
    {
        if (file.Length < FileHeader + 12) throw Damaged(name);
        var info = file[FileHeader..];
        var headerSize = BinaryPrimitives.ReadInt32LittleEndian(info);
        if (!IsHeaderSize(headerSize) || info.Length < headerSize) throw Damaged(name);

        long width, height;
        int bits;
        uint compression = Plain, colourCount = 0;
        if (headerSize == 12)
        {
            (width, height, bits) = (BinaryPrimitives.ReadUInt16LittleEndian(info[4..]), BinaryPrimitives.ReadUInt16LittleEndian(info[6..]), BinaryPrimitives.ReadUInt16LittleEndian(info[10..]));
        }
        else
        {
            (width, height, bits) = (BinaryPrimitives.ReadInt32LittleEndian(info[4..]), BinaryPrimitives.ReadInt32LittleEndian(info[8..]), BinaryPrimitives.ReadUInt16LittleEndian(info[14..]));
            compression = BinaryPrimitives.ReadUInt32LittleEndian(info[16..]);
            colourCount = BinaryPrimitives.ReadUInt32LittleEndian(info[32..]);
        }
        var topDown = height < 0;
        height = Math.Abs(height);
        if (width <= 0 || height == 0) throw Damaged(name);
        ImageDecoder.CheckSize(name, width, height);
        if (compression is not (Plain or BitFields or AlphaBitFields) || (compression != Plain && bits is not (16 or 32)))
            throw new InvalidInputException($"{name}: a BMP with compression {compression} is not read. Convert it to PNG.");
        if (bits is not (1 or 4 or 8 or 16 or 24 or 32)) throw Damaged(name);

        var pixelOffset = BinaryPrimitives.ReadUInt32LittleEndian(file[10..]);
        var stride = (width * bits + 31) / 32 * 4;   // rows are padded to four bytes
        if (pixelOffset > file.Length || stride * height > file.Length - pixelOffset)
            throw new InvalidInputException($"{name}: not an image that can be read (the BMP ends early). Copy or download it again.");
        var rows = file[(int)pixelOffset..];
        var (w, h, step) = ((int)width, (int)height, (int)stride);
        return bits <= 8
            ? FromPalette(rows, w, h, step, bits, topDown, Palette(file, FileHeader + headerSize, headerSize == 12 ? 3 : 4, bits, colourCount, name), name)
            : FromColours(rows, w, h, step, bits, topDown, Masks(info, headerSize, bits, compression, name));
    }

    private static (byte R, byte G, byte B)[] Palette(ReadOnlySpan<byte> file, int offset, int entrySize, int bits, uint count, string name)
    {
        var size = count == 0 ? 1 << bits : (int)Math.Min(count, 1u << bits);
        if (offset + (size * entrySize) > file.Length) throw Damaged(name);
        var palette = new (byte, byte, byte)[size];
        for (var i = 0; i < size; i++)
        {
            var entry = file.Slice(offset + (i * entrySize), 3);
            palette[i] = (entry[2], entry[1], entry[0]);
        }
        return palette;
    }

    private static Image FromPalette(ReadOnlySpan<byte> rows, int width, int height, int stride, int bits, bool topDown, (byte R, byte G, byte B)[] palette, string name)
    {
        var grey = palette.All(c => c.R == c.G && c.G == c.B);
        var channels = grey ? 1 : 3;
        var pixels = new byte[width * height * channels];
        var perByte = 8 / bits;
        for (var y = 0; y < height; y++)
        {
            var row = rows.Slice((topDown ? y : height - 1 - y) * stride, stride);
            for (var x = 0; x < width; x++)
            {
                var index = (row[x / perByte] >> (8 - (bits * ((x % perByte) + 1)))) & ((1 << bits) - 1);
                if (index >= palette.Length) throw Damaged(name);
                var to = ((y * width) + x) * channels;
                pixels[to] = palette[index].R;
                if (!grey) (pixels[to + 1], pixels[to + 2]) = (palette[index].G, palette[index].B);
            }
        }
        return new Image(width, height, channels, 8, pixels);
    }

    // Red, green, blue, alpha; 0 where there is none.
    private static uint[] Masks(ReadOnlySpan<byte> info, int headerSize, int bits, uint compression, string name)
    {
        if (compression == Plain) return bits == 16 ? [0x7C00, 0x3E0, 0x1F, 0] : [0xFF0000, 0xFF00, 0xFF, 0];
        // Behind the first 40 bytes: part of the later headers, appended to the header of Windows 3.
        var count = headerSize >= 56 || compression == AlphaBitFields ? 4 : 3;
        if (info.Length < 40 + (4 * count)) throw Damaged(name);
        var masks = new uint[4];
        for (var i = 0; i < count; i++) masks[i] = BinaryPrimitives.ReadUInt32LittleEndian(info[(40 + (4 * i))..]);
        if (masks[..3].Any(m => m == 0)) throw Damaged(name);
        return masks;
    }

    private static Image FromColours(ReadOnlySpan<byte> rows, int width, int height, int stride, int bits, bool topDown, uint[] masks)
    {
        var size = bits / 8;
        var samples = new byte[width * height * 4];
        var anyAlpha = false;
        for (var y = 0; y < height; y++)
        {
            var row = rows.Slice((topDown ? y : height - 1 - y) * stride, stride);
            for (var x = 0; x < width; x++)
            {
                var value = 0u;
                for (var b = 0; b < size; b++) value |= (uint)row[(x * size) + b] << (8 * b);
                for (var channel = 0; channel < 4; channel++)
                {
                    var sample = masks[channel] == 0 ? byte.MaxValue : Scale(value, masks[channel]);
                    samples[(((y * width) + x) * 4) + channel] = sample;
                    anyAlpha |= channel == 3 && masks[3] != 0 && sample != 0;
                }
            }
        }
        // Many writers declare an alpha channel and leave it at zero: then it says nothing.
        return PixelLayout.ToImage(samples, width, height, bands: 4, bitDepth: 8, anyAlpha ? PixelLayout.Extra.Alpha : PixelLayout.Extra.Ignored);
    }

    private static byte Scale(uint value, uint mask)
    {
        var shift = BitOperations.TrailingZeroCount(mask);
        var most = mask >> shift;
        return (byte)((((ulong)((value & mask) >> shift) * 255) + (most / 2)) / most);
    }

    private static InvalidInputException Damaged(string name) => new($"{name}: not an image that can be read (a damaged BMP). Copy or download it again.");
}
