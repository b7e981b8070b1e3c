using System.CommandLine;
using System.Globalization;
using ZooRank.Cli.Display;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Features;
using ZooRank.Models;
using ZooRank.Ranking;
using ZooRank.Reports;
using ZooRank.Truth;

namespace ZooRank.Cli.Commands;

/// <summary>The whole job in small, with nothing needed but the program: pictures drawn by code, the models that come with it, a ranking, and what such models gave on real images.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var devices = new DeviceOptions();
        var @out = new Option<string>("--out", "-o") { Description = "Folder for the pictures, the ranking and its page.", DefaultValueFactory = _ => "zoorank-demo", HelpName = "FOLDER" };
        var command = new Command("demo", "Try it: draw a target data set and rank the models that come with ZooRank for it. Needs no data and no network.") { @out };
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var zoo = ShippedZoo.Open();
            var device = devices.Start(parsed);
            var folder = parsed.GetValue(@out)!;
            string In(string name) => Path.Combine(folder, name);
            var target = In("cells-by-nucleus.npz");
            Console.Out.WriteLine($"A target is drawn: cells under a microscope, by the shape of their nucleus ({target}).");
            Drawings.Write(target, Motif.CellsByNucleus, perClass: 100, seed: 1);
            Console.Out.WriteLine($"The {zoo.Models.Count} small models that come with ZooRank are ranked for it, as by: zoorank rank --data {target}");
            Console.Out.WriteLine();

            using var images = ImageDatasets.Open(target);
            using var progress = new RankingProgressDisplay();
            var ranking = TransferabilityRanker.Rank(images, zoo, new RankingOptions { Device = device, Cache = FeatureCache.OfUser, Thumbnails = true, Command = ["zoorank", "demo"] }, progress, cancellation);
            progress.Dispose();
            Files.AtomicFile.WriteText(In("ranking.json"), RankingText.Json(ranking) + "\n");
            Files.AtomicFile.WriteText(In("report.html"), RankingReport.Of(ranking));
            RankingTable.Print(ranking);

            Console.Out.WriteLine();
            Console.Out.WriteLine("Those are drawings. What fine-tuning the same models gave on real images (docs/study), test AUC ± standard error:");
            Terminal.Print(["target", "best of these", "AUC", "worst of these", "AUC"], StoredTruth.Read(ShippedZoo.History).Targets.Select(InWords));
            Console.Out.WriteLine($"As a page, with charts: {In("report.html")}; all numbers: {In("ranking.json")}. Your own images: zoorank rank --data IMAGES; and checkpoints: --zoo CHECKPOINTS. {folder} can be deleted.");
            return Task.FromResult(ranking.Skipped.Count > 0 ? ExitCode.SomeSkipped : ExitCode.Done);
        });
        return command;
    }

    private static string[] InWords(StoredTarget target)
    {
        var (best, worst) = (target.Sources.MaxBy(s => s.P)!, target.Sources.MinBy(s => s.P)!);
        return [target.Target, best.Source, Auc(best), worst.Source, Auc(worst)];
        static string Auc(StoredSource s) => string.Create(CultureInfo.InvariantCulture, $"{s.P:0.000}{(s.StandardError is { } e ? $" ± {e:0.000}" : "")}");
    }
}
