using System.Runtime.InteropServices;
using ZooRank.Files;

namespace ZooRank.Native;

/// <summary>
/// The libtorch in use: found, loaded in the right order, with the cause named where that fails. Everything that computes with tensors goes through it
/// (<see cref="NativeLibraries"/> answers the runtime's first request), and nothing else loads it, so commands without tensors start at once.
/// </summary>
public sealed partial class TorchRuntime
{
    private static readonly Lock Gate = new();
    private static TorchRuntime? loaded;
    private static string? request;

    /// <summary>The folder that libtorch was loaded from.</summary>
    public required string Folder { get; init; }

    /// <summary>"package" (the NuGet CPU build) or "PyTorch 2.11.0" and the like.</summary>
    public required string Origin { get; init; }

    /// <summary>The file of TorchSharp's C interface: the package's own, or a repaired copy of it.</summary>
    public required string LibTorchSharp { get; init; }

    /// <summary>Which libtorch it is, in a few words.</summary>
    public string Description => Origin == "package" ? $"{NativeLibraries.PackagedTorchVersion} (package, CPU)" : Origin;

    /// <summary>True where the system's libstdc++ is too old for the original and a copy was mended.</summary>
    public bool Repaired => LibTorchSharp != NativeLibraries.LibTorchSharp;

    /// <summary>True where this libtorch was built with CUDA; whether a device is there is another matter.</summary>
    public bool HasCuda => Handles.ContainsKey("torch_cuda");

    /// <summary>True unless another libtorch was chosen, by <see cref="Choose"/> or <c>ZOORANK_TORCH</c>.</summary>
    internal static bool IsPackageWanted => Wanted is null;

    private static string? Wanted => request ?? (Environment.GetEnvironmentVariable("ZOORANK_TORCH") is { Length: > 0 } variable ? variable : null);

    private Dictionary<string, nint> Handles { get; init; } = [];

    /// <summary>Chooses the libtorch to load: a folder, "auto" (an installed PyTorch), or null (<c>ZOORANK_TORCH</c>, else the package). Before first use.</summary>
    public static void Choose(string? folderOrAuto)
    {
        lock (Gate)
        {
            if (loaded is not null && folderOrAuto != request) throw new InvalidOperationException("libtorch is loaded already; choose before the first use of a tensor.");
            request = folderOrAuto;
        }
    }

    /// <summary>Loads libtorch on the first call.</summary>
    /// <exception cref="InvalidInputException">It cannot be loaded: the message gives the true cause and the remedy.</exception>
    public static TorchRuntime Load()
    {
        lock (Gate) return loaded ??= LoadNow();
    }

    /// <summary>Loads libtorch if that is possible; a failure waits for <see cref="Load"/> to tell it.</summary>
    internal static void TryLoad()
    {
        try { Load(); } catch (InvalidInputException) { }
    }

    /// <summary>The handle for a name as TorchSharp asks for it ("LibTorchSharp", "torch_cpu", "torch_cuda"), or 0.</summary>
    internal nint Handle(string name) => Handles.GetValueOrDefault(name);

    private static TorchRuntime LoadNow()
    {
        var installation = Wanted switch
        {
            null => null,
            "auto" => PyTorchInstallation.FromPython(),
            var wanted => PyTorchInstallation.At(wanted),
        };
        var folder = installation?.Libraries ?? NativeLibraries.PackagedTorch ?? throw new InvalidInputException(
            NativePackage.LibTorch(NativeLibraries.Rid) is { } package ? $"libtorch for {NativeLibraries.Rid} is not on this machine. {package.Remedy}, or use an installed PyTorch: --torch auto or --torch FOLDER."
            : $"there is no package of libtorch for {NativeLibraries.Rid}. Use an installed PyTorch: --torch auto or --torch FOLDER.");
        var interop = NativeLibraries.LibTorchSharp ?? throw new InvalidInputException(
            $"TorchSharp has no native library for {NativeLibraries.Rid}. ZooRank runs on linux-x64, win-x64, win-arm64 and osx-arm64.");

        if (!OperatingSystem.IsWindows())
        {
            SetEnvironment("OMP_WAIT_POLICY", "PASSIVE", overwrite: 0);
            // A few microseconds of waiting awake before sleep: LAPACK's many short parallel parts then take half the time, and others on the cores notice nothing.
            SetEnvironment("GOMP_SPINCOUNT", "1000", overwrite: 0);
        }
        var handles = new Dictionary<string, nint>();
        // Each is found by the next one through its name: the order of their needs.
        foreach (var library in new[] { "c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch" })
        {
            var file = Path.Combine(folder, NativeLibraries.FileName(library));
            if (!File.Exists(file)) continue;
            if (library == "c10_cuda") LoadCudaLibraries(folder);
            handles[library] = TryLoad(file, out var handle, out var why) ? handle : throw Failure(file, why);
        }
        if (!TryLoad(interop, out var interopHandle, out var cause))
        {
            if (!LibTorchSharpRepair.Mends(cause)) throw Failure(interop, cause);
            try
            {
                interop = LibTorchSharpRepair.RepairedCopy(interop, Folders.NativeCache);
            }
            catch (InvalidDataException)
            {
                throw Failure(interop, cause);   // another file than the package's: what the loader said stands
            }
            if (!TryLoad(interop, out interopHandle, out cause)) throw Failure(interop, cause);
        }
        handles["LibTorchSharp"] = interopHandle;
        return new TorchRuntime
        {
            Folder = folder,
            Origin = installation is null ? "package" : $"PyTorch {installation.Version ?? "of unknown version"}",
            LibTorchSharp = interop,
            Handles = handles,
        };
    }

    // OpenMP's threads wait for one another by spinning. Where other processes want the same cores (a laptop in use, a shared node), each wait then lasts until
    // the scheduler comes round: two trainings at once on two cores took 28 s, and 14 s with waits that sleep. On an idle machine sleeping costs up to a fifth
    // at small images. Read once, when the library is loaded, from the process's own environment, which .NET's does not reach. What the user has set stays.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    // PyTorch's wheels keep CUDA's libraries beside torch, in nvidia/*/lib. Its libraries usually find them by themselves;
    // loading them first serves the installations that rely on Python to do so. One that fails is reported by what needs it.
    private static void LoadCudaLibraries(string folder)
    {
        var sitePackages = Path.GetFullPath(Path.Combine(folder, "..", ".."));
        var nvidia = Path.Combine(sitePackages, "nvidia");
        if (!Directory.Exists(nvidia)) return;
        var waiting = Directory.EnumerateFiles(nvidia, "*.so*", SearchOption.AllDirectories).Where(f => Path.GetFileName(Path.GetDirectoryName(f)) == "lib").Order().ToList();
        for (var before = int.MaxValue; waiting.Count < before;)   // they need one another in an order that changes with each release
        {
            before = waiting.Count;
            waiting.RemoveAll(file => NativeLibrary.TryLoad(file, out _));
        }
    }

    private static bool TryLoad(string file, out nint handle, out string cause)
    {
        try
        {
            handle = NativeLibrary.Load(file);
            cause = "";
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            handle = 0;
            // The loader's own line is among several that .NET adds; it is the one that names a file and a reason.
            cause = e.Message.Split('\n').FirstOrDefault(l => l.Contains(": ", StringComparison.Ordinal) && !l.StartsWith("Unable", StringComparison.Ordinal))?.Trim() ?? e.Message.Split('\n')[0];
            return false;
        }
    }

    private static InvalidInputException Failure(string file, string cause)
    {
        var remedy =
            cause.Contains("undefined symbol", StringComparison.Ordinal) ? "This libtorch does not fit TorchSharp 0.107 (built for 2.10): leave --torch away, or use PyTorch 2.10 or 2.11."
            : cause.Contains("GLIBC_", StringComparison.Ordinal) ? "The system's C library is too old (2.34 or newer is needed, as in RHEL 9, Ubuntu 22.04, Debian 12): use a newer system or a container."
            : cause.Contains("GLIBCXX", StringComparison.Ordinal) ? "The system's libstdc++ is too old: put a newer one first on LD_LIBRARY_PATH (conda's, or a GCC module's)."
            : cause.Contains("cannot open shared object", StringComparison.Ordinal) ? "A library that it needs is missing: install it, or put its folder on LD_LIBRARY_PATH."
            : cause.Contains("too short", StringComparison.Ordinal) || cause.Contains("invalid ELF", StringComparison.Ordinal) ? "The file is damaged: delete its folder and run 'zoorank doctor --fetch'."
            : "Run 'zoorank doctor' for what was found.";
        return new InvalidInputException($"libtorch could not be loaded: {(cause.Contains(file, StringComparison.Ordinal) ? cause : $"{file}: {cause}")}. {remedy}");
    }
}
