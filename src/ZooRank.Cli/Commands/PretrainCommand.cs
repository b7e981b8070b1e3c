using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
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
        var data = new Option<string[]>("--data", "-d") { Description = "The source data set, in any form that rank takes; several are joined into one multi-label problem.", Required = true, HelpName = "DATA", AllowMultipleArgumentsPerToken = true };
        var leaveOut = new Option<string[]>("--leave-out") { Description = "Data sets among these that are not trained on, by name: the target, so that one list of --data serves all targets.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
        var share = new Option<string[]>("--share") { Description = "Labels of joined data sets that mean the same: 'A,B' (their classes of one name) or 'A: CLASS = B: CLASS'. MedMNIST's are known.", HelpName = "RULE", AllowMultipleArgumentsPerToken = true };
        var architecture = new Option<string>("--arch") { Description = "The architecture.", DefaultValueFactory = _ => "resnet18", HelpName = "NAME" };
        var @out = new Option<string>("--out", "-o") { Description = "The safetensors file to write; it carries how to feed the model and how it was trained.", Required = true, HelpName = "FILE" };
        var epochs = new Option<int>("--epochs") { Description = "At most so many passes over the images; 0: random weights, the baseline that a source has to beat.", DefaultValueFactory = _ => defaults.Epochs, HelpName = "N" };
        var rate = new Option<double>("--lr") { Description = "Learning rate at the start.", DefaultValueFactory = _ => defaults.LearningRate, HelpName = "RATE" };
        var decayEvery = new Option<int>("--decay-every") { Description = "Epochs after which the learning rate falls, each time.", DefaultValueFactory = _ => defaults.DecayEvery, HelpName = "N" };
        var decayFactor = new Option<double>("--decay-factor") { Description = "What it is multiplied by then.", DefaultValueFactory = _ => defaults.DecayFactor, HelpName = "FACTOR" };
        var momentum = new Option<double>("--momentum") { Description = "Momentum, not Nesterov's.", DefaultValueFactory = _ => defaults.Momentum, HelpName = "M" };
        var weightDecay = new Option<double>("--weight-decay") { Description = "Weight decay.", DefaultValueFactory = _ => defaults.WeightDecay, HelpName = "W" };
        var batch = new Option<int>("--batch") { Description = "Images in a batch.", DefaultValueFactory = _ => defaults.BatchSize, HelpName = "N" };
        var sampling = new Option<string>("--sampling") { Description = "balanced: a class drawn uniformly, then one of its images; plain: each image once.", DefaultValueFactory = _ => "balanced", HelpName = "balanced|plain" };
        sampling.AcceptOnlyFromAmong("balanced", "plain");
        var augmentation = new Option<string?>("--augmentation") { Description = "Of training images: paper (crop, flip, rotation, sharpness, contrast, equalisation) or none. Default: as published, paper for a join and none for one data set.", HelpName = "paper|none" };
        augmentation.AcceptOnlyFromAmong("paper", "none");
        var select = new Option<string>("--select") { Description = "The epoch that is kept: the best validation AUC or loss, or the last, without validation.", DefaultValueFactory = _ => "auc", HelpName = "auc|loss|last" };
        select.AcceptOnlyFromAmong("auc", "loss", "last");
        var patience = new Option<int>("--patience") { Description = "So many epochs without a better one end it.", DefaultValueFactory = _ => defaults.Patience, HelpName = "N" };
        var inputSize = new Option<int>("--input-size") { Description = "Side in pixels to which images are resized.", DefaultValueFactory = _ => defaults.InputSize, HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "Seed of the weights, the order of the images, dropout, and of what is held out.", DefaultValueFactory = _ => defaults.Seed, HelpName = "N" };
        var precision = PrecisionOption.Create(defaults.Precision);
        var saveType = new Option<string>("--save-dtype") { Description = "float16 halves the file.", DefaultValueFactory = _ => "float32", HelpName = "float32|float16" };
        saveType.AcceptOnlyFromAmong("float32", "float16");
        var force = new Option<bool>("--force") { Description = "Begin anew, and replace what --out names." };
        var json = new Option<bool>("--json") { Description = "Print the model's card as JSON." };
        var command = new Command("pretrain", "Train a source model from scratch on data sets of your own. An interrupted training goes on where it was when the same command is given again.");
        foreach (var option in new Option[] { data, leaveOut, share, architecture, @out, epochs, rate, decayEvery, decayFactor, momentum, weightDecay, batch, sampling, augmentation, select, patience, inputSize, seed, precision, saveType, force, json }) command.Add(option);
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var options = new SourceTrainingOptions
            {
                Epochs = Within(parsed, epochs, 0, 100_000),
                LearningRate = Within(parsed, rate, v => v > 0, "above 0"),
                DecayEvery = Within(parsed, decayEvery, 1, 100_000),
                DecayFactor = Within(parsed, decayFactor, v => v is > 0 and <= 1, "above 0 and at most 1"),
                Momentum = Within(parsed, momentum, v => v is >= 0 and < 1, "at least 0 and below 1"),
                WeightDecay = Within(parsed, weightDecay, v => v >= 0, "at least 0"),
                BatchSize = Within(parsed, batch, 2, 1 << 20),
                Sampling = Enum.Parse<TrainingSampling>(parsed.GetValue(sampling)!, ignoreCase: true),
                Augment = parsed.GetValue(augmentation) is { } how ? how == "paper" : null,
                Selection = parsed.GetValue(epochs) == 0 ? EpochSelection.Last : Enum.Parse<EpochSelection>(parsed.GetValue(select)!, ignoreCase: true),
                Patience = Within(parsed, patience, 1, 100_000),
                InputSize = Within(parsed, inputSize, 16, 2048),
                Seed = parsed.GetValue(seed),
                Precision = parsed.GetValue(precision)!,
                HalfPrecision = parsed.GetValue(saveType) == "float16",
                Overwrite = parsed.GetValue(force),
                Command = WithoutFolders([.. parsed.GetRequiredValue(data), parsed.GetRequiredValue(@out)]),
            };
            var path = parsed.GetRequiredValue(@out);
            if (!path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) throw new InvalidInputException($"--out {path}: a safetensors file is written. Give it that ending: {Path.ChangeExtension(path, ".safetensors")}.");
            var network = Architectures.Get(parsed.GetValue(architecture)!);
            var sets = new List<ImageDataset>();
            try
            {
                foreach (var set in parsed.GetRequiredValue(data)) sets.Add(ImageDatasets.Open(set));
                var dataset = JoinedDataset.Join(sets, parsed.GetValue(leaveOut), parsed.GetValue(share));
                Files.AtomicFile.CheckWritable(path);
                using var display = new TrainingProgressDisplay(Path.GetFileName(path));
                var training = SourceTrainer.Train(dataset, network, path, options with { Device = devices.Start(parsed) }, display, cancellation);
                display.Dispose();
                foreach (var caveat in training.Caveats) Console.Error.WriteLine(caveat);
                if (training.WasFinished) Console.Error.WriteLine($"{path} was trained by the same command before: nothing was done. --force trains it again.");
                Console.Out.WriteLine(parsed.GetValue(json) ? JsonOutput.Text(JsonNode.Parse(ModelCard.Write(training.Model))!) : InWords(path, training.Model));
            }
            finally
            {
                sets.ForEach(s => s.Dispose());
            }
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    // The card goes where the model goes. Of files it names the last part only: folders are nobody else's business, and what the data were say their hashes.
    private static IReadOnlyList<string> WithoutFolders(IReadOnlyCollection<string> paths) =>
        ["zoorank", .. Environment.GetCommandLineArgs().Skip(1).Select(a => paths.Contains(a) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(a)) : a)];

    private static string InWords(string path, SourceModel model)
    {
        var (training, outcome) = (model.Training!, model.Training!.Outcome!);
        if (training.Epochs == 0) return $"{path}: {model.Architecture} with random weights ({model.Classes!.Count} outputs), untrained.";
        var found = outcome.BestEpoch is null ? "" : string.Create(CultureInfo.InvariantCulture, $", epoch {outcome.BestEpoch} kept: validation AUC {outcome.ValidationAuc:0.000}, accuracy {100 * outcome.ValidationAccuracy:0.0} %");
        return string.Create(CultureInfo.InvariantCulture, $"{path}: {model.Architecture} trained on {training.Data.Sum(d => d.TrainImages)} images of {model.Source} ({model.Classes!.Count} {(training.Loss == "cross_entropy" ? "classes" : "labels")}), {outcome.EpochsTrained} epochs in {outcome.Seconds:0} s{found}.");
    }

    private static int Within(ParseResult parsed, Option<int> option, int least, int most) =>
        parsed.GetValue(option) is var value && value >= least && value <= most ? value
        : throw new InvalidInputException(value < least ? $"{option.Name} must be at least {least}; got {value}." : $"{option.Name} must be at most {most}; got {value}.");

    private static double Within(ParseResult parsed, Option<double> option, Func<double, bool> allowed, string range) =>
        parsed.GetValue(option) is var value && allowed(value) ? value : throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be {range}; got {value}."));
}
