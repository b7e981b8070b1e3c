using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ZooRank.Native;

/// <summary>
/// In which precision convolutions and matrix products are computed; weights, losses and statistics stay float32. "tf32" is a switch of CUDA's libraries, for the whole process until it is
/// disposed. "bfloat16" is PyTorch's autocast, for the thread and only within <see cref="Autocast"/>: TorchSharp does not offer it, so its switches, C++ functions of libtorch, are called by the
/// names that GCC and Clang give them. "float32" means it: libtorch by itself computes convolutions on CUDA in TF32, and that is switched off here for good.
/// </summary>
internal sealed unsafe class Precision : IDisposable
{
    /// <summary>What --precision may be.</summary>
    public static IReadOnlyList<string> Names { get; } = ["float32", "tf32", "bfloat16"];

    private readonly bool tf32;
    private readonly byte device;
    private readonly delegate* unmanaged<byte, byte, void> enable;   // null: no autocast

    private Precision(bool tf32, byte device = 0, delegate* unmanaged<byte, byte, void> enable = null)
    {
        (this.tf32, this.device) = (tf32, device);
        this.enable = enable;
    }

    /// <summary>Sets the switches that hold until it is disposed.</summary>
    /// <exception cref="InvalidInputException">The precision is unknown, or not to be had on this device.</exception>
    public static Precision Set(string name, Device device)
    {
        if (!Names.Contains(name)) throw Suggestions.Unknown("precision", name, Names);
        var cuda = device.type == TorchSharp.DeviceType.CUDA;
        if (name == "tf32" && !cuda) throw new InvalidInputException("precision tf32: only CUDA devices have it. Use float32 or bfloat16.");
        if (cuda) TensorFloat32(name == "tf32");
        if (name != "bfloat16") return new Precision(name == "tf32");

        var handle = TorchRuntime.Load().Handle("torch_cpu");
        if (!NativeLibrary.TryGetExport(handle, "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb", out var enable)
            || !NativeLibrary.TryGetExport(handle, "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE", out var setType)
            || !NativeLibrary.TryGetExport(handle, "_ZN2at8autocast26set_autocast_cache_enabledEb", out var enableCache))
            throw new InvalidInputException("precision bfloat16: this libtorch does not export autocast. Use float32 or tf32.");
        ((delegate* unmanaged<byte, byte, void>)setType)((byte)device.type, (byte)ScalarType.BFloat16);
        ((delegate* unmanaged<byte, void>)enableCache)(0);   // it would keep weights as they were before the optimizer's step
        return new Precision(tf32: false, (byte)device.type, (delegate* unmanaged<byte, byte, void>)enable);
    }

    /// <summary>From here until it is disposed the thread computes in bfloat16, if that is the precision. For a forward pass; its backward pass then does so too.</summary>
    public Scope Autocast() => new(this);

    public void Dispose()
    {
        if (tf32) TensorFloat32(false);
    }

    private static void TensorFloat32(bool allowed) => (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (allowed, allowed);

    /// <summary>See <see cref="Autocast"/>.</summary>
    public readonly ref struct Scope
    {
        private readonly Precision precision;

        internal Scope(Precision precision)
        {
            this.precision = precision;
            if (precision.enable is not null) precision.enable(precision.device, 1);
        }

        public void Dispose()
        {
            if (precision.enable is not null) precision.enable(precision.device, 0);
        }
    }
}
