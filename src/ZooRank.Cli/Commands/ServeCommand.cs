using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using ZooRank.Cli.Display;
using ZooRank.Cli.Serving;
using ZooRank.Data;
using ZooRank.Features;
using ZooRank.Files;
using ZooRank.Metrics;
using ZooRank.Models;
using ZooRank.Ranking;
using static TorchSharp.torch;

namespace ZooRank.Cli.Commands;

/// <summary>The same results and a form to rank, in the browser.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var devices = new DeviceOptions();
        var results = new Option<string>("--results") { Description = "The folder whose results are shown, and where rankings made here are kept; made where there is none.", DefaultValueFactory = _ => "zoorank-results", HelpName = "FOLDER" };
        var data = new Option<string[]>("--data", "-d") { Description = "Data sets to choose from, or folders of data sets; may be repeated.", HelpName = "DATA", AllowMultipleArgumentsPerToken = true };
        var zoos = new Option<string[]>("--zoo", "-z") { Description = "Source models to choose from: folders of checkpoints, zoo.json files, checkpoints, or the models that come with ZooRank (shipped); may be repeated.", DefaultValueFactory = _ => [ShippedZoo.Name], HelpName = "ZOO", AllowMultipleArgumentsPerToken = true };
        var port = new Option<int>("--port") { Description = "Port; 0: any that is free.", DefaultValueFactory = _ => 8722, HelpName = "N" };
        var host = new Option<string>("--host") { Description = "Address to listen on. Any but 127.0.0.1 lets others on the network see all results and start rankings: there is no password.", DefaultValueFactory = _ => "127.0.0.1", HelpName = "ADDRESS" };
        var upload = new Option<int>("--max-upload") { Description = "MB of a data set that may be sent to it; 0: none may.", DefaultValueFactory = _ => 1000, HelpName = "MB" };
        var command = new Command("serve", "Show results and rank from the browser, on this machine only.") { results, data, zoos, port, host, upload };
        devices.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (!IPAddress.TryParse(parsed.GetValue(host) is "localhost" ? "127.0.0.1" : parsed.GetValue(host), out var address)) throw new InvalidInputException($"--host {parsed.GetValue(host)}: an IP address is wanted, as 127.0.0.1.");
            if (parsed.GetValue(port) is (< 0 or > 65535) and var wrong) throw new InvalidInputException($"--port {wrong}: must be from 0 to 65535.");
            if (parsed.GetValue(upload) is (< 0 or > 1_000_000) and var tooLarge) throw new InvalidInputException($"--max-upload {tooLarge}: must be from 0 to 1000000 MB.");
            var folder = new ResultsFolder(parsed.GetRequiredValue(results));
            var (sets, models) = (Offers.OfData(parsed.GetValue(data) ?? []), Offers.OfZoos(parsed.GetValue(zoos)!));
            var device = devices.Start(parsed);
            await using var jobs = new RankingJobs();
            await using var app = Site.Build(new(address, parsed.GetValue(port), parsed.GetValue(upload) * 1_000_000L), folder, sets, models, jobs, (form, progress, stop) => Rank(form, folder, device, progress, stop));
            try
            {
                await app.StartAsync(cancellation);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{address}:{parsed.GetValue(port)} cannot be listened on ({e.Message.Split('\n')[0].TrimEnd('.')}). Choose another with --port, or 0 for any that is free."), e);
            }
            if (!IPAddress.IsLoopback(address)) Console.Error.WriteLine($"note: everyone who can reach {address} sees all results and can start rankings; there is no password.");
            Console.Out.WriteLine(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
            Console.Error.WriteLine($"Results of {folder.Path}. Ctrl-C ends it.");
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            catch (OperationCanceledException)
            {
                // Ended as it is meant to be.
            }
            await jobs.StopAsync();   // first: pages that follow a ranking are answered until it has ended
            await app.StopAsync(CancellationToken.None);
            return ExitCode.Done;
        });
        return command;
    }

    private static string Rank(RankingForm form, ResultsFolder folder, Device device, IProgress<RankingProgress> progress, CancellationToken cancellation)
    {
        using var dataset = ImageDatasets.Open(form.DataPath);
        var ranking = TransferabilityRanker.Rank(dataset, ModelZoo.Open(form.Zoos), new RankingOptions
        {
            Probe = new() { PerClass = form.PerClass, Seed = form.Seed },
            Overrides = new() { InputSize = form.InputSize },
            By = form.By,
            Metrics = form.All ? MetricList.All : [],
            History = form.History ? [HistorySource.Open(HistorySource.Published), HistorySource.Open(ShippedZoo.Name)] : [],
            Thumbnails = form.Thumbnails,
            Device = device,
            Cache = FeatureCache.OfUser,
            Command =
            [
                "zoorank", "rank", "--data", form.DataPath, "--zoo", .. form.Zoos, "--probe", form.PerClass.ToString(CultureInfo.InvariantCulture), "--seed", form.Seed.ToString(CultureInfo.InvariantCulture),
                .. form.InputSize is { } side ? (string[])["--input-size", side.ToString(CultureInfo.InvariantCulture)] : [], .. form.By is { } metric ? (string[])["--by", metric.Name] : [],
                .. form.All ? (string[])["--metrics", "all"] : [], .. form.History ? (string[])["--history", HistorySource.Published, "--history", ShippedZoo.Name] : [], .. form.Thumbnails ? (string[])["--thumbnails"] : [],
            ],
        }, progress, cancellation);
        var file = folder.NewFile(dataset.Name, DateTime.UtcNow);
        AtomicFile.WriteText(file, RankingText.Json(ranking) + "\n");
        return Path.GetFileNameWithoutExtension(file);
    }
}
