using ZooRank.Data;
using ZooRank.Features;

namespace ZooRank.Tests.Features;

public sealed class FeatureFileTests : IDisposable
{
    private static readonly FeatureSet Set = new()
    {
        Width = 2,
        Values = [1.5f, -2, float.Epsilon, 1024, 0, -0.25f],
        Labels = [1, 0, 2],
        ClassCount = 4,
        Logits = [1, 2, 3],
        Indices = [70_000, 5, 0],
        Conv1GradientNorms = [0.1, 1e-300],
        Conv2GradientNorms = [0.25, 7],
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static void Same(FeatureSet expected, FeatureSet found)
    {
        Assert.Equal(expected.Width, found.Width);
        Assert.Equal(expected.Values, found.Values);
        Assert.Equal(expected.Labels, found.Labels);
        Assert.Equal(expected.ClassCount, found.ClassCount);
        Assert.Equal(expected.Logits, found.Logits);
        Assert.Equal(expected.Indices, found.Indices);
        Assert.Equal(expected.Conv1GradientNorms, found.Conv1GradientNorms);
        Assert.Equal(expected.Conv2GradientNorms, found.Conv2GradientNorms);
    }

    [Fact]
    public void What_was_written_is_read()
    {
        FeatureFile.Write(folder["a.npz"], Set);
        Same(Set, FeatureFile.Read(folder["a.npz"]));
    }

    [Fact]
    public void Without_a_head_there_are_no_logits()
    {
        var headless = Set with { Logits = [], Conv1GradientNorms = [], Conv2GradientNorms = [] };
        FeatureFile.Write(folder["a.npz"], headless);
        Same(headless, FeatureFile.Read(folder["a.npz"]));
    }

    [Fact]
    public void NumPy_reads_it()
    {
        FeatureFile.Write(folder["a.npz"], Set);
        var output = Python.Run("numpy", """
            z = numpy.load(sys.argv[1])
            for name in sorted(z.files): print(name, z[name].dtype, list(z[name].shape), z[name].ravel().tolist())
            """, folder["a.npz"]);
        Assert.Equal("""
            class_count int64 [] [4]
            conv1_gradient_norms float64 [2] [0.1, 1e-300]
            conv2_gradient_norms float64 [2] [0.25, 7.0]
            features float32 [3, 2] [1.5, -2.0, 1.401298464324817e-45, 1024.0, 0.0, -0.25]
            indices int64 [3] [70000, 5, 0]
            labels int64 [3] [1, 0, 2]
            logits float32 [3, 1] [1.0, 2.0, 3.0]
            """, output.TrimEnd());
    }

    [Fact]
    public void Another_archive_is_refused()
    {
        NpzWriter.Write(folder["a.npz"], [new("features", NpyArray.Of<float>([1, 2], 2))]);
        Assert.Contains("'features' must be n×D; got 1 dimensions", Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder["a.npz"])).Message, StringComparison.Ordinal);
        NpzWriter.Write(folder["b.npz"], [new("features", NpyArray.Of<double>([1, 2], 2, 1))]);
        Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder["b.npz"]));
        NpzWriter.Write(folder["c.npz"], [new("train_images", NpyArray.Of<byte>([1, 2], 2, 1))]);
        Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder["c.npz"]));
    }

    [Fact]
    public void Arrays_that_do_not_belong_together_are_refused()
    {
        void Refused(string key, NpyArray array)
        {
            var arrays = new Dictionary<string, NpyArray>
            {
                ["features"] = NpyArray.Of<float>([1, 2, 3, 4], 2, 2),
                ["labels"] = NpyArray.Of<long>([0, 1], 2),
                ["indices"] = NpyArray.Of<long>([0, 1], 2),
                ["conv1_gradient_norms"] = NpyArray.Of<double>([1], 1),
                ["conv2_gradient_norms"] = NpyArray.Of<double>([1], 1),
                ["class_count"] = NpyArray.Of<long>([2]),
            };
            arrays[key] = array;
            NpzWriter.Write(folder["a.npz"], arrays);
            Assert.Throws<InvalidInputException>(() => FeatureFile.Read(folder["a.npz"]));
        }
        Refused("labels", NpyArray.Of<long>([0, 1, 1], 3));
        Refused("labels", NpyArray.Of<long>([0, 5_000_000_000], 2));
        Refused("indices", NpyArray.Of<long>([0], 1));
        Refused("class_count", NpyArray.Of<long>([], 0));
        Refused("conv1_gradient_norms", NpyArray.Of<double>([1, 2], 2));
        Refused("logits", NpyArray.Of<float>([1, 2, 3], 3, 1));
    }
}
