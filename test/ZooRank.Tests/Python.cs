using System.Collections.Concurrent;
using System.Diagnostics;

namespace ZooRank.Tests;

/// <summary>The system's Python, where it has the packages that a test compares with.</summary>
internal static class Python
{
    private const string Interpreter = "/usr/bin/python3";

    private static readonly ConcurrentDictionary<string, bool> Present = new();

    /// <summary>Runs a script and returns what it prints. The test is skipped, visibly, where a module is absent.</summary>
    public static string Run(string modules, string script, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Interpreter), $"{Interpreter} is not on this machine");
        Assert.SkipUnless(Present.GetOrAdd(modules, m => Start($"import {m}", []).Code == 0), $"{Interpreter} lacks one of {modules}");
        var (code, output, error) = Start($"import {modules}\nimport sys\n{script}", arguments);
        Assert.True(code == 0, error);
        return output;
    }

    private static (int Code, string Output, string Error) Start(string script, string[] arguments)
    {
        var start = new ProcessStartInfo(Interpreter) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-c", script, .. arguments]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
