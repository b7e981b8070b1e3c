using System.Globalization;
using ZooRank.Checkpoints;
using static TorchSharp.torch;

namespace ZooRank.Tests.Checkpoints;

public class SafetensorsTests
{
    private static readonly ScalarType[] Types =
    [
        ScalarType.Bool, ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte,
    ];

    [Fact]
    public void What_is_written_is_read_back_in_every_type_shape_and_order()
    {
        using var scope = NewDisposeScope();
        using var file = new TemporaryFile();
        (string Name, Tensor Values)[] tensors =
        [
            .. Types.Select(type => ($"of.{type}", arange(6).reshape(2, 3).to(type))),
            ("scalar", tensor(7f)),
            ("empty", zeros(0, 5)),
            ("transposed", arange(6).reshape(2, 3).t()),
            ("a \"name\" with ü\n", ones(1)),
        ];

        Safetensors.Write(file.Path, tensors, new Dictionary<string, string> { ["made by"] = "a \"test\" with ü" });
        using var read = Checkpoint.Open(file.Path);

        Assert.Equal("safetensors", read.Format);
        Assert.Equal("a \"test\" with ü", Assert.Single(read.Metadata).Value);
        Assert.Equal(tensors.Select(tensor => tensor.Name), read.Tensors.Select(tensor => tensor.Name));
        foreach (var (entry, (_, expected)) in read.Tensors.Zip(tensors))
        {
            var values = read.Read(entry);
            Assert.Equal(expected.dtype, values.dtype);
            Assert.Equal(expected.shape, values.shape);
            Assert.True(values.is_contiguous());
            Assert.True(values.Equals(expected), entry.Name);
        }
    }

    [Fact]
    public void Values_start_aligned_to_their_type_and_without_gaps()
    {
        using var scope = NewDisposeScope();
        using var file = new TemporaryFile();

        Safetensors.Write(file.Path, [("flag", tensor(true)), ("half", ones(3, ScalarType.Float16)), ("double", ones(1, ScalarType.Float64))]);

        var bytes = File.ReadAllBytes(file.Path);
        var length = BitConverter.ToInt64(bytes);
        Assert.Equal(0, length % 8);
        Assert.Equal(
            """{"flag":{"dtype":"BOOL","shape":[],"data_offsets":[14,15]},"half":{"dtype":"F16","shape":[3],"data_offsets":[8,14]},"double":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""",
            System.Text.Encoding.UTF8.GetString(bytes, 8, (int)length).TrimEnd(' '));
        Assert.Equal(8 + length + 15, bytes.Length);
    }

    [Fact]
    public void A_name_given_twice_or_a_type_that_the_format_lacks_is_the_callers_mistake()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => Safetensors.Write("never.safetensors", [("w", ones(1)), ("w", ones(1))]));
        Assert.Throws<ArgumentException>(() => Safetensors.Write("never.safetensors", [("w", ones(1, ScalarType.ComplexFloat32))]));
        Assert.False(File.Exists("never.safetensors"));
    }

    [Theory]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "is cut short: its tensors need 8 bytes, 4 are there")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "end at byte 8 of the values, but 12 are there")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}""", 12, "needs 8 bytes")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "a shape beyond measure")]
    [InlineData("""{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}""", 8, "whole numbers")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[9223372036854775800,9223372036854775807]}}""", 8, "needs 8 bytes")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"v":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "neither overlap nor leave gaps")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 16, "two tensors are called 'w'")]
    [InlineData("""{"w":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}""", 2, "has the element type F8_E4M3")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", 8, "lacks dtype, shape or data_offsets")]
    [InlineData("""{"w":{"dtype":"F32" """, 8, "is not valid JSON")]
    [InlineData("""{"w":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}""", 8, "safetensors")]
    [InlineData("""{}{}""", 0, "safetensors header is damaged")]
    public void A_header_that_does_not_fit_the_file_is_refused(string header, int dataLength, string expected)
    {
        var error = Assert.Throws<InvalidInputException>(() => new OpenedFile(MadeFiles.Safetensors(header, new byte[dataLength])));

        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_header_longer_than_its_file_is_refused_without_memory_for_it()
    {
        byte[] file = [.. BitConverter.GetBytes(90_000_000L), .. "{\"w\":"u8];

        Assert.Contains("is cut short", Assert.Throws<InvalidInputException>(() => new OpenedFile(file)).Message);
    }

    [Theory]
    [InlineData("de-DE")]
    [InlineData("tr-TR")]
    public void Numbers_are_written_alike_under_every_culture(string culture)
    {
        using var scope = NewDisposeScope();
        using TemporaryFile here = new(), there = new();
        var before = CultureInfo.CurrentCulture;
        Safetensors.Write(here.Path, [("INDEX", ones(1000, 2))]);
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
            Safetensors.Write(there.Path, [("INDEX", ones(1000, 2))]);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        Assert.Equal(File.ReadAllBytes(here.Path), File.ReadAllBytes(there.Path));
    }
}
