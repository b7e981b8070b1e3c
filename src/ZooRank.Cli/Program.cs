using System.CommandLine;
using System.Runtime.InteropServices;
using ZooRank;
using ZooRank.Cli;
using ZooRank.Native;

var root = CommandTree.Create();
root.HelpName = "zoorank";

// Ctrl-C and a scheduler's SIGTERM ask for an orderly end. A second Ctrl-C ends at once; SIGTERM never does, since one and the same may come twice
// (a scheduler sends it to a job's script, which passes it on, and to all that the script started), and who means more has SIGKILL.
using var cancellation = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = signal.Signal == PosixSignal.SIGTERM || !cancellation.IsCancellationRequested;
    cancellation.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    var parsed = root.Parse(args.Length == 0 ? ["--help"] : args, new ParserConfiguration { EnablePosixBundling = false });
    if (parsed.Errors.Count > 0)
    {
        Console.Error.WriteLine(ParseMessage.Of(parsed));
        return ExitCode.InvalidInput;
    }
    // Before anything touches a tensor: the first that does loads libtorch.
    if (parsed.CommandResult.Command.Options.OfType<Option<string?>>().FirstOrDefault(o => o.Name == DeviceOptions.TorchName) is { } torch) TorchRuntime.Choose(parsed.GetValue(torch));
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancellation.Token);
}
catch (InvalidInputException e)
{
    Console.Error.WriteLine($"zoorank: {e.Message}");
    return ExitCode.InvalidInput;
}
catch (IOException e) when (e.HResult is unchecked((int)0x80070070) or 28 || e.Message.Contains("No space left", StringComparison.Ordinal))
{
    Console.Error.WriteLine($"zoorank: the disk is full ({e.Message.Split('\n')[0]}). Free space, or move the cache with ZOORANK_CACHE.");
    return ExitCode.InvalidInput;
}
catch (UnauthorizedAccessException e)
{
    Console.Error.WriteLine($"zoorank: no permission: {e.Message.Split('\n')[0]} Change its permissions, or choose another place.");
    return ExitCode.InvalidInput;
}
catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
{
    var resumes = args.FirstOrDefault() is "rank" or "features" or "data" or "zoo" or "finetune" or "pretrain" && !args.Contains("--no-cache");
    Console.Error.WriteLine($"zoorank: interrupted.{(resumes ? " What was finished is kept: run the same command again to go on from there." : "")}");
    return ExitCode.Interrupted;
}
catch (Exception e)
{
    Console.Error.WriteLine($"zoorank: a fault of ZooRank's own, please report it: {e}");
    return ExitCode.Bug;
}
