using System.IO.Compression;
using ZooRank.Native;

namespace ZooRank.Tests.Native;

public class NativePackageTests
{
    private static readonly NativePackage Package = new("Some.Natives", "1.2.3", "libsome.so", "linux-x64");

    [Fact]
    public void What_lies_beside_the_program_comes_before_what_lies_in_the_folders_of_packages() => Assert.Equal(
        ["app/libsome.so", "app/runtimes/linux-x64/native/libsome.so", "a/some.natives/1.2.3/runtimes/linux-x64/native/libsome.so", "b/some.natives/1.2.3/runtimes/linux-x64/native/libsome.so"],
        Package.Places(["app"], ["a", "b"]).Select(p => p.Replace('\\', '/')));

    [Fact]
    public void Packages_are_sought_where_the_user_says_then_where_the_build_found_them_then_in_the_home()
    {
        var home = Path.Combine("home", ".nuget", "packages");
        Assert.Equal(["mine", "one", "two", home], NativePackage.PackageFolders("mine", $"one{Path.PathSeparator}two", "home"));
        Assert.Equal([home], NativePackage.PackageFolders("", null, "home"));
    }

    // Ids and files as nuget.org lists the contents of the packages.
    [Theory]
    [InlineData("linux-x64", "libLibTorchSharp.so", "libtorch-cpu-linux-x64", "NetVips.Native.linux-x64/linux-x64/libvips.so.42", "SkiaSharp.NativeAssets.Linux.NoDependencies/linux-x64/libSkiaSharp.so")]
    [InlineData("linux-musl-x64", "libLibTorchSharp.so", null, "NetVips.Native.linux-musl-x64/linux-musl-x64/libvips.so.42", "SkiaSharp.NativeAssets.Linux.NoDependencies/linux-musl-x64/libSkiaSharp.so")]
    [InlineData("osx-arm64", "libLibTorchSharp.dylib", "libtorch-cpu-osx-arm64", "NetVips.Native.osx-arm64/osx-arm64/libvips.42.dylib", "SkiaSharp.NativeAssets.macOS/osx/libSkiaSharp.dylib")]
    [InlineData("win-x64", "LibTorchSharp.dll", "libtorch-cpu-win-x64", "NetVips.Native.win-x64/win-x64/libvips-42.dll", "SkiaSharp.NativeAssets.Win32/win-x64/libSkiaSharp.dll")]
    public void Each_platform_has_its_packages(string rid, string torchSharp, string? libTorch, string vips, string skia)
    {
        Assert.Equal(torchSharp, NativePackage.TorchSharp(rid).File);
        Assert.Equal(libTorch, NativePackage.LibTorch(rid)?.Id);
        Assert.Equal([vips, skia], new[] { NativePackage.LibVips(rid), NativePackage.Skia(rid) }.Select(p => $"{p.Id}/{p.Rid}/{p.File}"));
    }

    [Fact]
    public void The_project_that_fetches_asks_for_these_very_versions_and_escapes_what_it_is_given()
    {
        var project = System.Xml.Linq.XElement.Parse(NativeRestore.Project([Package], "/packages & more", "/here"));
        var download = Assert.Single(project.Descendants("PackageDownload"));
        Assert.Equal(("Some.Natives", "[1.2.3]"), ((string)download.Attribute("Include")!, (string)download.Attribute("Version")!));
        Assert.Equal("/packages & more", (string)project.Descendants("RestorePackagesPath").Single());
    }

    [Theory]
    [InlineData("  Determining projects…\n/x/natives.csproj : error NU1101: Unable to find package X. [/x/natives.csproj]\n/x/natives.csproj : error NU1101: Y\n", "Unable to find package X.")]
    [InlineData("\nThe command could not be loaded.\nmore", "The command could not be loaded.")]
    [InlineData("", "it gave no reason")]
    public void The_first_error_is_told(string output, string expected) => Assert.Equal(expected, NativeRestore.FirstError(output));

    [Fact]
    public void A_package_is_fetched_from_the_sources_of_the_folder_at_hand_and_found()
    {
        using var folder = new TemporaryFolder();
        Source(folder);
        using (var zip = ZipFile.Open(folder["source/Some.Natives.1.2.3.nupkg"], ZipArchiveMode.Create))
        {
            Add(zip, "Some.Natives.nuspec", """<package><metadata><id>Some.Natives</id><version>1.2.3</version><authors>test</authors><description>test</description></metadata></package>""");
            Add(zip, "runtimes/linux-x64/native/libsome.so", "a library");
        }
        NativeRestore.Fetch([Package], folder["packages"], folder.Path, null, TestContext.Current.CancellationToken);
        Assert.Equal("a library", File.ReadAllText(Package.Places([], [folder["packages"]]).Single(File.Exists)));
    }

    [Fact]
    public void What_cannot_be_fetched_is_told_in_one_line()
    {
        using var folder = new TemporaryFolder();
        Source(folder);
        var refusal = Assert.Throws<InvalidInputException>(() => NativeRestore.Fetch([Package], folder["packages"], folder.Path, null, TestContext.Current.CancellationToken));
        Assert.StartsWith("Some.Natives 1.2.3 could not be fetched: Unable to find package Some.Natives. No packages exist with this id in source(s): here. Check", refusal.Message, StringComparison.Ordinal);
    }

    private static void Source(TemporaryFolder folder)
    {
        Directory.CreateDirectory(folder["source"]);
        File.WriteAllText(folder["nuget.config"], """<configuration><packageSources><clear /><add key="here" value="source" /></packageSources></configuration>""");
    }

    private static void Add(ZipArchive zip, string name, string text)
    {
        using var writer = new StreamWriter(zip.CreateEntry(name).Open());
        writer.Write(text);
    }
}
