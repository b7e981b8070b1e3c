using System.CommandLine;
using ZooRank.Cli.Display;
using ZooRank.Evaluation;
using ZooRank.Files;
using ZooRank.Metrics;
using ZooRank.Plots;
using ZooRank.Ranking;

namespace ZooRank.Cli.Commands;

/// <summary>How well metrics predict what fine-tuning gave.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var scores = new Option<string[]>("--scores") { Description = "A metric's scores: its name and a CSV with sources as rows and targets as columns; may be repeated. Where lp and fu are given, their combination lp_fu is added.", HelpName = "NAME=FILE", AllowMultipleArgumentsPerToken = true };
        var rankings = new Option<string[]>("--rankings") { Description = "Rankings that 'zoorank rank --out' wrote, of one zoo for several targets, in place of scores.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
        var truth = new Option<string>("--truth") { Description = "The AUCs after fine-tuning: a CSV as those of --scores, a store that 'zoorank finetune' wrote, or published:source or published:architecture for the paper's.", Required = true, HelpName = "FILE|STORE" };
        var scenario = new Option<string>("--scenario") { Description = "What is compared: source, architecture (both terms of lp_fu reversed, and leep, nleep, parc and ncti, as in the paper), or auto: by the sources' names.", DefaultValueFactory = _ => "auto", HelpName = "source|architecture|auto" };
        scenario.AcceptOnlyFromAmong("source", "architecture", "auto");
        var reverse = new Option<string?>("--reverse") { Description = "The metrics whose low scores are good: names separated by commas, or none. Default: as --scenario says.", HelpName = "NAMES" };
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var @out = new Option<string?>("--out", "-o") { Description = "Write the evaluation as JSON to a file too; 'zoorank report' makes a page of it.", HelpName = "FILE" };
        var figures = new Option<string?>("--figures") { Description = "Draw figures into a folder, each as SVG, PDF and PNG: AUCs, feature quality and update, ablation, critical difference, scores against AUC.", HelpName = "FOLDER" };
        var select = SelectionOption.Create();
        var metrics = new Option<string?>("--metrics") { Description = "Of the metrics given, those to evaluate: names separated by commas. Default: all.", HelpName = "NAMES" };
        var tables = new Option<string?>("--tables") { Description = "Write the tables into a folder, each as Markdown, LaTeX and CSV.", HelpName = "FOLDER" };
        var command = new Command("evaluate", "Evaluate metrics against the AUCs after fine-tuning: weighted τ, ranks and tests, regret, and what history adds.") { scores, rankings, truth, metrics, select, scenario, reverse, json, @out, figures, tables };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(@out) is { } file) AtomicFile.CheckWritable(file);
            foreach (var folder in new[] { parsed.GetValue(figures), parsed.GetValue(tables) }.OfType<string>()) AtomicFile.CheckWritable(Path.Combine(folder, "auc.svg"));
            var given = Wanted(parsed.GetValue(metrics), Given(parsed.GetValue(scores) ?? [], parsed.GetValue(rankings) ?? []));
            if (!Directory.Exists(parsed.GetValue(truth))) SelectionOption.Refuse(parsed, select, $"--truth {parsed.GetValue(truth)} is no store of runs, so there is nothing to select. Leave it out.");
            var known = TruthInput.Read(parsed.GetRequiredValue(truth), SelectionOption.Of(parsed, select));
            var evaluation = Evaluator.Evaluate(given, known.Table, new()
            {
                Scenario = parsed.GetValue(scenario) == "auto" ? null : Enum.Parse<Scenario>(parsed.GetValue(scenario)!, ignoreCase: true),
                Reversed = parsed.GetValue(reverse) is { } names ? names == "none" ? [] : names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : null,
                Seeds = known.Targets,
                Caveats = known.Caveats,
                Command = ["zoorank", .. Environment.GetCommandLineArgs().Skip(1)],
            });
            if (parsed.GetValue(json)) Console.Out.WriteLine(EvaluationText.Json(evaluation));
            else EvaluationTables.Print(evaluation, Terminal.Output);
            if (parsed.GetValue(@out) is { } path)
            {
                AtomicFile.WriteText(path, EvaluationText.Json(evaluation) + "\n");
                Console.Error.WriteLine($"written: {path}");
            }
            if (parsed.GetValue(tables) is { } tableFolder)
                foreach (var table in ResultTables.Of(evaluation)) Console.Error.WriteLine($"written: {string.Join(", ", TableFormats.Write(tableFolder, table))}");
            if (parsed.GetValue(figures) is { } figureFolder)
            {
                var (drawn, leftOut) = EvaluationFigures.Of(evaluation);
                foreach (var figure in drawn) Console.Error.WriteLine($"written: {string.Join(", ", figure.Save(figureFolder))}");
                foreach (var why in leftOut) Console.Error.WriteLine($"not drawn: {why}");
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static Dictionary<string, ScoreTable> Wanted(string? names, Dictionary<string, ScoreTable> given)
    {
        if (names is null) return given;
        var wanted = names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var name in wanted.Where(n => !given.ContainsKey(n))) throw Suggestions.Unknown("metric", name, [.. given.Keys]);
        return wanted.Distinct().ToDictionary(name => name, name => given[name]);
    }

    private static Dictionary<string, ScoreTable> Given(string[] scores, string[] rankings)
    {
        if (scores.Length == 0 && rankings.Length == 0) throw new InvalidInputException("no scores. Give --scores NAME=FILE for each metric, or --rankings with files that 'zoorank rank --out' wrote.");
        if (scores.Length > 0 && rankings.Length > 0) throw new InvalidInputException("--scores and --rankings are two ways to give the scores. Give one of them.");
        if (rankings.Length > 0) return new(RankingScores.Of([.. rankings.Select(Ranking.Ranking.Read)]));
        var tables = new Dictionary<string, ScoreTable>();
        foreach (var pair in scores)
        {
            if (pair.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } file]) throw new InvalidInputException($"--scores {pair}: expected is a metric's name and a file, as leep=leep.csv.");
            if (!tables.TryAdd(name, ScoreTable.Read(file))) throw new InvalidInputException($"--scores {pair}: {name} is given twice.");
        }
        return tables;
    }
}
