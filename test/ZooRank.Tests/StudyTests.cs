using System.Diagnostics;
using ZooRank.Tests.Cli;

namespace ZooRank.Tests;

public sealed class StudyTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact(Explicit = true)]   // ten fine-tunings
    public async Task A_cell_of_the_published_study_comes_out_again()
    {
        var data = SharedFolder.Require("data");
        Assert.SkipWhen(OperatingSystem.IsWindows() || !File.Exists("/bin/bash") || !File.Exists("/usr/bin/python3"), "bash or python3 is not on this machine");
        File.WriteAllText(folder["zoorank"], $"#!/bin/sh\nexec '{CommandLine.Host}' '{CommandLine.Program}' \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder["zoorank"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(HouseTests.Root(), "docs", "study", "study"), data, folder["out"], "cell", "pneumonia3", "busi"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ZOORANK"] = folder["zoorank"];
        start.Environment["ZOORANK_CACHE"] = folder["cache"];
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await error);
        Assert.Contains("AUC after fine-tuning", output, StringComparison.Ordinal);
        Assert.Contains("\nlogme", output, StringComparison.Ordinal);
    }
}
