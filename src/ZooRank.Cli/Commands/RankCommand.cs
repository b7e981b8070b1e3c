using System.CommandLine;
using ZooRank.Cli.Display;
using ZooRank.Features;
using ZooRank.Files;
using ZooRank.Metrics;
using ZooRank.Models;
using ZooRank.Ranking;
using ZooRank.Reports;

namespace ZooRank.Cli.Commands;

internal static class RankCommand
{
    public static Command Create()
    {
        var target = new TargetOptions();
        var devices = new DeviceOptions();
        var zoo = new Option<string[]>("--zoo", "-z") { Description = "The source models: folders of checkpoints, zoo.json files, checkpoints, or the models that come with ZooRank (shipped); one or more.", DefaultValueFactory = _ => [ShippedZoo.Name], HelpName = "ZOO", AllowMultipleArgumentsPerToken = true };
        var scenario = new Option<string>("--scenario") { Description = "What is compared: source (data sets under one architecture), architecture (of one source), or auto: by what the zoo holds.", DefaultValueFactory = _ => "auto", HelpName = "source|architecture|auto" };
        scenario.AcceptOnlyFromAmong("source", "architecture", "auto");
        var metrics = new Option<string?>("--metrics") { Description = "Further metrics to show: names separated by commas, or all. 'zoorank metrics' lists them.", HelpName = "NAMES" };
        var by = new Option<string?>("--by") { Description = "The metric that ranks. Default: lp_fu, the paper's (logme where images have several labels).", HelpName = "NAME" };
        var history = new Option<string[]>("--history") { Description = "Let results on other targets have a say: published (the paper's tables, for the sources in them), shipped (what the models that come with ZooRank gave), a store that 'zoorank finetune' wrote, its 'truth show --json', or a CSV of AUCs; may be repeated.", HelpName = "published|shipped|STORE|FILE" };
        var thumbnails = new Option<bool>("--thumbnails") { Description = "Keep the probe's images, small, in the ranking, for its report to show: whoever has the file sees them then." };
        var resamples = new Option<int>("--resamples") { Description = "Random halves of the images on which the ranking metric is measured again, to say how sure it is; 0: not.", DefaultValueFactory = _ => 20, HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "Print the ranking as JSON instead of the table." };
        var @out = new Option<string?>("--out", "-o") { Description = "Write the ranking as JSON to a file too.", HelpName = "FILE" };
        var csv = new Option<string?>("--csv") { Description = "Write the models and their numbers as CSV to a file too.", HelpName = "FILE" };
        var report = new Option<string?>("--report") { Description = "Write the ranking as a page to read and print too: one HTML file.", HelpName = "FILE" };
        var noCache = new Option<bool>("--no-cache") { Description = "Neither read nor keep features in the cache." };
        var offline = new Option<bool>("--offline") { Description = "Fetch nothing; a checkpoint that is not there is a skipped model." };
        var memory = new Option<double?>("--memory") { Description = "GB that a batch's activations may take; beyond that images are sent through twice. Default: half of what is free.", HelpName = "GB" };

        var command = new Command("rank", "Rank a zoo of source models for a target data set.");
        target.AddTo(command);
        foreach (var option in new Option[] { zoo, scenario, metrics, by, history, thumbnails, resamples, json, @out, csv, report, noCache, offline, memory }) command.Add(option);
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));
        return command;

        int Run(ParseResult parsed, CancellationToken cancellation)
        {
            var overrides = target.Overrides(parsed);
            var shown = parsed.GetValue(metrics) is { } names ? MetricList.Parse(names) : [];
            var ranking = parsed.GetValue(by) is { } name ? MetricList.Get(name) : null;
            if (parsed.GetValue(resamples) is < 0 or 1) throw new InvalidInputException($"--resamples must be 0 or at least 2; got {parsed.GetValue(resamples)}.");
            var models = ModelZoo.Open(parsed.GetValue(zoo)!);
            foreach (var file in new[] { parsed.GetValue(@out), parsed.GetValue(csv), parsed.GetValue(report) }.OfType<string>()) AtomicFile.CheckWritable(file);   // not after an hour's work
            if (parsed.GetValue(report) is { } html) Page.CheckName("--report", html);
            if (parsed.GetValue(memory) is <= 0) throw new InvalidInputException($"--memory must be above 0 GB; got {parsed.GetValue(memory)}.");
            List<HistorySource> known = [.. (parsed.GetValue(history) ?? []).Select(HistorySource.Open)];
            using var dataset = target.Open(parsed);
            var device = devices.Start(parsed);
            using var display = new RankingProgressDisplay();
            var result = TransferabilityRanker.Rank(dataset, models, new RankingOptions
            {
                Probe = target.Probe(parsed),
                Scenario = parsed.GetValue(scenario) == "auto" ? null : Enum.Parse<Scenario>(parsed.GetValue(scenario)!, ignoreCase: true),
                Metrics = shown,
                By = ranking,
                History = known,
                Thumbnails = parsed.GetValue(thumbnails),
                Halves = parsed.GetValue(resamples),
                Overrides = overrides,
                Device = device,
                Cache = parsed.GetValue(noCache) ? null : FeatureCache.OfUser,
                Downloads = new() { Offline = parsed.GetValue(offline), Progress = display },
                MemoryBudget = parsed.GetValue(memory) is { } gigabytes ? (long)(gigabytes * 1e9) : null,
                Command = ["zoorank", .. Environment.GetCommandLineArgs().Skip(1)],
            }, display, cancellation);
            display.Dispose();

            if (parsed.GetValue(json)) Console.Out.WriteLine(RankingText.Json(result));
            else RankingTable.Print(result);
            if (parsed.GetValue(@out) is { } whole) AtomicFile.WriteText(whole, RankingText.Json(result) + "\n");
            if (parsed.GetValue(csv) is { } table) AtomicFile.WriteText(table, RankingText.Csv(result));
            if (parsed.GetValue(report) is { } page) AtomicFile.WriteText(page, RankingReport.Of(result));
            foreach (var file in new[] { parsed.GetValue(@out), parsed.GetValue(csv), parsed.GetValue(report) }.OfType<string>()) Console.Error.WriteLine($"written: {file}");
            return result.Skipped.Count > 0 ? ExitCode.SomeSkipped : ExitCode.Done;
        }
    }
}
