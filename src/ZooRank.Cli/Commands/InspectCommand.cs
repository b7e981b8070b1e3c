using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using ZooRank.Checkpoints;
using ZooRank.Cli.Display;
using ZooRank.Data;
using ZooRank.Models;
using static TorchSharp.torch;

namespace ZooRank.Cli.Commands;

/// <summary>A checkpoint, a data set or a zoo: what it is, what is wrong with it.</summary>
internal static class InspectCommand
{
    private const int ShownTensors = 12;

    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "A checkpoint, a data set (.npz, folder, zip, CSV), a folder of checkpoints, a zoo.json, or shipped: the models that come with ZooRank." };
        var json = new Option<bool>("--json") { Description = "Print all of it as JSON." };
        var stats = new Option<bool>("--stats") { Description = "Of a checkpoint: read the values too, and give each tensor's sum, sum of magnitudes and first value." };
        var full = new Option<bool>("--full") { Description = "Of a data set: compare all images for duplicates, however many there are." };
        var command = new Command("inspect", "Say what a checkpoint, a data set or a zoo is, and what is wrong with it.") { path, json, stats, full };
        command.SetAction(parsed =>
        {
            var what = parsed.GetRequiredValue(path);
            var report = KindOf(what) switch
            {
                Kind.Zoo => OfZoo(what),
                Kind.Checkpoint => OfCheckpoint(what, parsed.GetValue(stats)),
                _ => OfData(what, parsed.GetValue(full)),
            };
            Console.Out.WriteLine(parsed.GetValue(json) ? JsonOutput.Text(report.Json) : report.Text.TrimEnd());
            return report.Problems > 0 ? ExitCode.SomeSkipped : ExitCode.Done;
        });
        return command;
    }

    private enum Kind { Zoo, Checkpoint, Data }

    private sealed record Report(JsonObject Json, string Text, int Problems = 0);

    private static Kind KindOf(string path)
    {
        if (path == ShippedZoo.Name) return Kind.Zoo;
        if (Directory.Exists(path)) return ModelZoo.IsZoo(path) ? Kind.Zoo : Kind.Data;
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return Kind.Zoo;
        return Path.GetExtension(path).ToLowerInvariant() is ".npz" or ".zip" or ".csv" or ".tsv" or ".txt" ? Kind.Data : Kind.Checkpoint;
    }

    private static Report OfCheckpoint(string path, bool withStats)
    {
        using var checkpoint = Checkpoint.Open(path);
        var recognition = Architectures.Recognise(checkpoint.Tensors);
        var script = checkpoint.Format == "TorchScript";
        var convolutions = checkpoint.Tensors.Count(t => t.Shape.Count == 4);
        var parameters = checkpoint.Tensors.Sum(t => t.ElementCount);
        var card = ModelCard.Read(checkpoint.Metadata, path);
        var json = new JsonObject
        {
            ["kind"] = "checkpoint",
            ["path"] = path,
            ["format"] = checkpoint.Format,
            ["state_key"] = checkpoint.StateKey,
            ["architecture"] = recognition.Architecture?.Name,
            ["classes"] = recognition.Architecture is null ? null : recognition.ClassCount,
            ["layers"] = recognition.Architecture is null ? null : new JsonArray([.. recognition.Architecture.Layers().Select(l => (JsonNode)l)]),
            ["explanation"] = recognition.Explanation,
            ["rankable"] = recognition.Architecture is not null || (script && convolutions >= 2),
            ["card"] = card is null ? null : JsonNode.Parse(ModelCard.Write(card)),
            ["metadata"] = new JsonObject(checkpoint.Metadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))),
            ["elements"] = parameters,
            ["tensors"] = new JsonArray([.. checkpoint.Tensors.Select(t => OfTensor(checkpoint, t, withStats))]),
        };
        var text = new StringWriter(CultureInfo.InvariantCulture);
        text.WriteLine($"{path}: {checkpoint.Format}{(checkpoint.StateKey.Length > 0 ? $", weights under '{checkpoint.StateKey}'" : "")}, {checkpoint.Tensors.Count} tensors, {parameters.ToString("N0", CultureInfo.InvariantCulture)} numbers.");
        text.WriteLine(recognition.Explanation);
        if (recognition.Architecture is null) text.WriteLine(script && convolutions >= 2 ? "As TorchScript it can be ranked all the same." : script ? $"It cannot be ranked: {convolutions} of its tensors are convolution weights (4-D), and the first two are needed." : $"It cannot be ranked as it is: the architectures are {string.Join(", ", Architectures.All.Select(a => a.Name))}, and TorchScript of any.");
        if (recognition.Architecture is not null) text.WriteLine(OfLayers(recognition.Architecture.Layers()));
        if (card is not null) text.Write(OfCard(card));
        foreach (var (key, value) in checkpoint.Metadata.Where(m => m.Key != ModelCard.Key)) text.WriteLine($"{key}: {value}");
        foreach (var node in json["tensors"]!.AsArray().Take(withStats ? int.MaxValue : ShownTensors))
        {
            var t = node!.AsObject();
            text.WriteLine($"  {t["name"]}  {t["dtype"]} [{string.Join(", ", t["shape"]!.AsArray())}]{(withStats ? string.Create(CultureInfo.InvariantCulture, $"  sum {t["sum"]}, |sum| {t["abs_sum"]}, first {t["first"]}") : "")}");
        }
        if (!withStats && checkpoint.Tensors.Count > ShownTensors) text.WriteLine($"  and {checkpoint.Tensors.Count - ShownTensors} more: --json lists all.");
        return new(json, text.ToString());
    }

    private static string OfCard(SourceModel card)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        text.WriteLine($"Its card: {card.Architecture}, source {card.Source}, input {card.InputSize}, mean {Numbers(card.Mean)}, std {Numbers(card.Std)}, {card.Classes?.Count} classes.");
        if (card.License is { } license) text.WriteLine($"  Licence of the data: {license}");
        if (card.Training is not { } training) return text.ToString();
        foreach (var data in training.Data)
        {
            var validation = data.ValidationImages == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {data.ValidationImages} for validation{(data.HeldOut == true ? " (held out)" : "")}");
            text.WriteLine($"  Trained on {data.Name}: {data.TrainImages.ToString(CultureInfo.InvariantCulture)} images{validation}, SHA-256 {data.TrainSha256}");
        }
        text.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  By SGD, {training.Loss.Replace('_', ' ')}, learning rate {training.LearningRate} × {training.DecayFactor} every {training.DecayEvery} epochs, momentum {training.Momentum}, weight decay {training.WeightDecay}, batches of {training.BatchSize}, {training.Sampling} sampling, augmentation {training.Augmentation}, seed {training.Seed}, at most {training.Epochs} epochs, kept by {training.Selection}{(training.Patience is { } patience ? $", patience {patience}" : "")}."));
        if (training.Outcome is not { } outcome) return text.ToString();
        text.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {outcome.EpochsTrained} epochs in {outcome.Seconds:0} s{(outcome.BestEpoch is { } best ? $", epoch {best} kept: validation AUC {Number(outcome.ValidationAuc)}, accuracy {Number(outcome.ValidationAccuracy)}, loss {Number(outcome.ValidationLoss)}" : "")}; {outcome.Finished:yyyy-MM-dd}, ZooRank {outcome.Zoorank}, libtorch {outcome.Libtorch}, {outcome.Device}."));
        if (outcome.Command is { } command) text.WriteLine($"  {string.Join(' ', command)}");
        return text.ToString();
        static string Numbers(IEnumerable<float>? values) => values is null ? "not stated" : string.Join(", ", values.Select(v => v.ToString(CultureInfo.InvariantCulture)));
        static string Number(double? value) => value?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "undefined";
    }

    // Two levels, without the parts of units such as GoogLeNet's (conv, bn).
    private static string OfLayers(IReadOnlyList<string> layers)
    {
        var shown = layers.Where(l => l.Count(c => c == '.') < 2 && !layers.Contains(l[..Math.Max(0, l.LastIndexOf('.'))] + ".conv")).ToList();
        return $"Layers for --layer: {string.Join(", ", shown)}; {layers.Count - shown.Count} more inside them (--json lists all).";
    }

    private static JsonObject OfTensor(Checkpoint checkpoint, TensorEntry entry, bool withStats)
    {
        var json = new JsonObject { ["name"] = entry.Name, ["dtype"] = NameOf(entry.DType), ["shape"] = new JsonArray([.. entry.Shape.Select(s => (JsonNode)s)]) };
        if (!withStats) return json;
        using var scope = NewDisposeScope();
        var values = checkpoint.Read(entry).to(ScalarType.Float64).flatten();
        json["sum"] = Finite(values.sum().item<double>());
        json["abs_sum"] = Finite(values.abs().sum().item<double>());
        json["first"] = values.numel() > 0 ? Finite(values[0].item<double>()) : null;
        return json;
    }

    // JSON knows no NaN: said as text.
    private static JsonNode Finite(double value) => double.IsFinite(value) ? value : value.ToString(CultureInfo.InvariantCulture);

    private static string NameOf(ScalarType type) => type switch
    {
        ScalarType.Byte => "uint8",
        ScalarType.Int8 => "int8",
        ScalarType.Int16 => "int16",
        ScalarType.Int32 => "int32",
        ScalarType.Int64 => "int64",
        ScalarType.Float16 => "float16",
        ScalarType.Float32 => "float32",
        ScalarType.Float64 => "float64",
        ScalarType.BFloat16 => "bfloat16",
        ScalarType.Bool => "bool",
        ScalarType.ComplexFloat32 => "complex64",
        ScalarType.ComplexFloat64 => "complex128",
        _ => type.ToString(),
    };

    private static Report OfZoo(string path)
    {
        var zoo = ModelZoo.Open(path);
        var text = new StringWriter(CultureInfo.InvariantCulture);
        var models = new JsonArray();
        var problems = 0;
        foreach (var model in zoo.Models)
        {
            var json = new JsonObject { ["id"] = model.Id, ["checkpoint"] = model.Checkpoint };
            if (!File.Exists(model.Checkpoint) && model.Url is { } url)
            {
                json["url"] = url;
                models.Add(json);
                text.WriteLine($"  {model.Id}: not here yet; rank fetches it from {url}");
                continue;
            }
            try
            {
                var loaded = LoadedModel.Open(model, download: new() { Offline = true });
                json["architecture"] = loaded.ArchitectureName;
                json["source"] = loaded.Source.Source;
                json["classes"] = loaded.ClassCount;
                json["format"] = loaded.Format;
                json["sha256"] = loaded.Sha256;
                json["input_size"] = loaded.Preprocessing.InputSize;
                json["mean"] = new JsonArray([.. loaded.Preprocessing.Mean.Select(m => (JsonNode)m)]);
                json["std"] = new JsonArray([.. loaded.Preprocessing.Std.Select(s => (JsonNode)s)]);
                json["caveats"] = JsonOutput.Caveats(loaded.Caveats);
                json["license"] = loaded.Source.License;
                json["validation_auc"] = loaded.Source.Training?.Outcome?.ValidationAuc;
                text.WriteLine($"  {model.Id}: {loaded.ArchitectureName}, {(loaded.ClassCount > 0 ? $"{loaded.ClassCount} classes, {loaded.Format}" : loaded.Architecture is null ? "design unknown" : $"no head, {loaded.Format}")}, input {loaded.Preprocessing.InputSize}");
                if (loaded.Source.Training is { Data.Count: > 0 } training)
                    text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    trained on {training.Data.Sum(d => d.TrainImages):N0} images of {loaded.Source.Source}{(training.Outcome?.ValidationAuc is { } auc ? $", validation AUC {auc:0.000}" : "")}"));
                if (loaded.Source.License is { } license) text.WriteLine($"    licence of its data: {license}");
                foreach (var caveat in loaded.Caveats) text.WriteLine($"    {caveat.Message}");
            }
            catch (InvalidInputException e)
            {
                problems++;
                json["problem"] = e.Message;
                text.WriteLine($"  {model.Id}: PROBLEM: {e.Message}");
            }
            models.Add(json);
        }
        var head = $"{path}: a zoo of {zoo.Models.Count} model{(zoo.Models.Count == 1 ? "" : "s")}{(problems > 0 ? $", {problems} of which cannot be ranked" : "")}.\n";
        return new(new JsonObject { ["kind"] = "zoo", ["path"] = path, ["models"] = models }, head + text, problems);
    }

    private static Report OfData(string path, bool full)
    {
        using var dataset = ImageDatasets.Open(path);
        var f = DatasetFingerprint.Of(dataset, new() { Full = full });
        var splits = ImageDataset.Splits.Where(s => f.Counts.GetValueOrDefault(s) > 0).ToList();
        var counts = new JsonObject(splits.Select(s => KeyValuePair.Create(s.ToString().ToLowerInvariant(), (JsonNode?)f.Counts[s])));
        var byClass = new JsonObject(splits.Select(s => KeyValuePair.Create(s.ToString().ToLowerInvariant(), (JsonNode?)new JsonArray([.. f.ClassCounts[s].Select(n => (JsonNode)n)]))));
        static JsonObject Range(Extent e) => new() { ["min"] = e.Min, ["median"] = e.Median, ["max"] = e.Max };
        var json = new JsonObject
        {
            ["kind"] = "data",
            ["path"] = path,
            ["name"] = f.Name,
            ["description"] = f.Description,
            ["task"] = f.Kind.ToString(),
            ["classes"] = JsonOutput.Strings(f.ClassNames),
            ["counts"] = counts,
            ["class_counts"] = byClass,
            ["sampled"] = f.SampledCount,
            ["width"] = Range(f.Width),
            ["height"] = Range(f.Height),
            ["channels"] = new JsonArray([.. f.Channels.Select(c => (JsonNode)c)]),
            ["bit_depths"] = new JsonArray([.. f.BitDepths.Select(b => (JsonNode)b)]),
            ["intensity"] = new JsonObject { ["min"] = f.Intensity.Min, ["mean"] = f.Intensity.Mean, ["max"] = f.Intensity.Max },
            ["constant"] = f.ConstantCount,
            ["compared"] = f.ComparedCount,
            ["duplicates_in_train"] = f.DuplicatesInTrain,
            ["duplicates_across_splits"] = f.DuplicatesAcrossSplits,
            ["conflicting_labels"] = f.ConflictingLabels,
            ["caveats"] = JsonOutput.Caveats(f.Caveats),
        };
        var text = new StringWriter(CultureInfo.InvariantCulture);
        text.WriteLine($"{path}: {f.Description}");
        text.WriteLine($"Task: {f.Kind switch { TaskKind.Binary => "binary", TaskKind.MultiClass => "multi-class", _ => "multi-label" }}, {f.ClassNames.Count} {(f.Kind == TaskKind.MultiLabel ? "findings" : "classes")}.");
        for (var c = 0; c < f.ClassNames.Count; c++) text.WriteLine($"  {f.ClassNames[c]}: {string.Join(", ", splits.Select(s => $"{f.ClassCounts[s][c]} {s.ToString().ToLowerInvariant()}"))}");
        text.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Images (of {f.SampledCount} looked at): {f.Width} wide, {f.Height} high, {string.Join(" and ", f.Channels.Select(n => n == 1 ? "grey" : "RGB"))}, {string.Join(" and ", f.BitDepths)} bit, intensity {f.Intensity.Min:0.###} to {f.Intensity.Max:0.###} (mean {f.Intensity.Mean:0.###}) of 1."));
        text.WriteLine($"Duplicates (of {f.ComparedCount} compared): {f.DuplicatesInTrain} in train, {f.DuplicatesAcrossSplits} across splits, {f.ConflictingLabels} with different labels.");
        foreach (var caveat in f.Caveats) text.WriteLine($"note: {caveat}");
        return new(json, text.ToString());
    }
}
