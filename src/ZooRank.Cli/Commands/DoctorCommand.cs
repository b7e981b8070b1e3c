using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text.Json.Nodes;
using ZooRank.Cli.Display;
using ZooRank.Files;
using ZooRank.Imaging;
using ZooRank.Native;
using static TorchSharp.torch;

namespace ZooRank.Cli.Commands;

/// <summary>What this machine has of what ZooRank needs: each line says that it is good, or what to do.</summary>
internal static class DoctorCommand
{
    private sealed record Finding(string Subject, string Status, string Text);

    private const string Good = "good", Note = "note", Bad = "bad";

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var fetch = new Option<bool>("--fetch") { Description = "First fetch the native libraries that are not there (libtorch, libvips, Skia) into NuGet's folder, from the package sources configured on this machine." };
        var devices = new DeviceOptions();
        var command = new Command("doctor", "Check what ZooRank needs: libtorch, processor, CUDA, image reading, folders.") { json, fetch };
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(fetch)) Fetch(cancellation);
            var findings = new List<Finding>();
            Torch(findings, parsed, devices);
            Processor(findings);
            Images(findings);
            findings.Add(NativeLibraries.LibSkia is { } skia ? new("figures", Good, $"Skia ({skia})") : new("figures", Note, $"cannot be drawn: Skia is not on this machine. {NativePackage.Skia(NativeLibraries.Rid).Remedy}."));
            Caches(findings);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonOutput.Text(new JsonArray([.. findings.Select(f => new JsonObject { ["subject"] = f.Subject, ["status"] = f.Status, ["text"] = f.Text })])));
            }
            else
            {
                foreach (var f in findings) Console.Out.WriteLine($"{f.Status,-5} {f.Subject,-10} {f.Text}");
                Console.Out.WriteLine(findings.Any(f => f.Status == Bad) ? "Mend what is marked bad; without it ranking fails." : "Ready to rank.");
            }
            return Task.FromResult(findings.Any(f => f.Status == Bad) ? ExitCode.InvalidInput : ExitCode.Done);
        });
        return command;
    }

    private static void Fetch(CancellationToken cancellation)
    {
        var missing = NativeLibraries.Missing;
        if (missing.Count == 0) return;
        using var status = new StatusLine();
        Console.Error.WriteLine($"fetching {string.Join(", ", missing.Select(p => $"{p.Id} {p.Version}"))} into {NativeLibraries.PackageFolder}…");
        NativeRestore.Fetch(missing, time => status.Show($"fetching for {StatusLine.Words(time)}"), cancellation);
    }

    private static void Torch(List<Finding> findings, ParseResult parsed, DeviceOptions devices)
    {
        try
        {
            var device = devices.Start(parsed);
            var runtime = TorchRuntime.Load();
            findings.Add(new("libtorch", Good, $"{runtime.Origin}, loaded from {runtime.Folder}"));
            findings.Add(runtime.Repaired
                ? new("TorchSharp", Good, $"the system's libstdc++ is older than it wants, so a mended copy is in use: {runtime.LibTorchSharp}")
                : new("TorchSharp", Good, $"loaded from {runtime.LibTorchSharp}"));
            Compute(findings, runtime, device);
        }
        catch (InvalidInputException e)
        {
            findings.Add(new("libtorch", Bad, e.Message));
        }
    }

    private static void Compute(List<Finding> findings, TorchRuntime runtime, Device device)
    {
        using var scope = NewDisposeScope();
        var images = ones(1, 3, 8, 8, device: device);
        var value = nn.functional.conv2d(images, ones(1, 3, 3, 3, device: device)).sum().item<float>();
        findings.Add(value == 27 * 36 ? new("arithmetic", Good, $"a convolution on {device} gives what it should") : new("arithmetic", Bad, $"a convolution on {device} gives {value} in place of 972: libtorch is damaged or does not fit this processor. Restore the packages again."));
        findings.Add(device.type == TorchSharp.DeviceType.CUDA ? new("CUDA", Good, $"{cuda.device_count()} device(s)")
            : runtime.HasCuda ? new("CUDA", Note, "this libtorch has CUDA, but no device can be used: check nvidia-smi, the driver, and CUDA_VISIBLE_DEVICES")
            : new("CUDA", Note, "not used: this libtorch is a CPU build. With PyTorch and a GPU on this machine: --torch auto"));
        findings.Add(new("threads", Good, string.Create(CultureInfo.InvariantCulture, $"{get_num_threads()} for computing, {Environment.ProcessorCount} processors; --threads N sets them")));
    }

    private static void Processor(List<Finding> findings)
    {
        var architecture = RuntimeInformation.ProcessArchitecture;
        findings.Add(architecture == Architecture.X64 && !Avx2.IsSupported
            ? new("processor", Note, "no AVX2: everything works, several times slower")
            : new("processor", Good, $"{architecture}{(Avx512F.IsSupported ? " with AVX-512" : Avx2.IsSupported ? " with AVX2" : "")}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}"));
        var free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9;
        findings.Add(free < 4 ? new("memory", Note, string.Create(CultureInfo.InvariantCulture, $"{free:0.0} GB: large networks will be sent each image twice (see rank --memory)")) : new("memory", Good, string.Create(CultureInfo.InvariantCulture, $"{free:0.0} GB")));
    }

    private static void Images(List<Finding> findings)
    {
        try
        {
            findings.Add(new("images", Good, $"libvips {ImageDecoder.LibraryVersion} ({NativeLibraries.LibVips ?? "the system's"})"));
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException or InvalidInputException)
        {
            findings.Add(new("images", Bad, $"libvips cannot be loaded ({(e.InnerException ?? e).Message.Split('\n')[0]}). {NativePackage.LibVips(NativeLibraries.Rid).Remedy}, or install the system's libvips 8.13 or newer. MedMNIST .npz files can be ranked without it."));
        }
    }

    private static void Caches(List<Finding> findings)
    {
        foreach (var (name, folder) in new[] { ("cache", Folders.Cache), ("MedMNIST", Folders.MedMnist), ("torch hub", Folders.TorchHub) })
        {
            var size = Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).Sum(f => f.Exists ? f.Length : 0) : 0;
            findings.Add(Writable(folder)
                ? new(name, Good, string.Create(CultureInfo.InvariantCulture, $"{folder} ({size / 1e6:0.0} MB)"))
                : new(name, name == "cache" ? Bad : Note, $"{folder} cannot be written. {(name == "cache" ? "Choose another folder with ZOORANK_CACHE." : "Fetching there fails; give --to.")}"));
        }
    }

    private static bool Writable(string folder)
    {
        // The nearest folder that exists decides; nothing is made just to look.
        var existing = folder;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent) existing = parent;
        var trial = Path.Combine(existing, $".zoorank-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllBytes(trial, []);
            File.Delete(trial);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
