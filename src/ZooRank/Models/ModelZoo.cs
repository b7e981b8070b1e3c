using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ZooRank.Models;

/// <summary>The source models to rank: a folder of checkpoints, a zoo.json, or one checkpoint.</summary>
public sealed partial record ModelZoo
{
    // What frameworks call files of weights. Others in the folder (a readme, logs) are not models and not errors.
    private static readonly string[] CheckpointExtensions = [".pth", ".pt", ".tar", ".bin", ".ckpt", ".pkl", ".safetensors", ".ts", ".weights"];

    private static readonly string[] ImageExtensions = [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"];

    /// <summary>The file or folder as it was given.</summary>
    public required string Path { get; init; }

    /// <summary>In the order of the file, or of their names.</summary>
    public required IReadOnlyList<SourceModel> Models { get; init; }

    /// <summary>Opens several as one zoo. Ids that occur twice are told apart by the place they come from.</summary>
    /// <exception cref="InvalidInputException">One of them is none.</exception>
    public static ModelZoo Open(IReadOnlyList<string> paths)
    {
        var zoos = paths.Select(Open).ToList();
        if (zoos is [var only]) return only;
        var twice = zoos.SelectMany(z => z.Models).GroupBy(m => m.Id).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        return new ModelZoo { Path = string.Join(" ", paths), Models = [.. zoos.SelectMany(z => z.Models.Select(m => twice.Contains(m.Id) ? m with { Id = m.Checkpoint } : m))] };
    }

    /// <summary>Opens a zoo; no checkpoint is read yet. "shipped" is the one that comes with ZooRank (<see cref="ShippedZoo"/>).</summary>
    /// <exception cref="InvalidInputException">There is none, or its zoo.json is wrong: the message names the model and what is wrong.</exception>
    public static ModelZoo Open(string path)
    {
        if (path == ShippedZoo.Name) return ShippedZoo.Open();   // a folder of that name is ./shipped
        if (Directory.Exists(path))
        {
            var file = System.IO.Path.Combine(path, "zoo.json");
            return File.Exists(file) ? FromJson(file) with { Path = path } : FromFolder(path);
        }
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file or folder. Give a folder of checkpoints, a zoo.json, one checkpoint, or '{ShippedZoo.Name}' for the models that come with ZooRank.");
        return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? FromJson(path) : new ModelZoo { Path = path, Models = [FromFile(path, System.IO.Path.GetDirectoryName(path)!)] };
    }

    /// <summary>True where a folder holds a zoo.json, or checkpoints and no images.</summary>
    public static bool IsZoo(string folder) => File.Exists(System.IO.Path.Combine(folder, "zoo.json")) || (CheckpointsIn(folder).Any() && !FilesOf(folder, ImageExtensions).Any());

    private static IEnumerable<string> CheckpointsIn(string folder) => FilesOf(folder, CheckpointExtensions);

    private static IEnumerable<string> FilesOf(string folder, string[] extensions) =>
        Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden })
            .Where(f => extensions.Contains(System.IO.Path.GetExtension(f).ToLowerInvariant()));

    private static ModelZoo FromFolder(string folder)
    {
        var files = CheckpointsIn(folder).Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0) throw new InvalidInputException($"{folder}: no checkpoint in it (files named {string.Join(" ", CheckpointExtensions)}). Give the folder that holds them, or a zoo.json.");
        var models = files.Select(f => FromFile(f, folder)).ToList();
        // Two formats of one name keep their extensions to stay apart.
        var twice = models.GroupBy(m => m.Id).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        return new ModelZoo { Path = folder, Models = [.. models.Select(m => twice.Contains(m.Id) ? m with { Id = m.Id + System.IO.Path.GetExtension(m.Checkpoint) } : m)] };
    }

    private static SourceModel FromFile(string file, string root)
    {
        var name = System.IO.Path.GetRelativePath(root.Length == 0 ? "." : root, file).Replace('\\', '/');
        var extension = name.EndsWith(".pth.tar", StringComparison.OrdinalIgnoreCase) ? ".pth.tar" : System.IO.Path.GetExtension(name);
        return new SourceModel { Id = name[..^extension.Length], Checkpoint = file };
    }

    private static ModelZoo FromJson(string file)
    {
        ZooFile? zoo;
        try
        {
            zoo = JsonSerializer.Deserialize(File.ReadAllText(file), ZooJson.Default.ZooFile);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(WhatIsWrong(file, e), e);
        }
        if (zoo?.Models is not { Count: > 0 }) throw new InvalidInputException($"{file}: it names no models. Add at least one to its \"models\".");
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file))!;
        if (zoo.Models.Any(m => m is null)) throw new InvalidInputException($"{file}: one of its models is null. Remove it.");
        if (zoo.Models.GroupBy(m => m.Id).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidInputException($"{file}: the id '{twice.Key}' is given to {twice.Count()} models. Ids must differ.");
        foreach (var model in zoo.Models) Check(file, model);
        return new ModelZoo { Path = file, Models = [.. zoo.Models.Select(m => m with { Checkpoint = System.IO.Path.Combine(folder, m.Checkpoint) })] };
    }

    // The reader's messages speak of .NET types; what a user needs is the field and the line.
    private static string WhatIsWrong(string file, JsonException e)
    {
        const string Fields = "id, checkpoint, architecture, source, url, sha256, mean, std, inputSize, resize, transformInput, classes, license, training";
        var line = e.LineNumber is { } number ? FormattableString.Invariant($"{file}, line {number + 1}") : file;
        if (UnknownField().Match(e.Message) is { Success: true } unknown)
        {
            var name = unknown.Groups[1].Value;
            var closest = Suggestions.Closest(name, Fields.Split(", "));
            return $"{line}: unknown field '{name}'.{(closest.Count > 0 ? $" Did you mean {string.Join(" or ", closest)}?" : "")} A zoo.json is {{\"models\": [{{…}}]}}, and a model's fields are {Fields}.";
        }
        if (MissingField().Match(e.Message) is { Success: true } missing) return $"{line}: {(e.Path is { Length: > 2 } path ? path[2..] : "a model")} has no '{missing.Groups[1].Value}', which each model needs.";
        // Not a value of the wrong kind, but no JSON at all from some place on.
        if (!e.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal)) return $"{line}: not JSON: {e.Message.Split(" Path:")[0].Split('\n')[0].Split(" LineNumber")[0]}";
        return e.Path is null or "$"
            ? $"{line}: not a zoo.json, which is {{\"models\": [{{\"id\": …, \"checkpoint\": …}}]}}.{(e.Message.Contains("ZooRank", StringComparison.Ordinal) ? "" : $" {e.Message.Split(" Path:")[0].Split('\n')[0].Split(" LineNumber")[0]}")}"
            : $"{line}: the value of {e.Path[2..]} is of the wrong kind or missing. mean and std are lists of three numbers, classes a list of texts, inputSize a whole number, resize squash, crop or pad, transformInput true or false, the rest texts.";
    }

    [GeneratedRegex("missing required properties including: '([^']+)'")]
    private static partial Regex MissingField();

    [GeneratedRegex("property '([^']+)' could not be mapped")]
    private static partial Regex UnknownField();

    internal static void Check(string file, SourceModel model)
    {
        static string Numbers(IEnumerable<float> values) => string.Join(", ", values.Select(v => v.ToString(CultureInfo.InvariantCulture)));
        void Refuse(string what) => throw new InvalidInputException($"{file}: model '{model.Id}': {what}");
        if (string.IsNullOrWhiteSpace(model.Id)) Refuse("its id is empty. Name it.");
        if (string.IsNullOrWhiteSpace(model.Checkpoint)) Refuse("its checkpoint is empty. Give the file, relative to the zoo.json.");
        if (model.Architecture is { } architecture && !Architectures.All.Any(a => a.Name.Equals(architecture, StringComparison.OrdinalIgnoreCase)))
            Refuse($"the architecture '{architecture}' is unknown. Known: {string.Join(", ", Architectures.All.Select(a => a.Name))}. Leave the field away for TorchScript of another design.");
        if ((model.Mean is null) != (model.Std is null)) Refuse("mean and std belong together: give both or neither.");
        if (model.Mean is { } mean && (mean.Count != 3 || mean.Any(m => !float.IsFinite(m) || m is < 0 or > 1))) Refuse($"mean must be three numbers from 0 to 1 (red, green, blue); got [{Numbers(mean)}]. On a scale of 0 to 255, divide by 255.");
        if (model.Std is { } std && (std.Count != 3 || std.Any(s => !float.IsFinite(s) || s is <= 0 or > 1))) Refuse($"std must be three numbers above 0 and at most 1 (red, green, blue); got [{Numbers(std)}]. On a scale of 0 to 255, divide by 255.");
        if (model.InputSize is < 16 or > 2048) Refuse($"inputSize must be from 16 to 2048 pixels; got {model.InputSize}.");
        if (model.Sha256 is { } sha && (sha.Length != 64 || !sha.All(char.IsAsciiHexDigit))) Refuse($"sha256 must be 64 hexadecimal digits; got {sha.Length} characters.");
    }
}
