using System.Buffers.Binary;
using ZooRank.Imaging;

namespace ZooRank.Tests.Imaging;

public class BmpDecoderTests
{
    [Fact]
    public void Rows_run_from_the_bottom_unless_the_height_is_negative()
    {
        var file = Bmp24(5, 4);
        Assert.Equal(4 - 1, ImageDecoder.Decode(file, "x.bmp").Sample(0, 0, 2));   // Bmp24 writes the stored row's number as blue
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), -4);
        Assert.Equal(0, ImageDecoder.Decode(file, "x.bmp").Sample(0, 0, 2));
    }

    [Fact]
    public void Sixteen_bit_colours_fill_the_whole_range()
    {
        var file = Header(width: 2, height: 1, bits: 16, extra: 0, rowBytes: 4);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(54), 0x7FFF);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(56), 0x001F);
        var image = ImageDecoder.Decode(file, "x.bmp");
        Assert.Equal([255, 255, 255, 0, 0, 255], image.Pixels);
    }

    [Fact]
    public void A_grey_palette_gives_one_channel() => Assert.Equal(1, ImageDecoder.Decode(Bmp8(5, 4), "x.bmp").Channels);

    [Fact]
    public void Run_length_coding_is_refused_with_a_next_step()
    {
        var file = Bmp8(5, 4);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(30), 1);
        Assert.Equal("x.bmp: a BMP with compression 1 is not read. Convert it to PNG.", Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(file, "x.bmp")).Message);
    }

    internal static byte[] Bmp24(int width, int height)
    {
        var stride = (width * 3 + 3) / 4 * 4;
        var file = Header(width, height, 24, 0, stride);
        for (var y = 0; y < height; y++) file[54 + (y * stride)] = (byte)y;
        return file;
    }

    internal static byte[] Bmp8(int width, int height)
    {
        var stride = (width + 3) / 4 * 4;
        var file = Header(width, height, 8, 1024, stride);
        for (var i = 0; i < 256; i++) file.AsSpan(54 + (4 * i), 3).Fill((byte)i);
        return file;
    }

    private static byte[] Header(int width, int height, int bits, int extra, int rowBytes)
    {
        var file = new byte[54 + extra + (rowBytes * height)];
        file[0] = (byte)'B';
        file[1] = (byte)'M';
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54 + extra);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), height);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(26), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), (short)bits);
        return file;
    }
}
