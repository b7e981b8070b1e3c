using ZooRank.Data;
using ZooRank.Features;

namespace ZooRank.Tests.Features;

public sealed class FeatureFileTests : IDisposable
{
    private static readonly FeatureSet Set = new()
    {
        Width = 2,
        Values = [1.5f, -2, float.Epsilon, 1024, 0, -0.25f],
        Labels = [1, 0, 1],
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
        Assert.Equal(expected.MultiLabels, found.MultiLabels);
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
            labels int64 [3] [1, 0, 1]
            logits float32 [3, 1] [1.0, 2.0, 3.0]
            """, output.TrimEnd());
    }

    [Fact]
    public void Several_findings_at_once_are_written_as_columns()
    {
        var several = Set with { Labels = [], MultiLabels = [1, 0, 0, 1, 1, 0], ClassCount = 2, Conv1GradientNorms = [], Conv2GradientNorms = [] };
        Assert.True(several.IsMultiLabel);
        Assert.Equal(3, several.Count);
        FeatureFile.Write(folder["a.npz"], several);
        Same(several, FeatureFile.Read(folder["a.npz"]));
        Same(several, FeatureFile.ReadExtracted(folder["a.npz"]));
        // Each row with one finding, as may happen in a small probe: still columns, since the file says how many.
        FeatureFile.Write(folder["b.npz"], several with { MultiLabels = [1, 0, 0, 1, 1, 0] });
        Assert.True(FeatureFile.Read(folder["b.npz"]).IsMultiLabel);
    }

    [Fact]
    public void What_lacks_an_array_of_an_extraction_is_none()
    {
        FeatureFile.Write(folder["a.npz"], Set);
        Same(Set, FeatureFile.ReadExtracted(folder["a.npz"]));
        foreach (var set in new[] { Set with { Indices = [] }, Set with { Conv1GradientNorms = [], Conv2GradientNorms = [] } })
        {
            FeatureFile.Write(folder["a.npz"], set);
            Same(set, FeatureFile.Read(folder["a.npz"]));
            Assert.Throws<InvalidInputException>(() => FeatureFile.ReadExtracted(folder["a.npz"]));
        }
        NpzWriter.Write(folder["b.npz"], [new("features", NpyArray.Of<float>([1, 2, 3], 3, 1)), new("labels", NpyArray.Of<long>([0, 1, 1])), new("indices", NpyArray.Of<long>([0, 1, 2]))]);
        Assert.Equal(2, FeatureFile.Read(folder["b.npz"]).ClassCount);
        Assert.Throws<InvalidInputException>(() => FeatureFile.ReadExtracted(folder["b.npz"]));
    }
}
