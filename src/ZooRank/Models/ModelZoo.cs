using System.Text.Json;

namespace ZooRank.Models;

/// <summary>The source models to rank: a folder of checkpoints, a zoo.json, or one checkpoint.</summary>
public sealed record ModelZoo
{
    // What frameworks call files of weights. Others in the folder (a readme, logs) are not models and not errors.
    private static readonly string[] CheckpointExtensions = [".pth", ".pt", ".tar", ".bin", ".ckpt", ".pkl", ".safetensors", ".ts", ".weights"];

    /// <summary>The file or folder as it was given.</summary>
    public required string Path { get; init; }

    /// <summary>In the order of the file, or of their names.</summary>
    public required IReadOnlyList<SourceModel> Models { get; init; }

    /// <summary>Opens a zoo; no checkpoint is read yet.</summary>
    /// <exception cref="InvalidInputException">There is none, or its zoo.json is wrong: the message names the model and what is wrong.</exception>
    public static ModelZoo Open(string path)
    {
        if (Directory.Exists(path))
        {
            var file = System.IO.Path.Combine(path, "zoo.json");
            return File.Exists(file) ? FromJson(file) with { Path = path } : FromFolder(path);
        }
        if (!File.Exists(path)) throw new InvalidInputException($"--zoo {path}: no such file or folder. Give a folder of checkpoints, a zoo.json, or one checkpoint.");
        return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? FromJson(path) : new ModelZoo { Path = path, Models = [FromFile(path, System.IO.Path.GetDirectoryName(path)!)] };
    }

    /// <summary>True where a folder holds a zoo.json or checkpoints.</summary>
    public static bool IsZoo(string folder) => File.Exists(System.IO.Path.Combine(folder, "zoo.json")) || CheckpointsIn(folder).Any();

    private static IEnumerable<string> CheckpointsIn(string folder) =>
        Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden })
            .Where(f => CheckpointExtensions.Contains(System.IO.Path.GetExtension(f).ToLowerInvariant()));

    private static ModelZoo FromFolder(string folder)
    {
        var files = CheckpointsIn(folder).Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0) throw new InvalidInputException($"--zoo {folder}: no checkpoint in it (files named {string.Join(" ", CheckpointExtensions)}). Give the folder that holds them, or a zoo.json.");
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
            var line = e.LineNumber is { } number ? FormattableString.Invariant($", line {number + 1}") : "";
            throw new InvalidInputException(
                $"{file}{line}: {e.Message.Split(" Path:")[0].Split('\n')[0].TrimEnd('.')} (at {e.Path ?? "$"}). A zoo.json is {{\"models\": [{{\"id\", \"checkpoint\" and, where known, \"architecture\", \"source\", \"url\", \"sha256\", \"mean\", \"std\", \"inputSize\", \"resize\", \"transformInput\", \"classes\"}}]}}.", e);
        }
        if (zoo?.Models is not { Count: > 0 }) throw new InvalidInputException($"{file}: it names no models. Add at least one to its \"models\".");
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file))!;
        if (zoo.Models.GroupBy(m => m.Id).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidInputException($"{file}: the id '{twice.Key}' is given to {twice.Count()} models. Ids must differ.");
        foreach (var model in zoo.Models) Check(file, model);
        return new ModelZoo { Path = file, Models = [.. zoo.Models.Select(m => m with { Checkpoint = System.IO.Path.Combine(folder, m.Checkpoint) })] };
    }

    private static void Check(string file, SourceModel model)
    {
        void Refuse(string what) => throw new InvalidInputException($"{file}: model '{model.Id}': {what}");
        if (string.IsNullOrWhiteSpace(model.Id)) Refuse("its id is empty. Name it.");
        if (string.IsNullOrWhiteSpace(model.Checkpoint)) Refuse("its checkpoint is empty. Give the file, relative to the zoo.json.");
        if (model.Architecture is { } architecture) Architectures.Get(architecture);
        if ((model.Mean is null) != (model.Std is null)) Refuse("mean and std belong together: give both or neither.");
        if (model.Mean is { } mean && (mean.Count != 3 || mean.Any(m => !float.IsFinite(m) || m is < 0 or > 1))) Refuse($"mean must be three numbers from 0 to 1 (red, green, blue); got [{string.Join(", ", mean)}]. On a scale of 0 to 255, divide by 255.");
        if (model.Std is { } std && (std.Count != 3 || std.Any(s => !float.IsFinite(s) || s is <= 0 or > 1))) Refuse($"std must be three numbers above 0 and at most 1 (red, green, blue); got [{string.Join(", ", std)}]. On a scale of 0 to 255, divide by 255.");
        if (model.InputSize is < 16 or > 2048) Refuse($"inputSize must be from 16 to 2048 pixels; got {model.InputSize}.");
        if (model.Sha256 is { } sha && (sha.Length != 64 || !sha.All(char.IsAsciiHexDigit))) Refuse($"sha256 must be 64 hexadecimal digits; got {sha.Length} characters.");
    }
}
