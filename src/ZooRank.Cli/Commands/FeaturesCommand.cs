using System.CommandLine;
using ZooRank.Cli.Display;
using ZooRank.Data;
using ZooRank.Features;
using ZooRank.Models;

namespace ZooRank.Cli.Commands;

internal static class FeaturesCommand
{
    public static Command Create()
    {
        var target = new TargetOptions();
        var devices = new DeviceOptions();
        var model = new Option<string>("--model", "-m") { Description = "The source model: a checkpoint, or ZOO:ID for one model of a zoo.json or folder.", Required = true, HelpName = "MODEL" };
        var @out = new Option<string>("--out", "-o") { Description = "The .npz to write: features, labels, logits, indices, conv1_gradient_norms, conv2_gradient_norms.", Required = true, HelpName = "FILE" };
        var noCache = new Option<bool>("--no-cache") { Description = "Neither read nor keep features in the cache." };
        var command = new Command("features", "Write one model's features, logits and gradient norms on a probe of the data, for NumPy.");
        target.AddTo(command);
        command.Add(model);
        command.Add(@out);
        command.Add(noCache);
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));
        return command;

        int Run(ParseResult parsed, CancellationToken cancellation)
        {
            var overrides = target.Overrides(parsed);
            var source = Find(parsed.GetRequiredValue(model));
            using var dataset = target.Open(parsed);
            var device = devices.Start(parsed);
            var probe = ProbeSet.Draw(dataset, target.Probe(parsed));
            using var display = new RankingProgressDisplay();
            var loaded = LoadedModel.Open(source, overrides, new() { Progress = display, Cancellation = cancellation });
            var (features, _, caveats) = ModelFeatures.Of(loaded, probe, device, parsed.GetValue(noCache) ? null : FeatureCache.OfUser, progress: new ExtractionLine(display, source.Id), cancellation: cancellation);
            display.Dispose();
            FeatureFile.Write(parsed.GetRequiredValue(@out), features);
            Console.Out.WriteLine($"{parsed.GetRequiredValue(@out)}: {features.Count}×{features.Width} features of {loaded.ArchitectureName}{(loaded.Layer is { } layer ? $" at {layer}" : "")}, {features.LogitWidth} logits, {(features.IsMultiLabel ? $"labels {features.Count}×{features.ClassCount}, no gradients (multi-label)" : $"{features.Conv1GradientNorms.Count} batches")}.");
            foreach (var caveat in probe.Caveats.Concat(loaded.Caveats).Concat(caveats)) Console.Error.WriteLine($"note: {caveat}");
            return ExitCode.Done;
        }
    }

    private static SourceModel Find(string text)
    {
        if (Directory.Exists(text)) throw new InvalidInputException($"--model {text}: a zoo of several models ({string.Join(", ", ModelZoo.Open(text).Models.Take(8).Select(m => m.Id))}). Name one: {text}:ID.");
        if (File.Exists(text)) return ModelZoo.Open(text).Models is [var only] ? only : throw new InvalidInputException($"--model {text}: a zoo of several models. Name one: {text}:ID.");
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !Path.Exists(text[..colon])) throw new InvalidInputException($"--model {text}: no such file. Give a checkpoint, or ZOO:ID.");
        var (zoo, id) = (ModelZoo.Open(text[..colon]), text[(colon + 1)..]);
        return zoo.Models.FirstOrDefault(m => m.Id == id) ?? throw Suggestions.Unknown($"model of {zoo.Path}", id, [.. zoo.Models.Select(m => m.Id)]);
    }

    private sealed class ExtractionLine(RankingProgressDisplay display, string id) : IProgress<ExtractionProgress>
    {
        public void Report(ExtractionProgress value) => display.Report(new Ranking.RankingProgress(id, 0, 1, "images", (double)value.Done / value.Total));
    }
}
