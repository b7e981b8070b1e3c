using System.Text;
using ZooRank.Models;
using static TorchSharp.torch;

namespace ZooRank.Tests.Models;

/// <summary>Weights and images that are a formula of names and indices, so that PyTorch and ZooRank have the same ones without a file.</summary>
internal static class FormulaWeights
{
    /// <summary>The state of an architecture with 1,000 classes, without the counters of batches.</summary>
    public static Dictionary<string, Tensor> Of(Architecture architecture) => Of(StateLayout.Of(architecture), classCount: 1000);

    public static Dictionary<string, Tensor> Of(StateLayout layout, int classCount) =>
        layout.Tensors.Where(t => !t.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
            .ToDictionary(t => t.Name, t => Weights(t.Name, [.. layout.Shape(t.Name, classCount)]));

    /// <summary>6×3×S×S in [−1, 1).</summary>
    public static Tensor Images(int size) => Make([6, 3, size, size], 12345, u => u);

    private static Tensor Weights(string name, long[] shape)
    {
        Func<double, double> value =
            name.EndsWith("running_var", StringComparison.Ordinal) ? u => 1 + (0.5 * Math.Abs(u))
            : name.EndsWith("running_mean", StringComparison.Ordinal) ? u => 0.1 * u
            : name.Contains("layer_scale", StringComparison.Ordinal) ? u => 0.5 + (0.1 * u)
            : shape.Length >= 2 ? Scaled(Math.Sqrt(3) * Math.Sqrt(2.0 / shape.Skip(1).Aggregate(1L, (a, b) => a * b)))
            : name.EndsWith("weight", StringComparison.Ordinal) ? u => 1 + (0.1 * u)
            : u => 0.1 * u;
        return Make(shape, Crc32(name), value);

        static Func<double, double> Scaled(double factor) => u => u * factor;
    }

    private static Tensor Make(long[] shape, uint seed, Func<double, double> value)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        Parallel.For(0, (values.Length + 65535) / 65536, block =>
        {
            for (var i = block * 65536; i < Math.Min(values.Length, (block + 1) * 65536); i++)
            {
                unchecked
                {
                    var h = ((uint)i * 2654435761u) + seed;
                    h ^= h >> 16;
                    h *= 0x85ebca6b;
                    h ^= h >> 13;
                    h *= 0xc2b2ae35;
                    h ^= h >> 16;
                    values[i] = (float)value((2 * (h / 4294967296.0)) - 1);
                }
            }
        });
        return tensor(values, shape);
    }

    // The CRC-32 of zip and PNG.
    private static uint Crc32(string name)
    {
        var crc = uint.MaxValue;
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0xEDB88320u);
        }
        return ~crc;
    }
}
