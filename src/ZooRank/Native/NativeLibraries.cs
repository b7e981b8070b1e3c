using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace ZooRank.Native;

/// <summary>
/// Where the native libraries of the packages lie, and the one hook by which the runtime asks for them. The build copies none: they are loaded from the
/// package folder, or from beside the program where a publish has put them.
/// </summary>
public static class NativeLibraries
{
    public static string Rid { get; } = Recorded("NativeRid") ?? RuntimeInformation.RuntimeIdentifier;

    /// <summary>LibTorchSharp, the C interface of TorchSharp; null where no package has it.</summary>
    public static string? LibTorchSharp => Find("TorchSharpPackage", FileName("LibTorchSharp"));

    /// <summary>The folder of the packaged CPU build of libtorch; null where it was not restored.</summary>
    public static string? PackagedTorch => Find("LibTorchPackage", FileName("torch_cpu")) is { } file ? Path.GetDirectoryName(file) : null;

    /// <summary>Version of the packaged libtorch.</summary>
    public static string PackagedTorchVersion => Recorded("LibTorchPackage")?.Split('/')[^1] ?? "unknown";

    /// <summary>libvips with all that it needs linked in; null where no package has it (then the system's is tried).</summary>
    public static string? LibVips => Find("LibVipsPackage", OperatingSystem.IsWindows() ? "libvips-42.dll" : OperatingSystem.IsMacOS() ? "libvips.42.dylib" : "libvips.so.42");

    /// <summary>Skia, which draws figures; null where no package has it.</summary>
    public static string? LibSkia => Find("SkiaPackage", OperatingSystem.IsWindows() ? "libSkiaSharp.dll" : FileName("SkiaSharp"), OperatingSystem.IsMacOS() ? "osx" : Rid);

    internal static string FileName(string library) =>
        OperatingSystem.IsWindows() ? library + ".dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";

#pragma warning disable CA2255 // The hooks have to stand before anything asks for a native, whoever uses the library.
    [ModuleInitializer]
    internal static void Hook()
    {
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
        // TorchSharp's first act is to load "torch_cpu" by name, and a libtorch on the system's own path would answer to it, whatever its version.
        // Ours must be in the process by then: a library already loaded is the one that the name finds.
        AppDomain.CurrentDomain.AssemblyLoad += (_, loading) =>
        {
            if (loading.LoadedAssembly.GetName().Name == "TorchSharp") TorchRuntime.TryLoad();
        };
    }
#pragma warning restore CA2255

    // Called by the runtime only for a library that it did not find by itself.
    private static nint Resolve(Assembly assembly, string name)
    {
        if (name.Contains("vips", StringComparison.OrdinalIgnoreCase)) return Loaded(LibVips);
        if (assembly.GetName().Name == "SkiaSharp") return Loaded(LibSkia);
        return assembly.GetName().Name == "TorchSharp" ? TorchRuntime.Load().Handle(name) : 0;
    }

    private static nint Loaded(string? path) => path is not null && NativeLibrary.TryLoad(path, out var handle) ? handle : 0;

    private static string? Find(string package, string file, string? rid = null)
    {
        var inPackage = Path.Combine("runtimes", rid ?? Rid, "native", file);
        var places = new List<string> { Path.Combine(AppContext.BaseDirectory, file), Path.Combine(AppContext.BaseDirectory, inPackage) };
        if (Recorded(package) is { } folder)
        {
            string?[] roots =
            [
                Environment.GetEnvironmentVariable("NUGET_PACKAGES"), Recorded("NuGetPackageRoot"),
                Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
            ];
            places.AddRange(roots.Where(root => !string.IsNullOrEmpty(root)).Select(root => Path.Combine(root!, folder, inPackage)));
        }
        return places.FirstOrDefault(File.Exists);
    }

    private static string? Recorded(string key) => typeof(NativeLibraries).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == key)?.Value;
}
