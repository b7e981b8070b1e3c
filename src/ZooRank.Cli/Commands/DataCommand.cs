using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using ZooRank.Cli.Display;
using ZooRank.Downloads;

namespace ZooRank.Cli.Commands;

internal static class DataCommand
{
    public static Command Create() => new("data", "The twelve 2D MedMNIST data sets.") { List(), Fetch() };

    private static Command List()
    {
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var command = new Command("list", "List the data sets, and which sizes are on this machine.") { json };
        command.SetAction(parsed =>
        {
            var sets = MedMnistCatalogue.All.Select(set => (Set: set, Here: MedMnistCatalogue.Sizes.Where(size => File.Exists(MedMnistCatalogue.DownloadOf(set.Name, size).Destination)).ToList())).ToList();
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonOutput.Text(new JsonArray([.. sets.Select(s => new JsonObject
                {
                    ["name"] = s.Set.Name, ["modality"] = s.Set.Modality, ["task"] = s.Set.Task, ["channels"] = s.Set.Channels, ["classes"] = JsonOutput.Strings(s.Set.Classes),
                    ["train"] = s.Set.Train, ["val"] = s.Set.Val, ["test"] = s.Set.Test, ["license"] = s.Set.License, ["sizes"] = new JsonArray([.. MedMnistCatalogue.Sizes.Select(n => (JsonNode)n)]),
                    ["fetched"] = new JsonArray([.. s.Here.Select(n => (JsonNode)n)]),
                })])));
                return ExitCode.Done;
            }
            static string N(int n) => n.ToString("N0", CultureInfo.InvariantCulture);
            Terminal.Print(["name", "modality", "task", "classes", "train", "val", "test", "licence", "fetched"],
                sets.Select(s => (string[])[s.Set.Name, s.Set.Modality, s.Set.Task, N(s.Set.Classes.Count), N(s.Set.Train), N(s.Set.Val), N(s.Set.Test), s.Set.License, s.Here.Count == 0 ? "–" : string.Join(" ", s.Here)]));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Fetch()
    {
        var names = new Argument<string[]>("NAME") { Description = "Data sets to fetch, as 'pneumoniamnist'.", Arity = ArgumentArity.OneOrMore };
        var size = new Option<int>("--size") { Description = "Image size: 28, 64, 128 or 224.", DefaultValueFactory = _ => 224, HelpName = "N" };
        var command = new Command("fetch", "Fetch data sets into the MedMNIST package's own folder (~/.medmnist), resumed and checked by MD5.") { names, size };
        var fetching = new FetchOptions(command);
        command.SetAction((parsed, cancellation) =>
        {
            foreach (var download in parsed.GetRequiredValue(names).Select(name => MedMnistCatalogue.DownloadOf(name, parsed.GetValue(size), fetching.From(parsed), fetching.Folder(parsed))).ToList())
                fetching.Fetch(parsed, download, cancellation);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
