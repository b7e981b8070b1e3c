using System.CommandLine;
using System.Globalization;
using ZooRank.Cli.Display;
using ZooRank.Files;
using ZooRank.Runs;
using ZooRank.Truth;

namespace ZooRank.Cli.Commands;

/// <summary>The runs of a store: what they say, and the way in and out of it.</summary>
internal static class TruthCommand
{
    public static Command Create() => new("truth", "The ground truth: tables of fine-tuning runs, import and export.") { Show(), Import(), Export() };

    private static Command Show()
    {
        var store = StoreArgument();
        var targets = new Option<string[]>("--target") { Description = "Only this target; may be repeated.", HelpName = "NAME" };
        var sources = new Option<string[]>("--source") { Description = "Only this source model; may be repeated. Then only what is shown is compared.", HelpName = "NAME" };
        var select = SelectionOption.Create();
        var runs = new Option<bool>("--runs") { Description = "List every run." };
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var command = new Command("show", "Show how well each source does on each target, which differences are real, and what is at work.") { store, targets, sources, select, runs, json };
        command.SetAction(parsed =>
        {
            var opened = RunStore.OpenExisting(parsed.GetRequiredValue(store));
            var (all, damaged) = opened.Summaries();
            var unfinished = opened.Unfinished();
            var (wantedTargets, wantedSources) = (parsed.GetValue(targets) ?? [], parsed.GetValue(sources) ?? []);
            Check("target", wantedTargets, [.. all.Select(r => r.Configuration.Target.Name), .. unfinished.Select(r => r.Target).OfType<string>()]);
            Check("source", wantedSources, [.. all.Select(r => r.Configuration.Source.Id), .. unfinished.Select(r => r.Source).OfType<string>()]);
            bool Wanted(string? target, string? source) => (wantedTargets.Length == 0 || wantedTargets.Contains(target)) && (wantedSources.Length == 0 || wantedSources.Contains(source));

            List<RunRecord> shown = [.. all.Where(r => Wanted(r.Configuration.Target.Name, r.Configuration.Source.Id))];
            List<UnfinishedRun> begun = [.. unfinished.Where(r => Wanted(r.Target, r.Source))];
            var truth = GroundTruth.Of(shown, SelectionOption.Of(parsed, select));
            truth = truth with { Caveats = [.. damaged, .. truth.Caveats] };
            if (parsed.GetValue(json)) Console.Out.WriteLine(JsonOutput.Text(TruthText.Json(truth, shown, begun, parsed.GetValue(runs))));
            else
            {
                TruthTables.Print(truth, shown, begun, parsed.GetValue(runs), Terminal.Output);
                foreach (var line in SlurmText.States(opened.Folder)) Console.Out.WriteLine(line);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Import()
    {
        var files = new Argument<string[]>("LOG") { Description = "A log of fine-tuning runs as MLflow exports it (CSV).", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--out") { Description = "The store they are put into; made where there is none.", DefaultValueFactory = _ => "truth", HelpName = "FOLDER" };
        var command = new Command("import", "Put the runs of MLflow's logs into a store. What is there already is not added again.") { files, output };
        command.SetAction(parsed =>
        {
            // All are read before the first is written.
            var logs = parsed.GetRequiredValue(files).Select(file => (File: file, Log: MlflowLog.Read(file))).ToList();
            var store = RunStore.Open(parsed.GetRequiredValue(output));
            foreach (var (file, (runs, caveats)) in logs)
            {
                var added = runs.Count(store.Add);
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {runs.Count} runs, {added} new in {store.Folder}"));
                foreach (var caveat in caveats) Console.Error.WriteLine($"  - {caveat}");
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Export()
    {
        var store = StoreArgument();
        var output = new Option<string>("--out") { Description = "The file to write: .csv, or .parquet, which has the curves too.", Required = true, HelpName = "FILE" };
        var table = new Option<bool>("--table") { Description = "Not the runs but P: sources as rows, targets as columns." };
        var select = SelectionOption.Create();
        var mlflow = new Option<bool>("--mlflow") { Description = "As MLflow exports its logs: imported runs as they were, column by column." };
        var command = new Command("export", "Write all runs, or the table of P, for other programs.") { store, output, table, select, mlflow };
        command.SetAction(parsed =>
        {
            var (folder, file) = (parsed.GetRequiredValue(store), parsed.GetRequiredValue(output));
            var parquet = Path.GetExtension(file).ToLowerInvariant() switch
            {
                ".csv" => false,
                ".parquet" => true,
                var other => throw new InvalidInputException($"--out {file}: {(other.Length == 0 ? "no ending" : $"the ending '{other}'")}; it decides the format. Valid endings: .csv, .parquet."),
            };
            var (asTable, asLog) = (parsed.GetValue(table), parsed.GetValue(mlflow));
            if (asTable && asLog) throw new InvalidInputException("--table and --mlflow are different files. Give one of them.");
            if (parquet && (asTable || asLog)) throw new InvalidInputException($"--out {file}: {(asTable ? "--table" : "--mlflow")} is written as CSV. Give a name that ends in .csv.");
            if (!asTable) SelectionOption.Refuse(parsed, select, "all runs are written, so none is selected. Give --table, or leave it out.");
            var opened = RunStore.OpenExisting(folder);
            AtomicFile.CheckWritable(file);
            // The whole or nothing: a table that silently lacks a damaged run would be another's result.
            var records = opened.Records();
            if (records.Count == 0) throw new InvalidInputException($"{folder}: the store has no finished runs to export.");
            if (asTable)
            {
                var truth = GroundTruth.Of(records, SelectionOption.Of(parsed, select));
                RunTable.WriteMatrix(file, truth);
                foreach (var caveat in truth.Caveats) Console.Error.WriteLine($"  - {caveat}");
            }
            else if (asLog) MlflowLog.Write(file, records);
            else if (parquet) RunTable.WriteParquet(file, records);
            else RunTable.WriteCsv(file, records);
            Console.Error.WriteLine($"written: {file}");
            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> StoreArgument() => new("STORE") { Description = "The folder of runs that 'zoorank finetune --out' or 'zoorank truth import --out' wrote." };

    private static void Check(string kind, IEnumerable<string> wanted, IReadOnlyList<string> known)
    {
        foreach (var name in wanted.Except(known).Take(1)) throw Suggestions.Unknown(kind, name, [.. known.Distinct().Order(StringComparer.Ordinal)]);
    }
}
