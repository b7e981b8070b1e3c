using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using ZooRank.Cli.Display;
using ZooRank.Downloads;

namespace ZooRank.Cli.Commands;

internal static class ZooCommand
{
    public static Command Create() => new("zoo", "torchvision's ImageNet weights of the nine architectures.") { List(), Fetch() };

    private static Command List()
    {
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var command = new Command("list", "List the checkpoints, and which are on this machine.") { json };
        command.SetAction(parsed =>
        {
            var all = TorchvisionCatalogue.All.Select(c => (Checkpoint: c, Path: TorchvisionCatalogue.DownloadOf(c.Architecture).Destination)).ToList();
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonOutput.Text(new JsonArray([.. all.Select(c => new JsonObject
                {
                    ["architecture"] = c.Checkpoint.Architecture, ["parameters"] = c.Checkpoint.ParameterCount, ["imagenet_top1"] = c.Checkpoint.ImageNetTop1, ["url"] = c.Checkpoint.Url,
                    ["path"] = c.Path, ["fetched"] = File.Exists(c.Path),
                })])));
                return ExitCode.Done;
            }
            Terminal.Print(["architecture", "parameters", "top-1 %", "file", "fetched"], all.Select(c => (string[])
                [c.Checkpoint.Architecture, c.Checkpoint.ParameterCount.ToString("N0", CultureInfo.InvariantCulture), c.Checkpoint.ImageNetTop1.ToString("0.0", CultureInfo.InvariantCulture), c.Checkpoint.FileName, File.Exists(c.Path) ? "yes" : "–"]));
            Console.Out.WriteLine(TorchvisionCatalogue.LicenseNote);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Fetch()
    {
        var names = new Argument<string[]>("NAME") { Description = "Architectures to fetch, as 'resnet18', or 'all'.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("fetch", "Fetch ImageNet weights from torchvision's official addresses into PyTorch's own folder, resumed and checked by SHA-256.") { names };
        var fetching = new FetchOptions(command);
        command.SetAction((parsed, cancellation) =>
        {
            var wanted = parsed.GetRequiredValue(names);
            if (wanted is ["all"]) wanted = [.. TorchvisionCatalogue.All.Select(c => c.Architecture)];
            foreach (var download in wanted.Select(name => TorchvisionCatalogue.DownloadOf(name, fetching.From(parsed), fetching.Folder(parsed))).ToList())
                fetching.Fetch(parsed, download, cancellation);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
