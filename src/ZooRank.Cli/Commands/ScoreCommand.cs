using System.CommandLine;
using ZooRank.Cli.Display;
using ZooRank.Files;
using ZooRank.Metrics;
using ZooRank.Ranking;

namespace ZooRank.Cli.Commands;

/// <summary>Metrics on features that the user brings, with no network and no images.</summary>
internal static class ScoreCommand
{
    private const int ZooResamples = 20;

    public static Command Create()
    {
        var devices = new DeviceOptions();
        var files = new Argument<string[]>("FEATURES") { Description = "An .npz with features (n×D), labels (n), and optionally logits; several, or a folder of them, are compared as a zoo.", Arity = ArgumentArity.OneOrMore };
        var metrics = MetricOption();
        var scenario = new Option<string>("--scenario") { Description = "What the files compare: source data sets, or architectures (then both terms of lp_fu are reversed).", DefaultValueFactory = _ => "source", HelpName = "source|architecture" };
        scenario.AcceptOnlyFromAmong("source", "architecture");
        var resamples = new Option<int?>("--resamples") { Description = $"Random halves of the images on which all is measured again, to say how sure it is; 0: not. Default: {ZooResamples} for several files, 0 for one.", HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "Seed of the halves and of metrics that draw random numbers.", DefaultValueFactory = _ => 24, HelpName = "N" };
        var memory = new Option<double?>("--memory") { Description = "GB that a metric may take; one that needs more is left undefined. Default: what is free.", HelpName = "GB" };
        var json = new Option<bool>("--json") { Description = "Print the scores as JSON." };
        var csv = new Option<string?>("--csv") { Description = "Write the scores as CSV to a file too.", HelpName = "FILE" };
        var command = new Command("score", "Score features that you bring, as NumPy arrays in an .npz.") { files, metrics, scenario, resamples, seed, memory, json, csv };
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));
        return command;

        int Run(ParseResult parsed, CancellationToken cancellation)
        {
            var chosen = MetricList.Parse(parsed.GetValue(metrics)!);
            var paths = Expand(parsed.GetRequiredValue(files));
            var halves = parsed.GetValue(resamples) ?? (paths.Count > 1 ? ZooResamples : 0);
            if (halves is < 0 or 1) throw new InvalidInputException($"--resamples must be 0 or at least 2; got {halves}.");
            if (parsed.GetValue(memory) is <= 0) throw new InvalidInputException($"--memory must be above 0 GB; got {parsed.GetValue(memory)}.");
            if (parsed.GetValue(csv) is { } table) AtomicFile.CheckWritable(table);
            var device = devices.Start(parsed);
            using var display = new RankingProgressDisplay();
            var scored = FeatureScoring.Of(paths, chosen, new()
            {
                Device = device,
                Seed = parsed.GetValue(seed),
                Halves = halves,
                MemoryBudget = parsed.GetValue(memory) is { } gigabytes ? (long)(gigabytes * 1e9) : FreeMemory.Bytes(),
            }, Enum.Parse<Scenario>(parsed.GetValue(scenario)!, ignoreCase: true), display, cancellation);
            display.Dispose();

            if (parsed.GetValue(json)) Console.Out.WriteLine(JsonOutput.Text(ScoreText.Json(scored)));
            else ScoresTable.Print(scored, Terminal.Output);
            if (parsed.GetValue(csv) is { } file)
            {
                AtomicFile.WriteText(file, ScoreText.Csv(scored));
                Console.Error.WriteLine($"written: {file}");
            }
            return ExitCode.Done;
        }
    }

    public static Option<string> MetricOption() => new("--metrics") { Description = "Names separated by commas, or all. 'zoorank metrics' lists them.", DefaultValueFactory = _ => "all", HelpName = "NAMES" };

    private static List<string> Expand(IEnumerable<string> given)
    {
        var files = given.SelectMany(path => Directory.Exists(path)
            ? Directory.EnumerateFiles(path, "*.npz").Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } inside ? inside : throw new InvalidInputException($"{path}: a folder without .npz files. Write some with 'zoorank features' or numpy.savez.")
            : [path]).ToList();
        if (files.FirstOrDefault(f => !File.Exists(f)) is { } absent)
            throw new InvalidInputException(absent.StartsWith('-') ? $"unknown option '{absent}'. See 'zoorank score --help'." : $"{absent}: no such file. Give .npz files of features, or folders of them.");
        if (files.GroupBy(Path.GetFileNameWithoutExtension).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"two files are called '{twice.Key}' ({string.Join(", ", twice)}): models are named after their files. Rename one.");
        return files;
    }
}
