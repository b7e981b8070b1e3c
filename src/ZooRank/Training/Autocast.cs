using System.Runtime.InteropServices;
using ZooRank.Native;
using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// The precision in which a thread's convolutions and matrix products are computed until it is disposed; weights, losses and statistics stay float32. "bfloat16" is
/// PyTorch's autocast, which TorchSharp does not offer: its switches are C++ functions of libtorch, called here by the names that GCC and Clang give them.
/// </summary>
internal sealed unsafe class Autocast : IDisposable
{
    /// <summary>What --precision may be.</summary>
    public static IReadOnlyList<string> Precisions { get; } = ["float32", "tf32", "bfloat16"];

    private readonly Action undo;

    private Autocast(Action undo) => this.undo = undo;

    /// <exception cref="InvalidInputException">The precision is unknown, or not to be had on this device.</exception>
    public static Autocast Enter(string precision, Device device)
    {
        var cuda = device.type == TorchSharp.DeviceType.CUDA;
        switch (precision)
        {
            case "float32": return new Autocast(() => { });
            case "tf32":
                if (!cuda) throw new InvalidInputException("precision tf32: only CUDA devices have it. Use float32 or bfloat16.");
                TensorFloat32(true);
                return new Autocast(() => TensorFloat32(false));
            case "bfloat16":
                var kind = (byte)device.type;
                var handle = TorchRuntime.Load().Handle("torch_cpu");
                if (!NativeLibrary.TryGetExport(handle, "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb", out var enable)
                    || !NativeLibrary.TryGetExport(handle, "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE", out var setType)
                    || !NativeLibrary.TryGetExport(handle, "_ZN2at8autocast26set_autocast_cache_enabledEb", out var enableCache))
                    throw new InvalidInputException("precision bfloat16: this libtorch does not export autocast. Use float32 or tf32.");
                ((delegate* unmanaged<byte, byte, void>)setType)(kind, (byte)ScalarType.BFloat16);
                ((delegate* unmanaged<byte, void>)enableCache)(0);   // it would keep weights as they were before the optimizer's step
                ((delegate* unmanaged<byte, byte, void>)enable)(kind, 1);
                return new Autocast(() => ((delegate* unmanaged<byte, byte, void>)enable)(kind, 0));
            default: throw Suggestions.Unknown("precision", precision, Precisions);
        }
    }

    public void Dispose() => undo();

    private static void TensorFloat32(bool allowed) => (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (allowed, allowed);
}
