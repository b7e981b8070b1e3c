using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ZooRank.Metrics.Numerics;

/// <summary>
/// Numbers to and from tensors in memory that libtorch has allocated. A tensor over a managed array lies where the collector put it, and MKL rounds differently at another alignment: results would differ
/// from run to run.
/// </summary>
internal static class Aligned
{
    /// <summary>A copy of the values on a device.</summary>
    public static Tensor Of(ReadOnlySpan<double> values, Device device, params long[] shape)
    {
        var t = empty(shape, ScalarType.Float64);
        values.CopyTo(MemoryMarshal.Cast<byte, double>(t.bytes));
        return device.type == TorchSharp.DeviceType.CPU ? t : t.to(device);
    }

    /// <summary>Copies a float64 tensor's values, row by row.</summary>
    public static void CopyTo(this Tensor t, Span<double> values) => MemoryMarshal.Cast<byte, double>(t.cpu().contiguous().bytes).CopyTo(values);

    /// <summary>A float64 tensor's values, row by row.</summary>
    public static double[] Values(this Tensor t) => MemoryMarshal.Cast<byte, double>(t.cpu().contiguous().bytes).ToArray();

    /// <summary>Where the values of a contiguous float64 tensor on the CPU lie.</summary>
    public static unsafe double* Pointer(this Tensor t) => (double*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(t.bytes));
}
