using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace ZooRank.Tests.Cli;

/// <param name="Code">Exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record Outcome(int Code, string Output, string Error)
{
    /// <summary>All of standard output as JSON: nothing else may be there.</summary>
    public JsonNode Json => JsonNode.Parse(Output)!;
}

/// <summary>The program as a user starts it: a process of its own, with a cache of its own.</summary>
internal sealed class CommandLine : IDisposable
{
    /// <summary>The host that runs these tests: …/dotnet/shared/Microsoft.NETCore.App/10.0.x/ and three folders up.</summary>
    public static string Host { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    /// <summary>What it runs.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "ZooRank.Cli.dll");

    public TemporaryFolder Folder { get; } = new();

    /// <summary>Variables that differ from those of the tests.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public void Dispose() => Folder.Dispose();

    public Outcome Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output, error.Result);
    }

    /// <summary>Runs it and wants the code 2 and one line on standard error, which is returned; nothing on standard output.</summary>
    public string Refusal(params string[] arguments)
    {
        var (code, output, error) = Run(arguments);
        Assert.True(code == 2, $"exit code {code}: {error}");
        Assert.Equal("", output);
        var line = Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("zoorank: ", line, StringComparison.Ordinal);
        return line;
    }

    public Process Start(params string[] arguments)
    {
        // Where interrupts are ignored (under nohup, in a shell's background) a child would ignore them too: env gives it the ordinary ones back.
        string[] ordinary = OperatingSystem.IsLinux() ? ["/usr/bin/env", "--default-signal=INT"] : [];
        string[] line = [.. ordinary, Host, Program, .. arguments];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder.Path,
        };
        start.Environment["ZOORANK_CACHE"] = Path.Combine(Folder.Path, "cache");
        start.Environment["HOME"] = start.Environment["USERPROFILE"] = start.Environment["XDG_CACHE_HOME"] = Path.Combine(Folder.Path, "home");
        start.Environment["LANG"] = start.Environment["LC_ALL"] = "de_DE.UTF-8";   // a user's, under which numbers must stay as they are
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
