using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp.Modules;
using ZooRank.Models;
using static TorchSharp.torch;

namespace ZooRank.Tests.Models;

/// <summary>torchvision itself, where Python has it: random weights, then features, logits, and a step of training.</summary>
public class TorchvisionTests
{
    [Theory]
    [InlineData("resnet18")]
    [InlineData("convnext_tiny")]
    [InlineData("mnasnet1_0")]
    [InlineData("mobilenet_v3_small")]
    public void Random_weights_give_the_same_features_logits_and_training_mode(string name)
    {
        var folder = Directory.CreateTempSubdirectory("zoorank-torchvision-");
        try
        {
            Python.Run("numpy, torch, torchvision", "import runpy\nrunpy.run_path(sys.argv.pop(1), run_name='__main__')", Path.Combine(AppContext.BaseDirectory, "Fixtures", "architectures", "run.py"), name, folder.FullName);
            using var scope = NewDisposeScope();
            var all = Read(folder.FullName);
            using var checkpoint = new InMemoryCheckpoint(all.Where(pair => pair.Key[0] != ':').ToDictionary()) { Path = "torchvision" };
            var architecture = Architectures.Recognise(checkpoint.Tensors).Architecture;
            Assert.Equal(name, architecture?.Name);
            using var network = architecture!.Load(checkpoint);
            using (no_grad())
            {
                Close(all[":features"], network.Features(all[":images"]));
                Close(all[":logits"], network.forward(all[":images"]));

                network.train();
                network.HeadDropout = 0;
                foreach (var dropout in network.modules().OfType<Dropout>()) dropout.p = 0;
                // Random numbers of stochastic depth cannot be compared; its branches are too small here to matter (layer scale 1e-6).
                Close(all[":trained"], network.forward(all[":batch"]));
                foreach (var (key, value) in network.state_dict().Where(pair => all.ContainsKey(":after." + pair.Key))) Close(all[":after." + key], value.to(ScalarType.Float32));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        // Both compute in float32, with other blockings of the sums.
        static void Close(Tensor expected, Tensor found) => Assert.True((expected - found).abs().max().item<float>() <= 1e-4 * Math.Max(1, expected.abs().max().item<float>()));
    }

    private static Dictionary<string, Tensor> Read(string folder)
    {
        var data = File.ReadAllBytes(Path.Combine(folder, "data.bin"));
        return File.ReadLines(Path.Combine(folder, "index.txt")).Select(line => line.Split('\t')).ToDictionary(fields => fields[0], fields =>
        {
            long[] shape = fields[1].Length == 0 ? [] : [.. fields[1].Split(',').Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
            var count = (int)shape.Aggregate(1L, (a, b) => a * b);
            var values = MemoryMarshal.Cast<byte, float>(data.AsSpan(int.Parse(fields[2], CultureInfo.InvariantCulture), count * sizeof(float))).ToArray();
            return tensor(values, shape);
        });
    }
}
