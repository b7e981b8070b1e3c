using System.CommandLine;
using System.Globalization;
using ZooRank.Cli.Display;
using ZooRank.Cluster;
using ZooRank.Features;
using ZooRank.FineTuning;
using ZooRank.Models;
using ZooRank.Ranking;
using ZooRank.Runs;
using ZooRank.Tracking;
using ZooRank.Truth;

namespace ZooRank.Cli.Commands;

internal static class FineTuneCommand
{
    public static Command Create()
    {
        var defaults = new FineTuningProtocol();
        var target = new TargetOptions(withLayer: false);
        var devices = new DeviceOptions();
        var slurm = new SlurmOptions();
        var zoo = new Option<string[]>("--zoo", "-z", "--model") { Description = "The source models: folders of checkpoints, zoo.json files, checkpoints, or the models that come with ZooRank (shipped); one or more.", Required = true, HelpName = "ZOO", AllowMultipleArgumentsPerToken = true };
        var @out = new Option<string>("--out", "-o") { Description = "The run store: a folder to which runs are added; those it holds are not computed again. Several processes may share it.", Required = true, HelpName = "FOLDER" };
        var gridName = new Option<string>("--grid") { Description = "Hyperparameters to try: paper (120 runs a model and seed), small (3), or a JSON file.", DefaultValueFactory = _ => "paper", HelpName = "paper|small|FILE" };
        var seeds = new Option<int>("--seeds") { Description = "How often the grid is repeated with other random numbers. 3 or more say how sure the result is.", DefaultValueFactory = _ => 1, HelpName = "N" };
        var top = new Option<int?>("--top") { Description = "Only the N best models of a ranking: that of --ranking, or one made now.", HelpName = "N" };
        var ranking = new Option<string?>("--ranking") { Description = "The ranking for --top, as 'zoorank rank --out' wrote it.", HelpName = "FILE" };
        var epochs = new Option<int>("--epochs") { Description = "At most so many passes over the images; the learning rate falls to 0 along a cosine over them.", DefaultValueFactory = _ => defaults.MaxEpochs, HelpName = "N" };
        var patience = new Option<int>("--patience") { Description = "Epochs without a better validation AUC that end a run.", DefaultValueFactory = _ => defaults.Patience, HelpName = "N" };
        var dropout = new Option<double?>("--head-dropout") { Description = "Dropout before the new head. Default, as published: 0.5 for resnet18, the architecture's own for others.", HelpName = "P" };
        var plain = new Option<bool>("--no-augmentation") { Description = "Train on the images as they are." };
        var precision = PrecisionOption.Create(defaults.Precision);
        var hours = new Option<double?>("--max-hours") { Description = "Stop in good order after so many hours; the same command goes on from there.", HelpName = "H" };
        var together = new Option<int?>("--together") { Description = "Runs trained as one network, side by side (resnet18). Default: on CUDA 8 for images of at most 64 pixels, else 1.", HelpName = "K" };
        var jobs = new Option<int>("--jobs") { Description = "Processes that share the runs out on this machine. On processors several with fewer threads each are faster for small images.", DefaultValueFactory = _ => 1, HelpName = "N" };
        var board = new Option<string?>("--tensorboard") { Description = "Follow the runs in TensorBoard: the folder for its event files.", HelpName = "FOLDER" };
        var mlflow = new Option<string?>("--mlflow") { Description = "Follow the runs on an MLflow server.", HelpName = "URI" };
        var experiment = new Option<string>("--mlflow-experiment") { Description = "The experiment's name there.", DefaultValueFactory = _ => "zoorank", HelpName = "NAME" };
        var json = new Option<bool>("--json") { Description = "Print what was found as JSON." };
        var offline = new Option<bool>("--offline") { Description = "Fetch nothing; a checkpoint that is not there is a skipped model." };

        var command = new Command("finetune", "Fine-tune source models on a target over a grid of hyperparameters: the ground truth. Interrupted at any moment, the same command goes on.");
        command.Add(zoo);
        target.AddTo(command);
        foreach (var option in new Option[] { @out, gridName, seeds, top, ranking, epochs, patience, dropout, plain, precision, hours, together, jobs, board, mlflow, experiment, json, offline }) command.Add(option);
        devices.AddTo(command);
        slurm.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));
        return command;

        int Run(ParseResult parsed, CancellationToken cancellation)
        {
            var grid = FineTuningGrid.Open(parsed.GetValue(gridName)!);
            var protocol = defaults with
            {
                MaxEpochs = AtLeast(parsed, epochs, 1),
                Patience = AtLeast(parsed, patience, 1),
                HeadDropout = parsed.GetValue(dropout) is null or (>= 0 and < 1) ? parsed.GetValue(dropout) : throw new InvalidInputException($"--head-dropout must be at least 0 and below 1; got {parsed.GetValue(dropout)}."),
                Augment = !parsed.GetValue(plain),
                Precision = parsed.GetValue(precision)!,
            };
            AtLeast(parsed, seeds, 1);
            if (parsed.GetValue(hours) is <= 0) throw new InvalidInputException($"--max-hours must be above 0; got {parsed.GetValue(hours)}.");
            if (parsed.GetValue(top) is < 1) throw new InvalidInputException($"--top must be at least 1; got {parsed.GetValue(top)}.");
            if (parsed.GetValue(ranking) is not null && parsed.GetValue(top) is null) throw new InvalidInputException("--ranking says which models are best; say how many of them to fine-tune with --top N.");
            AtLeast(parsed, jobs, 1);
            if (parsed.GetValue(together) is < 1) throw new InvalidInputException($"--together must be at least 1; got {parsed.GetValue(together)}.");
            var job = slurm.Read(parsed);
            if (job is not null && parsed.GetValue(top) is not null && parsed.GetValue(ranking) is null) throw new InvalidInputException("--slurm --top: every task would rank again. Rank first, with 'zoorank rank --out ranking.json', and give --ranking ranking.json.");
            if (job is not null) Slurm.Require();
            RunStore.Check(parsed.GetRequiredValue(@out));
            var opened = ModelZoo.Open(parsed.GetRequiredValue(zoo));
            var entries = opened.Models;
            using var dataset = target.Open(parsed);
            // A cluster's login node need not have the device that is computed on.
            var device = job is null ? devices.Start(parsed) : null;

            using var timeUp = new CancellationTokenSource();
            if (parsed.GetValue(hours) is { } h and < 1000) timeUp.CancelAfter(TimeSpan.FromHours(h));   // a timer holds seven weeks at most
            if (parsed.GetValue(top) is { } best)
                entries = Best(entries, best, parsed.GetValue(ranking) is { } file ? Ranking.Ranking.Read(file) : Rank());
            var task = FineTuningTarget.Draw(dataset, target.Probe(parsed));
            foreach (var caveat in task.Caveats) Warn(caveat);
            var (models, skipped) = Open(entries, target.Overrides(parsed), parsed.GetValue(offline));
            foreach (var known in models.Select(m => TrainedOnTarget.Of(m.Source, dataset.Name)).OfType<Caveat>()) Warn(known);
            // Made only now: what is mistyped leaves no store behind.
            var store = RunStore.Open(parsed.GetRequiredValue(@out));
            var runs = models.SelectMany(m => protocol.Runs(m, task, grid, parsed.GetValue(seeds)).Select(r => (m, r))).ToList();
            var left = runs.Count(r => !store.Has(r.r.Id));
            var code = skipped.Count > 0 ? ExitCode.SomeSkipped : ExitCode.Done;
            if (job is not null)
            {
                SlurmOptions.Submit(job, store.Folder, left);
                return code;
            }
            var outcome = Compute(runs, left);
            Report(parsed.GetValue(json), store, runs, outcome);
            return code;

            Ranking.Ranking Rank()
            {
                using var display = new RankingProgressDisplay();
                return TransferabilityRanker.Rank(dataset, opened, new RankingOptions
                {
                    Probe = target.Probe(parsed),
                    Overrides = target.Overrides(parsed),
                    Device = device,
                    Cache = FeatureCache.OfUser,
                    Downloads = new() { Offline = parsed.GetValue(offline), Progress = display },
                }, display, cancellation);
            }

            GridOutcome Compute(List<(LoadedModel, RunConfiguration)> runs, int left)
            {
                using var display = new RunProgressDisplay(left);
                using var events = parsed.GetValue(board) is { } folder ? new TensorBoardWriter(folder, Warn) : null;
                using var log = parsed.GetValue(mlflow) is { } uri ? MlflowObserver.Connect(uri, new() { Experiment = parsed.GetValue(experiment)!, Warn = Warn }) : null;
                // The others share the store; the table and the curves are this one's.
                var others = Math.Min(parsed.GetValue(jobs), Math.Max(1, left)) - 1;
                IReadOnlyList<string> threads = others == 0 || parsed.Tokens.Any(t => t.Value == "--threads") ? [] : ["--threads", Math.Max(1, Parallelism.Threads / (others + 1)).ToString(CultureInfo.InvariantCulture)];
                if (threads is [_, var n]) DeviceOptions.UseThreads(int.Parse(n, CultureInfo.InvariantCulture));
                using var beside = new SideJobs(others, [.. SameProgram.ArgumentsWithout(parsed, [jobs, json]), .. threads, json.Name], Path.Combine(store.Folder, "jobs"));
                using var stop = cancellation.Register(beside.Stop);
                var outcome = new GridRunner(store, task, device!)
                {
                    Observer = new RunObservers([display, .. new IRunObserver?[] { events, log }.OfType<IRunObserver>()]),
                    Together = parsed.GetValue(together) ?? (device!.type == TorchSharp.DeviceType.CUDA && models.All(m => m.Preprocessing.InputSize <= 64) ? 8 : 1),
                    Command = ["zoorank", .. Environment.GetCommandLineArgs().Skip(1)],
                }.Compute(runs, timeUp.Token, cancellation);
                if (beside.Wait() is > 0 and var failed) Console.Error.WriteLine($"{failed} of the {others} processes beside this one ended with an error: see {Path.Combine(store.Folder, "jobs")}.");
                return outcome;
            }
        }
    }

    private static void Warn(Caveat caveat) => Console.Error.WriteLine($"note: {caveat}");

    // What the store holds of this grid, whoever computed it.
    private static void Report(bool json, RunStore store, List<(LoadedModel Model, RunConfiguration Run)> runs, GridOutcome outcome)
    {
        var records = runs.Select(r => store.Find(r.Run.Id)).OfType<RunRecord>().ToList();
        if (json)
        {
            Console.Out.WriteLine(JsonOutput.Text(TruthText.Json(GroundTruth.Of(records), records, [], listRuns: true)));
        }
        else if (records.Count > 0)
        {
            GridSummary.Print(records);
            foreach (var file in GridSummary.WriteCurves(store.Folder, records)) Console.Error.WriteLine($"written: {file}");
        }
        var missing = runs.Count - records.Count;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{outcome.Computed} of {runs.Count} runs computed now, {outcome.Found} were in {store.Folder}{(missing > 0 ? $"; {missing} are left or with others: the same command goes on" : "")}. 'zoorank truth show {store.Folder}' compares the sources."));
    }

    private static IReadOnlyList<SourceModel> Best(IReadOnlyList<SourceModel> entries, int count, Ranking.Ranking ranking)
    {
        var ids = ranking.Models.Where(m => m.Rank is not null).OrderBy(m => m.Rank).Take(count).Select(m => m.Id).ToList();
        if (ids.Count == 0) throw new InvalidInputException("the ranking ranks no model, so there are no best ones. Fine-tune all: leave --top out.");
        var unknown = ids.Where(id => entries.All(e => e.Id != id)).ToList();
        if (unknown.Count > 0) throw new InvalidInputException($"the ranking's {string.Join(", ", unknown)} {(unknown.Count == 1 ? "is" : "are")} not in the zoo, which has {string.Join(", ", entries.Select(e => e.Id))}. Give the zoo that was ranked.");
        Console.Error.WriteLine($"the best {ids.Count} by {ranking.Metric}: {string.Join(", ", ids)}");
        return [.. ids.Select(id => entries.Single(e => e.Id == id))];
    }

    private static (List<LoadedModel> Models, List<string> Skipped) Open(IReadOnlyList<SourceModel> entries, ModelOverrides overrides, bool offline)
    {
        var (models, skipped) = (new List<LoadedModel>(), new List<string>());
        foreach (var entry in entries)
        {
            try
            {
                models.Add(LoadedModel.Open(entry, overrides, new() { Offline = offline }));
            }
            catch (InvalidInputException e) when (entries.Count > 1)
            {
                skipped.Add(entry.Id);
                Console.Error.WriteLine($"skipped: {entry.Id}: {e.Message}");
            }
        }
        if (models.Count == 0) throw new InvalidInputException("no model could be opened, so there is nothing to fine-tune.");
        return (models, skipped);
    }

    private static int AtLeast(ParseResult parsed, Option<int> option, int least) =>
        parsed.GetValue(option) is var value && value >= least ? value : throw new InvalidInputException($"{option.Name} must be at least {least}; got {value}.");
}
