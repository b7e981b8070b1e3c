using System.CommandLine;
using System.Globalization;
using ZooRank.Native;
using static TorchSharp.torch;

namespace ZooRank.Cli;

/// <summary>The options of every command that computes: which libtorch, which device, how many threads.</summary>
internal sealed class DeviceOptions
{
    /// <summary>Read by the program itself, before any command runs.</summary>
    public const string TorchName = "--torch";

    private readonly Option<string?> torch = new(TorchName)
    {
        Description = "libtorch to use: a folder that holds it, or 'auto' for the PyTorch of python3 (that is how to get CUDA). Default: ZOORANK_TORCH, else the packaged CPU build.",
        HelpName = "FOLDER|auto",
    };

    private readonly Option<string> device = new("--device") { Description = "cpu, cuda, cuda:N, or auto (CUDA where there is one).", DefaultValueFactory = _ => "auto", HelpName = "DEVICE" };
    private readonly Option<int?> threads = new("--threads") { Description = "Processor threads to compute with. Default: all cores.", HelpName = "N" };

    public void AddTo(Command command)
    {
        command.Add(torch);
        command.Add(device);
        command.Add(threads);
    }

    /// <summary>Loads libtorch and gives the device. From here on tensors can be used.</summary>
    public Device Start(ParseResult parsed)
    {
        var wanted = parsed.GetValue(device)!;
        if (parsed.GetValue(threads) is { } n && n < 1) throw new InvalidInputException($"--threads must be at least 1; got {n}.");
        var runtime = TorchRuntime.Load();
        return Choose(runtime, wanted, parsed.GetValue(threads));
    }

    /// <summary>From now on so many threads, whatever the command line says.</summary>
    public static void UseThreads(int count)
    {
        set_num_threads(count);
        Parallelism.Threads = count;
    }

    // Apart from Start, so that TorchSharp's types are touched only after libtorch is there.
    private static Device Choose(TorchRuntime runtime, string wanted, int? count)
    {
        if (count is { } n) UseThreads(n);
        var kind = wanted.ToLowerInvariant();
        if (kind == "cpu") return CPU;
        var available = runtime.HasCuda && cuda_is_available();
        if (available)
        {
            // Full float32, as on the CPU: the ten mantissa bits of TF32 would show in the fourth digit.
            backends.cuda.matmul.allow_tf32 = false;
            backends.cudnn.allow_tf32 = false;
        }
        if (kind == "auto") return available ? CUDA : CPU;
        var index = kind == "cuda" ? 0 : kind.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(kind[5..], NumberStyles.None, CultureInfo.InvariantCulture, out var i) ? i
            : throw new InvalidInputException($"--device {wanted}: unknown. Devices are cpu, cuda, cuda:N and auto.");
        if (!runtime.HasCuda) throw new InvalidInputException($"--device {wanted}: the libtorch in use ({runtime.Origin}) is a CPU build. Use an installed PyTorch with CUDA: --torch auto, or --torch FOLDER.");
        if (!available) throw new InvalidInputException($"--device {wanted}: no CUDA device can be used ({runtime.Origin}). Check the driver with nvidia-smi, and CUDA_VISIBLE_DEVICES.");
        if (index >= cuda.device_count()) throw new InvalidInputException($"--device {wanted}: there are {cuda.device_count()} CUDA devices, numbered from 0.");
        return new Device(TorchSharp.DeviceType.CUDA, index);
    }
}
