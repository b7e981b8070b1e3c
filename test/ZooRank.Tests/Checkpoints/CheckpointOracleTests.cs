using System.Text.Json;
using ZooRank.Checkpoints;
using static TorchSharp.torch;

namespace ZooRank.Tests.Checkpoints;

/// <summary>Files that PyTorch 1.13 wrote, against what PyTorch reads from them (../shared/oracle/checkpoints).</summary>
public class CheckpointOracleTests
{
    [Theory]
    [InlineData("zip.pth", "PyTorch zip", "", "float32")]
    [InlineData("legacy.pth", "PyTorch legacy", "", "float32")]
    [InlineData("nested_net.pth", "PyTorch zip", "net", "float32")]
    [InlineData("dataparallel.pth.tar", "PyTorch zip", "state_dict", "float32")]
    [InlineData("parameters.pth", "PyTorch zip", "", "float32")]
    [InlineData("with_namespace.pth", "PyTorch zip", "model", "float32")]
    [InlineData("whole_module.pth", "PyTorch zip", "", "float32")]
    [InlineData("torchscript.pt", "TorchScript", "", "float32")]
    [InlineData("half.pth", "PyTorch zip", "", "float16")]
    [InlineData("bfloat16.pth", "PyTorch zip", "", "bfloat16")]
    public void Each_file_of_the_network_has_its_names_shapes_and_sums(string file, string format, string stateKey, string floatType)
    {
        using var checkpoint = Checkpoint.Open(SharedFolder.Require("oracle", "checkpoints", file));

        Assert.Equal(format, checkpoint.Format);
        Assert.Equal(stateKey, checkpoint.StateKey);
        // float16 and bfloat16 keep 11 and 8 bits: half a unit in the last place of each of at most 288 values below 1.
        Compare(checkpoint, "state", floatType, floatType switch { "float16" => 1e-3, "bfloat16" => 1e-2, _ => 1e-6 });
    }

    [Fact]
    public void Views_of_one_storage_are_read_with_their_strides_and_offsets()
    {
        using var checkpoint = Checkpoint.Open(SharedFolder.Require("oracle", "checkpoints", "views_shared_storage.pth"));

        Compare(checkpoint, "views", "float32", 1e-5);
    }

    [Theory]
    [InlineData("malicious.pth", "refused: its pickle would call posix.system; a checkpoint of weights calls nothing of the kind.")]
    [InlineData("truncated.pth", "is cut short")]
    [InlineData("empty.pth", "is empty (0 bytes)")]
    [InlineData("not_a_checkpoint.pth", "is a web page")]
    public void A_bad_file_is_refused_in_one_line_that_says_why(string file, string expected)
    {
        var path = SharedFolder.Require("oracle", "checkpoints", file);

        var error = Assert.Throws<InvalidInputException>(() => Checkpoint.Open(path));

        Assert.StartsWith($"{path}: {expected}", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void The_command_in_a_malicious_file_is_not_run()
    {
        var path = SharedFolder.Require("oracle", "checkpoints", "malicious.pth");
        const string Trace = "/tmp/PWNED"; // the file that its command would touch
        Assert.SkipWhen(File.Exists(Trace), $"{Trace} was there before");

        Assert.Throws<InvalidInputException>(() => Checkpoint.Open(path));

        Assert.False(File.Exists(Trace));
    }

    private static void Compare(Checkpoint checkpoint, string section, string floatType, double relative)
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("oracle", "checkpoints", "expected.json")));
        var tensors = expected.RootElement.GetProperty(section).EnumerateObject().ToList();
        Assert.Equal(tensors.Select(tensor => tensor.Name), checkpoint.Tensors.Select(tensor => tensor.Name));
        foreach (var (entry, value) in checkpoint.Tensors.Zip(tensors.Select(tensor => tensor.Value)))
        {
            using var scope = NewDisposeScope();
            Assert.Equal(value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), entry.Shape);
            var type = value.GetProperty("dtype").GetString() == "int64" ? ScalarType.Int64 : TypeOf(floatType);
            Assert.Equal(type, entry.DType);

            var values = checkpoint.Read(entry);

            Assert.Equal(type, values.dtype);
            Assert.Equal(entry.Shape, values.shape);
            Assert.True(values.is_contiguous());
            var flat = values.to(ScalarType.Float64).flatten();
            var scale = value.GetProperty("abssum").GetDouble();
            Assert.Equal(value.GetProperty("sum").GetDouble(), flat.sum().item<double>(), relative * scale + 1e-12);
            Assert.Equal(scale, flat.abs().sum().item<double>(), relative * scale + 1e-12);
            var first = value.GetProperty("first").GetDouble();
            Assert.Equal(first, flat[0].item<double>(), relative * Math.Abs(first) + 1e-12);
        }
    }

    private static ScalarType TypeOf(string name) => name switch
    {
        "float32" => ScalarType.Float32,
        "float16" => ScalarType.Float16,
        "bfloat16" => ScalarType.BFloat16,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such type"),
    };
}
