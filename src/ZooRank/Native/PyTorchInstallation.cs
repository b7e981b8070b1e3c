using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ZooRank.Native;

/// <summary>An installed PyTorch whose libraries serve in place of the packaged ones: that is how ZooRank gets CUDA without another download.</summary>
/// <param name="Libraries">The folder with libtorch_cpu, usually <c>…/site-packages/torch/lib</c>.</param>
/// <param name="Version">PyTorch's version as it states it; null where the folder does not say.</param>
public sealed partial record PyTorchInstallation(string Libraries, string? Version)
{
    /// <summary>Asks <c>python3</c> (then <c>python</c>) where its PyTorch lies, without importing it.</summary>
    /// <exception cref="InvalidInputException">There is no Python, or it has no PyTorch.</exception>
    public static PyTorchInstallation FromPython()
    {
        const string Question = "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";
        var tried = new List<string>();
        foreach (var python in new[] { "python3", "python" })
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(python, ["-c", Question]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
                process.ErrorDataReceived += (_, _) => { };
                process.BeginErrorReadLine();
                var folder = process.StandardOutput.ReadToEnd().Trim();
                process.WaitForExit();
                if (folder.Length > 0) return At(folder);
                tried.Add($"{python} has no module 'torch'");
            }
            catch (Win32Exception)
            {
                tried.Add($"no {python} on the path");
            }
        }
        throw new InvalidInputException($"--torch auto: no installed PyTorch found ({string.Join("; ", tried)}). Activate the environment that has it, or give its folder: --torch …/site-packages/torch/lib.");
    }

    /// <summary>The installation at a folder: PyTorch's package folder, its <c>lib</c>, or an unpacked libtorch.</summary>
    /// <exception cref="InvalidInputException">libtorch is not there, or is older than what TorchSharp was built against.</exception>
    public static PyTorchInstallation At(string folder)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"--torch {folder}: no such folder. Give the folder that holds {NativeLibraries.FileName("torch_cpu")}.");
        var libraries = File.Exists(Path.Combine(folder, NativeLibraries.FileName("torch_cpu"))) ? folder : Path.Combine(folder, "lib");
        var version = ReadVersion(folder) ?? ReadVersion(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))!);
        if (version is not null && Numbers(version) is var (major, minor) && (major, minor).CompareTo((2, 10)) < 0)
            throw new InvalidInputException($"{folder}: PyTorch {version} is older than the 2.10 that TorchSharp needs. Upgrade PyTorch, or leave --torch away to use the packaged CPU build.");
        return File.Exists(Path.Combine(libraries, NativeLibraries.FileName("torch_cpu")))
            ? new PyTorchInstallation(libraries, version)
            : throw new InvalidInputException($"--torch {folder}: {NativeLibraries.FileName("torch_cpu")} is neither there nor in its lib folder. Give the folder that holds it.");
    }

    private static string? ReadVersion(string folder)
    {
        foreach (var (file, pattern) in new[] { ("version.py", VersionLine()), ("build-version", VersionNumber()) })
        {
            var path = Path.Combine(folder, file);
            if (File.Exists(path) && pattern.Match(File.ReadAllText(path)) is { Success: true } match) return match.Groups[1].Value;
        }
        return null;
    }

    private static (int Major, int Minor)? Numbers(string version)
    {
        var parts = version.Split('.');
        return parts.Length >= 2 && int.TryParse(parts[0], out var major) && int.TryParse(parts[1], out var minor) ? (major, minor) : null;
    }

    [GeneratedRegex(@"__version__\s*=\s*['""]([^'""]+)")]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"^\s*(\d+\.\d+\S*)")]
    private static partial Regex VersionNumber();
}
