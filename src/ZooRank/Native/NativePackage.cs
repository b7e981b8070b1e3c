namespace ZooRank.Native;

/// <summary>A NuGet package with a native library for one platform.</summary>
/// <param name="Id">Its name on NuGet.</param>
/// <param name="Version">The version that ZooRank was tested with.</param>
/// <param name="File">The library's file name.</param>
/// <param name="Rid">The package's name of the platform.</param>
public sealed record NativePackage(string Id, string Version, string File, string Rid)
{
    /// <summary>LibTorchSharp, the C interface of TorchSharp.</summary>
    public static NativePackage TorchSharp(string rid) => new("TorchSharp", NativeLibraries.Recorded("TorchSharpVersion"), NativeLibraries.FileName("LibTorchSharp", rid), rid);

    /// <summary>The CPU build of libtorch; null for a platform that has none.</summary>
    public static NativePackage? LibTorch(string rid) =>
        rid is "linux-x64" or "win-x64" or "win-arm64" or "osx-arm64" ? new($"libtorch-cpu-{rid}", NativeLibraries.Recorded("LibTorchVersion"), NativeLibraries.FileName("torch_cpu", rid), rid) : null;

    /// <summary>libvips with all that it needs linked in.</summary>
    public static NativePackage LibVips(string rid) =>
        new($"NetVips.Native.{rid}", NativeLibraries.Recorded("LibVipsVersion"), rid.StartsWith("win", StringComparison.Ordinal) ? "libvips-42.dll" : rid.StartsWith("osx", StringComparison.Ordinal) ? "libvips.42.dylib" : "libvips.so.42", rid);

    /// <summary>Skia, which draws figures: one package for each system, with all its processors.</summary>
    public static NativePackage Skia(string rid)
    {
        var (system, folder) = rid.Split('-')[0] switch { "win" => ("Win32", rid), "osx" => ("macOS", "osx"), _ => ("Linux.NoDependencies", rid) };
        return new($"SkiaSharp.NativeAssets.{system}", NativeLibraries.Recorded("SkiaVersion"), system == "Win32" ? "libSkiaSharp.dll" : NativeLibraries.FileName("SkiaSharp", rid), folder);
    }

    /// <summary>What to do where it is missing.</summary>
    public string Remedy => $"Run 'zoorank doctor --fetch' (in a program of your own: reference the package {Id} {Version})";

    /// <summary>Where the library may lie, the nearest first: beside the program, in the folder where a build puts the natives of the packages that a program references, in NuGet's own folders.</summary>
    /// <param name="programs">The folders of the program and of ZooRank's assembly.</param>
    /// <param name="packages">NuGet's folders of packages (<see cref="PackageFolders"/>).</param>
    public IEnumerable<string> Places(IEnumerable<string> programs, IEnumerable<string> packages)
    {
        var inPackage = Path.Combine("runtimes", Rid, "native", File);
        return [.. programs.SelectMany(folder => new[] { Path.Combine(folder, File), Path.Combine(folder, inPackage) }), .. packages.Select(folder => Path.Combine(folder, Id.ToLowerInvariant(), Version, inPackage))];
    }

    /// <summary>The folders in which NuGet keeps packages, the first being the one that it fills.</summary>
    /// <param name="variable"><c>NUGET_PACKAGES</c>, which comes before all else.</param>
    /// <param name="probed">The folders that a build on this machine has noted beside the program, in <c>runtimeconfig.dev.json</c>; what is published or packed has none.</param>
    /// <param name="home">The user's folder.</param>
    public static IReadOnlyList<string> PackageFolders(string? variable, string? probed, string home) =>
        [.. variable is { Length: > 0 } ? [variable] : Array.Empty<string>(), .. (probed ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), Path.Combine(home, ".nuget", "packages")];
}
