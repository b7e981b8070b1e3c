using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ZooRank.Files;

namespace ZooRank.Native;

/// <summary>Fetches packages of natives into NuGet's folder, from the sources that the user has configured: 'dotnet restore' of a project that has nothing but these downloads.</summary>
public static partial class NativeRestore
{
    /// <summary>Fetches them, and returns when they are there.</summary>
    /// <param name="packages">What to fetch, in these very versions.</param>
    /// <param name="waiting">Called about twice a second with the time since the start.</param>
    /// <param name="cancellation">Ends the restore; packages that were fetched by then stay.</param>
    /// <exception cref="InvalidInputException">There is no SDK, or NuGet refuses: its own first error.</exception>
    public static void Fetch(IReadOnlyList<NativePackage> packages, Action<TimeSpan>? waiting = null, CancellationToken cancellation = default) =>
        Fetch(packages, NativeLibraries.PackageFolder, Environment.CurrentDirectory, waiting, cancellation);

    internal static void Fetch(IReadOnlyList<NativePackage> packages, string packageFolder, string settingsFrom, Action<TimeSpan>? waiting, CancellationToken cancellation)
    {
        // Below the user's own cache and not in a folder that all users share: MSBuild and NuGet read files of every folder above a project.
        var folder = Path.Combine(Folders.Cache, $"fetch-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(folder);
            var project = Path.Combine(folder, "natives.csproj");
            File.WriteAllText(project, Project(packages, packageFolder, settingsFrom));
            Run(project, string.Join(", ", packages.Select(p => $"{p.Id} {p.Version}")), waiting, cancellation);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The project: no file above it is read but NuGet's settings, and those as seen from where the user is.</summary>
    internal static string Project(IEnumerable<NativePackage> packages, string packageFolder, string settingsFrom) => new XElement("Project",
        new XElement("PropertyGroup",
            new XElement("ImportDirectoryBuildProps", false), new XElement("ImportDirectoryBuildTargets", false), new XElement("ImportDirectoryPackagesProps", false)),
        new XElement("Import", new XAttribute("Project", "Sdk.props"), new XAttribute("Sdk", "Microsoft.NET.Sdk")),
        new XElement("PropertyGroup",
            new XElement("TargetFramework", "net10.0"), new XElement("DisableImplicitFrameworkReferences", true),
            new XElement("RestorePackagesPath", packageFolder), new XElement("RestoreRootConfigDirectory", settingsFrom)),
        new XElement("ItemGroup", packages.Select(p => new XElement("PackageDownload", new XAttribute("Include", p.Id), new XAttribute("Version", $"[{p.Version}]")))),
        new XElement("Import", new XAttribute("Project", "Sdk.targets"), new XAttribute("Sdk", "Microsoft.NET.Sdk"))).ToString();

    /// <summary>The first error that MSBuild or NuGet has printed ("…natives.csproj : error NU1101: …"), without the place; else the first line.</summary>
    internal static string FirstError(string output) =>
        ErrorLine().Match(output) is { Success: true } match ? match.Groups[1].Value : output.Split('\n').FirstOrDefault(l => l.Trim().Length > 0)?.Trim() ?? "it gave no reason";

    private static void Run(string project, string what, Action<TimeSpan>? waiting, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Sdk(), ["restore", project, "--verbosity", "quiet", "--disable-build-servers"])
        {
            WorkingDirectory = Path.GetDirectoryName(project),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in new[] { ("DOTNET_NOLOGO", "1"), ("DOTNET_CLI_UI_LANGUAGE", "en") }) start.Environment[name] = value;
        var output = new StringBuilder();
        void Keep(string? line)
        {
            lock (output) output.AppendLine(line);
        }
        try
        {
            using var process = new Process { StartInfo = start };
            process.OutputDataReceived += (_, line) => Keep(line.Data);
            process.ErrorDataReceived += (_, line) => Keep(line.Data);
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            using var stop = cancellation.Register(() => { try { process.Kill(entireProcessTree: true); } catch (InvalidOperationException) { } });
            for (var clock = Stopwatch.StartNew(); !process.WaitForExit(500);) waiting?.Invoke(clock.Elapsed);
            process.WaitForExit();   // for the rest of the output
            cancellation.ThrowIfCancellationRequested();
            if (process.ExitCode != 0)
                throw new InvalidInputException($"{what} could not be fetched: {FirstError(output.ToString()).TrimEnd('.')}. Check the connection and the sources ('dotnet nuget list source'), or use an installed PyTorch: --torch auto.");
        }
        catch (Win32Exception)
        {
            throw new InvalidInputException($"{what} could not be fetched: there is no 'dotnet' on the path. Install the .NET 10 SDK from https://dot.net, or use an installed PyTorch: --torch auto.");
        }
    }

    // The one whose runtime runs this, if it has an SDK: …/dotnet/shared/Microsoft.NETCore.App/10.0.x/ and three folders up.
    private static string Sdk()
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Directory.Exists(Path.Combine(root, "sdk")) ? Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet") : "dotnet";
    }

    [GeneratedRegex(@"error [A-Z]*\d*: (.+?)(?: \[[^\]\n]*\])?\s*$", RegexOptions.Multiline)]
    private static partial Regex ErrorLine();
}
