using System.CommandLine;
using System.Globalization;
using ZooRank.Cli.Display;
using ZooRank.Data;
using ZooRank.Models;
using ZooRank.Training;

namespace ZooRank.Cli.Commands;

internal static class PretrainCommand
{
    public static Command Create()
    {
        var defaults = new SourceTrainingOptions();
        var devices = new DeviceOptions();
        var data = new Option<string>("--data", "-d") { Description = "The source data set, in any form that rank takes.", Required = true, HelpName = "DATA" };
        var architecture = new Option<string>("--arch") { Description = "The architecture.", DefaultValueFactory = _ => "resnet18", HelpName = "NAME" };
        var @out = new Option<string>("--out", "-o") { Description = "The safetensors file to write; it carries how to feed the model.", Required = true, HelpName = "FILE" };
        var epochs = new Option<int>("--epochs") { Description = "Passes over the images; the learning rate falls tenfold after each third.", DefaultValueFactory = _ => defaults.Epochs, HelpName = "N" };
        var rate = new Option<double>("--lr") { Description = "Learning rate at the start.", DefaultValueFactory = _ => defaults.LearningRate, HelpName = "RATE" };
        var batch = new Option<int>("--batch") { Description = "Images in a batch.", DefaultValueFactory = _ => defaults.BatchSize, HelpName = "N" };
        var inputSize = new Option<int>("--input-size") { Description = "Side in pixels to which images are resized.", DefaultValueFactory = _ => defaults.InputSize, HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "Seed of the weights and of the batches.", DefaultValueFactory = _ => defaults.Seed, HelpName = "N" };
        var command = new Command("pretrain", "Train a source model from scratch on a data set of your own.");
        foreach (var option in new Option[] { data, architecture, @out, epochs, rate, batch, inputSize, seed }) command.Add(option);
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var options = new SourceTrainingOptions
            {
                Epochs = AtLeast(parsed, epochs, 1),
                BatchSize = AtLeast(parsed, batch, 2),
                InputSize = AtLeast(parsed, inputSize, 16),
                Seed = parsed.GetValue(seed),
                LearningRate = parsed.GetValue(rate) is > 0 and var lr ? lr : throw new InvalidInputException($"--lr must be above 0; got {parsed.GetValue(rate)}."),
            };
            using var dataset = ImageDatasets.Open(parsed.GetRequiredValue(data));
            var device = devices.Start(parsed);
            var path = parsed.GetRequiredValue(@out);
            if (!path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) throw new InvalidInputException($"--out {path}: a safetensors file is written. Give it that ending: {Path.ChangeExtension(path, ".safetensors")}.");
            Files.AtomicFile.CheckWritable(path);
            using var display = new TrainingProgressDisplay(Path.GetFileName(path));
            var accuracy = SourceTrainer.Train(dataset, Architectures.Get(parsed.GetValue(architecture)!), path, options with { Device = device }, display, cancellation);
            display.Dispose();
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {parsed.GetValue(architecture)} trained on {dataset.Name}, {100 * accuracy:0.0} % of its training images right in the last epoch."));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static int AtLeast(ParseResult parsed, Option<int> option, int least) =>
        parsed.GetValue(option) is var value && value >= least ? value : throw new InvalidInputException($"{option.Name} must be at least {least}; got {value}.");
}
