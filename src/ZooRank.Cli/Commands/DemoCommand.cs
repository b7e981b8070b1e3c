using System.CommandLine;
using System.Globalization;
using ZooRank.Cli.Display;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Models;
using ZooRank.Ranking;
using ZooRank.Reports;
using ZooRank.Training;

namespace ZooRank.Cli.Commands;

/// <summary>The whole job in small, with nothing needed but the program: pictures drawn by code, source models trained on the spot, a ranking.</summary>
internal static class DemoCommand
{
    // Name, what is drawn, passes over it, and in words.
    private static readonly (string Name, Motif Motif, int Epochs, string What)[] Sources =
    [
        ("cells", Motif.CellsByContent, 12, "other drawn cells, by what is in them"),
        ("stripes", Motif.Stripes, 12, "gratings, by direction"),
        ("brightness", Motif.Brightness, 12, "flat pictures, by brightness"),
        ("untrained", Motif.CellsByContent, 0, "nothing: random weights"),
    ];

    public static Command Create()
    {
        var devices = new DeviceOptions();
        var @out = new Option<string>("--out", "-o") { Description = "Folder for the pictures, the models, the ranking and its page.", DefaultValueFactory = _ => "zoorank-demo", HelpName = "FOLDER" };
        var command = new Command("demo", "Try it: draw a target data set, train four small source models, rank them. Needs no data and no network.") { @out };
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var device = devices.Start(parsed);
            var folder = parsed.GetValue(@out)!;
            var (target, zoo) = (Path.Combine(folder, "cells-by-nucleus.npz"), Path.Combine(folder, "zoo"));
            Console.Out.WriteLine($"A target is drawn: cells under a microscope, by the shape of their nucleus ({target}).");
            Drawings.Write(target, Motif.CellsByNucleus, perClass: 100, seed: 1);

            Console.Out.WriteLine($"Four source models (ResNet18, 32 pixels) are trained ({zoo}):");
            foreach (var (source, index) in Sources.Select((s, i) => (s, i)))
            {
                var data = Path.Combine(folder, "sources", source.Name + ".npz");
                Drawings.Write(data, source.Motif, perClass: 100, seed: 100 + index);
                using var dataset = ImageDatasets.Open(data);
                using var display = new TrainingProgressDisplay(source.Name);
                SourceTrainer.Train(dataset, Architectures.Get("resnet18"), Path.Combine(zoo, source.Name + ".safetensors"),
                    new SourceTrainingOptions { Epochs = source.Epochs, LearningRate = 0.02, DecayEvery = 4, BatchSize = 32, Selection = EpochSelection.Last, InputSize = Drawings.Side, Seed = 24, Overwrite = true, Device = device }, display, cancellation);
                display.Dispose();
                Console.Out.WriteLine($"  {source.Name,-13} {source.What}");
            }

            Console.Out.WriteLine($"And ranked, as by: zoorank rank --data {target} --zoo {zoo}");
            Console.Out.WriteLine();
            using var images = ImageDatasets.Open(target);
            using var progress = new RankingProgressDisplay();
            var ranking = TransferabilityRanker.Rank(images, ModelZoo.Open(zoo), new RankingOptions { Device = device, Thumbnails = true, Command = ["zoorank", "demo"] }, progress, cancellation);
            progress.Dispose();
            Files.AtomicFile.WriteText(Path.Combine(folder, "ranking.json"), RankingText.Json(ranking) + "\n");
            Files.AtomicFile.WriteText(Path.Combine(folder, "report.html"), RankingReport.Of(ranking));
            RankingTable.Print(ranking);
            Console.Out.WriteLine();
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"As a page, with charts: {Path.Combine(folder, "report.html")}; all numbers: {Path.Combine(folder, "ranking.json")}. Your own images and checkpoints: zoorank rank --data IMAGES --zoo CHECKPOINTS"));
            var size = new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The folder {folder} holds all that was made ({size / 1e6:0} MB): delete it when you have seen enough."));
            return Task.FromResult(ranking.Skipped.Count > 0 ? ExitCode.SomeSkipped : ExitCode.Done);
        });
        return command;
    }
}
