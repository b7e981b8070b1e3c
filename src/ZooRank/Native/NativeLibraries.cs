using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace ZooRank.Native;

/// <summary>
/// Where the native libraries of the packages lie, and the one hook by which the runtime asks for them. ZooRank's own build copies next to none: they are loaded from
/// NuGet's folder of packages. A program that references their packages has them beside it.
/// </summary>
public static class NativeLibraries
{
    /// <summary>The platform as packages name it: "linux-x64", "osx-arm64". Not as the runtime does, which in a distribution's build may name the distribution.</summary>
    public static string Rid { get; } = (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx"
        : RuntimeInformation.RuntimeIdentifier is var built && (built.Contains("musl", StringComparison.Ordinal) || built.StartsWith("alpine", StringComparison.Ordinal)) ? "linux-musl" : "linux")
        + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>LibTorchSharp, the C interface of TorchSharp; null where no package has it.</summary>
    public static string? LibTorchSharp => Find(NativePackage.TorchSharp(Rid));

    /// <summary>The folder of the packaged CPU build of libtorch; null where it is not on this machine.</summary>
    public static string? PackagedTorch => NativePackage.LibTorch(Rid) is { } package && Find(package) is { } file ? Path.GetDirectoryName(file) : null;

    /// <summary>Version of the packaged libtorch.</summary>
    public static string PackagedTorchVersion => Recorded("LibTorchVersion");

    /// <summary>libvips; null where no package has it (then the system's is tried).</summary>
    public static string? LibVips => Find(NativePackage.LibVips(Rid));

    /// <summary>Skia; null where no package has it.</summary>
    public static string? LibSkia => Find(NativePackage.Skia(Rid));

    /// <summary>The folder that NuGet fills: <c>NUGET_PACKAGES</c>, else <c>.nuget/packages</c> in the user's folder.</summary>
    public static string PackageFolder => PackageFolders(probed: null)[0];

    /// <summary>The packages of natives that are not on this machine; libtorch's counts only where no other libtorch was chosen.</summary>
    public static IReadOnlyList<NativePackage> Missing =>
        [.. new[] { NativePackage.TorchSharp(Rid), TorchRuntime.IsPackageWanted ? NativePackage.LibTorch(Rid) : null, NativePackage.LibVips(Rid), NativePackage.Skia(Rid) }.OfType<NativePackage>().Where(p => Find(p) is null)];

    internal static string FileName(string library) => FileName(library, Rid);

    internal static string FileName(string library, string rid) => rid.Split('-')[0] switch { "win" => library + ".dll", "osx" => $"lib{library}.dylib", _ => $"lib{library}.so" };

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

    private static string? Find(NativePackage package)
    {
        string?[] programs = [AppContext.BaseDirectory, Path.GetDirectoryName(typeof(NativeLibraries).Assembly.Location)];
        return package.Places(programs.Where(folder => !string.IsNullOrEmpty(folder)).Distinct()!, PackageFolders(AppContext.GetData("PROBING_DIRECTORIES") as string)).FirstOrDefault(File.Exists);
    }

    private static IReadOnlyList<string> PackageFolders(string? probed) =>
        NativePackage.PackageFolders(Environment.GetEnvironmentVariable("NUGET_PACKAGES"), probed, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify));

    /// <summary>A version that the build has noted in the assembly.</summary>
    internal static string Recorded(string key) => typeof(NativeLibraries).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}
