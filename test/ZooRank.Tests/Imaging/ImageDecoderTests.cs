using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using ZooRank.Imaging;

namespace ZooRank.Tests.Imaging;

public class ImageDecoderTests
{
    // Draws one gradient in every way that PIL can store it, and prints what PIL itself reads back: channels and samples.
    private const string Draw = """
        folder = sys.argv[1]
        rgb = numpy.zeros((40, 60, 3), numpy.uint8)
        rgb[..., 0] = numpy.arange(60) * 4; rgb[..., 1] = numpy.arange(40)[:, None] * 6; rgb[10:20, 10:30, 2] = 200
        image = PIL.Image.fromarray(rgb); grey = image.convert("L")
        deep = (numpy.arange(40)[:, None] * 1600 + numpy.arange(60) * 17).astype(numpy.uint16)
        alpha = image.copy(); alpha.putalpha(grey)
        image.save(folder + "/rgb.png"); grey.save(folder + "/grey.png"); image.convert("P", palette=1).save(folder + "/palette.png")
        grey.convert("1").save(folder + "/one_bit.png"); alpha.save(folder + "/alpha.png"); grey.convert("LA").save(folder + "/grey_alpha.png")
        PIL.Image.fromarray(deep).save(folder + "/deep.png"); PIL.Image.fromarray(deep).save(folder + "/deep.tif")
        image.save(folder + "/rgb.tif"); image.save(folder + "/lzw.tif", compression="tiff_lzw"); grey.convert("1").save(folder + "/one_bit.tif")
        image.convert("P", palette=1).save(folder + "/palette.tif")
        image.save(folder + "/rgb.jpg", quality=95); grey.save(folder + "/grey.jpg", quality=95); image.save(folder + "/progressive.jpg", progressive=True)
        image.convert("CMYK").save(folder + "/cmyk.jpg", quality=95)
        image.save(folder + "/rgb.webp", lossless=True); image.save(folder + "/rgb.gif"); grey.save(folder + "/grey.gif")
        image.save(folder + "/rgb.bmp"); grey.save(folder + "/grey.bmp"); grey.convert("1").save(folder + "/one_bit.bmp"); image.convert("P", palette=1).save(folder + "/palette.bmp")
        alpha.save(folder + "/alpha.bmp")
        import os, json
        facts = {}
        for name in sorted(os.listdir(folder)):
            with PIL.Image.open(folder + "/" + name) as opened:
                mode = opened.mode
                if mode in ("I;16", "I"): pixels = numpy.asarray(opened).astype(int)
                elif mode in ("RGBA", "LA"): pixels = None
                elif mode == "P": pixels = numpy.asarray(opened.convert("RGB")).astype(int)
                else: pixels = numpy.asarray(opened.convert("L" if mode in ("1", "L") else "RGB")).astype(int)
            if mode == "RGBA" and not name.endswith(".bmp"): pixels = (rgb * (numpy.asarray(grey)[..., None] / 255.0)).round().astype(int)
            if mode == "RGBA" and name.endswith(".bmp"): pixels = (rgb * (numpy.asarray(grey)[..., None] / 255.0)).round().astype(int)
            if mode == "LA": pixels = numpy.asarray(grey).astype(int)
            facts[name] = dict(mode=mode, shape=list(pixels.shape), pixels=pixels.ravel().tolist())
        print(json.dumps(facts))
        """;

    [Fact]
    public void Every_format_gives_the_pixels_that_PIL_gives()
    {
        using var folder = new TemporaryFolder();
        var facts = JsonDocument.Parse(Python.Run("numpy, PIL, PIL.Image", Draw, folder.Path)).RootElement;
        var seen = 0;
        foreach (var fact in facts.EnumerateObject())
        {
            var image = ImageDecoder.Decode(folder[fact.Name]);
            var pixels = fact.Value.GetProperty("pixels").EnumerateArray().Select(p => p.GetInt32()).ToArray();
            var deep = fact.Name.StartsWith("deep", StringComparison.Ordinal);
            Assert.Equal((60, 40, deep ? 16 : 8), (image.Width, image.Height, image.BitDepth));
            // PIL opens a grey GIF or bitmap as a palette or as grey; either way all three channels are alike.
            var theirs = pixels.Length / (60 * 40);
            // Lossy formats: decoders differ in rounding and in how they enlarge the colour planes (CMYK: then twice more).
            var tolerance = fact.Name.EndsWith(".jpg", StringComparison.Ordinal) ? 2 : fact.Name.StartsWith("alpha", StringComparison.Ordinal) ? 1 : 0;
            for (var y = 0; y < 40; y++)
            {
                for (var x = 0; x < 60; x++)
                {
                    for (var c = 0; c < 3; c++)
                    {
                        var expected = pixels[(((y * 60) + x) * theirs) + (theirs == 1 ? 0 : c)];
                        var actual = image.Sample(x, y, image.Channels == 1 ? 0 : c);
                        Assert.True(Math.Abs(expected - actual) <= tolerance, $"{fact.Name} at {x},{y},{c}: PIL {expected}, here {actual}");
                    }
                }
            }
            seen++;
        }
        Assert.Equal(24, seen);
    }

    [Theory]
    [InlineData("grey", 1)]
    [InlineData("rgb", 3)]
    public void Grey_stays_one_channel(string which, int channels) => Assert.Equal(channels, ImageDecoder.Decode(Png(which == "grey" ? 1 : 3), "x.png").Channels);

    [Theory]
    [InlineData(1, 10, 20, 0, 0)]
    [InlineData(3, 10, 20, 9, 19)]    // turned by 180 degrees: the marked corner, top left, belongs to the bottom right
    [InlineData(6, 20, 10, 19, 0)]    // 90 degrees clockwise: to the top right
    [InlineData(8, 20, 10, 0, 9)]     // 90 degrees counter-clockwise: to the bottom left
    public void The_orientation_that_a_camera_noted_is_applied(int orientation, int width, int height, int markX, int markY)
    {
        var pixels = new byte[10 * 20];
        pixels[0] = 255;
        using var picture = NetVips.Image.NewFromMemory(pixels, 10, 20, 1, NetVips.Enums.BandFormat.Uchar);
        using var noted = picture.Mutate(m => m.Set(NetVips.GValue.GIntType, "orientation", orientation));
        var image = ImageDecoder.Decode(noted.TiffsaveBuffer(), "photo.tif");
        Assert.Equal((width, height), (image.Width, image.Height));
        Assert.Equal(255, image.Sample(markX, markY));
    }

    [Fact]
    public void Sixteen_bits_are_kept_and_alpha_is_laid_on_black()
    {
        var samples = new ushort[] { 65535, 40000, 300, 65535, 65535, 40000, 300, 32768 };
        using var picture = NetVips.Image.NewFromMemory(samples, 2, 1, 4, NetVips.Enums.BandFormat.Ushort);
        using var rgb = picture.Copy(interpretation: NetVips.Enums.Interpretation.Rgb16);
        var image = ImageDecoder.Decode(rgb.PngsaveBuffer(), "x.png");
        Assert.Equal("2×1 RGB, 16 bit", image.ToString());
        Assert.Equal([65535, 40000, 300, 32768, 20000, 150], Enumerable.Range(0, 6).Select(i => image.Sample(i / 3, 0, i % 3)));
    }

    [Fact]
    public void A_float_image_between_0_and_1_becomes_16_bits_and_any_other_is_refused()
    {
        Assert.Equal([0, 32768, 65535], Enumerable.Range(0, 3).Select(x => ImageDecoder.Decode(FloatTiff([0, 0.5f, 1]), "x.tif").Sample(x, 0)));
        Assert.Contains("must lie between 0 (black) and 1 (white), and one is -1000", Refusal(FloatTiff([0, -1000, 1])), StringComparison.Ordinal);
        Assert.Contains("NaN", Refusal(FloatTiff([0, float.NaN, 1])), StringComparison.Ordinal);
    }

    [Fact]
    public void Tiled_and_signed_tiffs_are_told_apart()
    {
        using var big = NetVips.Image.NewFromMemory(new byte[300 * 200], 300, 200, 1, NetVips.Enums.BandFormat.Uchar);
        Assert.Equal(300, ImageDecoder.Decode(big.TiffsaveBuffer(tile: true, tileWidth: 128, tileHeight: 128), "x.tif").Width);
        using var signed = NetVips.Image.NewFromMemory(new short[4], 2, 2, 1, NetVips.Enums.BandFormat.Short);
        Assert.Contains("samples of type short have no agreed black and white", Refusal(signed.TiffsaveBuffer()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_jpeg_may_be_decoded_smaller_but_never_below_twice_the_wanted_side()
    {
        using var noise = NetVips.Image.Black(1600, 1200).Invert();
        var file = noise.JpegsaveBuffer();
        Assert.Equal(1600, ImageDecoder.Decode(file, "x.jpg").Width);
        Assert.Equal(800, ImageDecoder.Decode(file, "x.jpg", wantedSide: 224).Width);
        Assert.Equal(1600, ImageDecoder.Decode(file, "x.jpg", wantedSide: 400).Width);
        Assert.Equal(200, ImageDecoder.Decode(file, "x.jpg", wantedSide: 64).Width);
    }

    [Theory]
    [InlineData("png")]
    [InlineData("bmp")]
    [InlineData("tif")]
    [InlineData("jpg")]
    [InlineData("webp")]
    public void A_few_bytes_that_declare_a_huge_picture_are_refused_in_one_line(string format)
    {
        var message = Refusal(Bomb(format));
        Assert.DoesNotContain('\n', message);
        if (format is not "webp") Assert.Contains("60000×60000 pixels, more than the 134 million allowed", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "an empty file")]
    [InlineData("patient,age\n1,70\n", "a text")]
    [InlineData("<!DOCTYPE html><html>", "a web page")]
    [InlineData("PK\u0003\u0004", "a zip archive")]
    public void What_is_no_image_is_called_by_its_name(string content, string name) =>
        Assert.StartsWith($"scan.png: not an image that can be read (got {name}).", Refusal(Encoding.Latin1.GetBytes(content), "scan.png"), StringComparison.Ordinal);

    [Fact]
    public void Dicom_and_nifti_are_named_with_a_next_step()
    {
        var dicom = new byte[200];
        "DICM"u8.CopyTo(dicom.AsSpan(128));
        Assert.Contains("(got DICOM). Convert it to 8-bit PNG", Refusal(dicom), StringComparison.Ordinal);

        var nifti = new byte[352];
        BinaryPrimitives.WriteInt32LittleEndian(nifti, 348);
        "n+1\0"u8.CopyTo(nifti.AsSpan(344));
        Assert.Contains("(got NIfTI). A volume is not an image", Refusal(nifti), StringComparison.Ordinal);

        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest)) gzip.Write(nifti);
        Assert.Contains("(got NIfTI)", Refusal(zipped.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_image_is_not_taken_for_a_whole_one()
    {
        foreach (var file in new[] { Noise().JpegsaveBuffer(), Noise().PngsaveBuffer(), Noise().WebpsaveBuffer(), Noise().TiffsaveBuffer() })
            Assert.Contains("not an image that can be read (got a damaged", Refusal(file[..(file.Length / 2)]), StringComparison.Ordinal);
    }

    [Fact]
    public void An_animation_and_a_stack_give_their_first_picture()
    {
        using var first = NetVips.Image.Black(8, 6);
        using var second = first.Invert();
        using var both = first.Join(second, NetVips.Enums.Direction.Vertical);
        using var pages = both.Mutate(m => m.Set(NetVips.GValue.GIntType, "page-height", 6));
        foreach (var file in new[] { pages.GifsaveBuffer(), pages.TiffsaveBuffer(), pages.WebpsaveBuffer(lossless: true) })
        {
            var image = ImageDecoder.Decode(file, "film");
            Assert.Equal((8, 6, 0), (image.Width, image.Height, image.Sample(4, 3)));
        }
    }

    [Fact]
    public void Damaged_files_of_every_format_give_one_line_or_an_image_and_nothing_else()
    {
        var random = new Random(20240601);
        byte[][] seeds =
        [
            Noise().PngsaveBuffer(), Noise().JpegsaveBuffer(), Noise().TiffsaveBuffer(compression: NetVips.Enums.ForeignTiffCompression.Lzw), Noise().WebpsaveBuffer(),
            Noise().GifsaveBuffer(), BmpDecoderTests.Bmp24(5, 4), BmpDecoderTests.Bmp8(5, 4),
        ];
        for (var round = 0; round < 2100; round++)
        {
            var file = (byte[])seeds[round % seeds.Length].Clone();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                // Most harm is done in the head.
                var at = random.Next(2) == 0 ? random.Next(Math.Min(64, file.Length)) : random.Next(file.Length);
                file[at] = random.Next(3) switch { 0 => 0xFF, 1 => 0, _ => (byte)random.Next(256) };
            }
            if (random.Next(4) == 0) file = file[..random.Next(file.Length)];
            try
            {
                ImageDecoder.Decode(file, "fuzz");
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    [Fact]
    public void Real_samples_of_eight_and_sixteen_bits_decode()
    {
        var samples = SharedFolder.Require("data", "samples");
        var files = Directory.GetFiles(samples, "*", SearchOption.AllDirectories);
        Assert.Equal(21, files.Length);
        var images = new Image[files.Length];
        Parallel.For(0, files.Length, i => images[i] = ImageDecoder.Decode(files[i]));
        var deep = images[Array.FindIndex(files, f => f.EndsWith("23E99E2E-447C-46E5-8EB2-D35D12473C39.png", StringComparison.Ordinal))];
        Assert.Equal("1618×1552 RGB, 16 bit", deep.ToString());
        Assert.Equal(15, images.Count(i => i.Channels == 1));   // those of mode L in DATA.md
    }

    internal static byte[] Png(int channels, byte value = 7)
    {
        using var picture = NetVips.Image.NewFromMemory(Enumerable.Repeat(value, 6 * 4 * channels).ToArray(), 6, 4, channels, NetVips.Enums.BandFormat.Uchar);
        using var named = picture.Copy(interpretation: channels == 1 ? NetVips.Enums.Interpretation.Bw : NetVips.Enums.Interpretation.Srgb);
        return named.PngsaveBuffer();
    }

    private static NetVips.Image Noise() => NetVips.Image.Gaussnoise(48, 32, mean: 128, sigma: 40, seed: 1).Cast(NetVips.Enums.BandFormat.Uchar);

    private static byte[] FloatTiff(float[] values)
    {
        using var picture = NetVips.Image.NewFromMemory(values, values.Length, 1, 1, NetVips.Enums.BandFormat.Float);
        return picture.TiffsaveBuffer();
    }

    private static string Refusal(byte[] file, string name = "x") => Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(file, name)).Message;

    private static byte[] Bomb(string format)
    {
        const ushort Side = 60000;
        using var small = NetVips.Image.Black(16, 16);
        switch (format)
        {
            case "png":
                var png = small.PngsaveBuffer();
                BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), Side);
                BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), Side);
                BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), ZooRank.Data.Crc32.Append(0, png.AsSpan(12, 17)));
                return png;
            case "bmp":
                var bmp = BmpDecoderTests.Bmp24(4, 4);
                BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(18), Side);
                BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(22), Side);
                return bmp;
            case "jpg":
                var jpg = small.JpegsaveBuffer();
                var frame = jpg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
                BinaryPrimitives.WriteUInt16BigEndian(jpg.AsSpan(frame + 5), Side);
                BinaryPrimitives.WriteUInt16BigEndian(jpg.AsSpan(frame + 7), Side);
                return jpg;
            case "webp":
                var webp = small.WebpsaveBuffer();
                webp.AsSpan(26, 4).Fill(0xFF);
                return webp;
            default:
                using (var large = NetVips.Image.Black(Side, Side))
                using (var header = large.ExtractArea(0, 0, Side, 1))
                {
                    var tif = header.TiffsaveBuffer(compression: NetVips.Enums.ForeignTiffCompression.Deflate);
                    // The one value of the height (tag 257) in the directory.
                    var entries = BinaryPrimitives.ReadInt32LittleEndian(tif.AsSpan(4));
                    for (var entry = entries + 2; entry < tif.Length - 12; entry += 12)
                    {
                        if (BinaryPrimitives.ReadUInt16LittleEndian(tif.AsSpan(entry)) != 257) continue;
                        tif.AsSpan(entry + 8, 4).Clear();
                        BinaryPrimitives.WriteUInt16LittleEndian(tif.AsSpan(entry + 8), Side);
                        break;
                    }
                    return tif;
                }
        }
    }
}
