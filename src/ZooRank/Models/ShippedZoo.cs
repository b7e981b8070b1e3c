namespace ZooRank.Models;

/// <summary>
/// The small source models that come with ZooRank: ShuffleNet V2 ×0.5 at 64 pixels, trained on medical and on natural pictures (shipped/README.md). They rank and teach on any machine at once; larger zoos do better.
/// </summary>
public static class ShippedZoo
{
    /// <summary>Stands for them wherever a zoo is asked for, and for their results wherever a history is.</summary>
    public const string Name = "shipped";

    /// <summary>Beside the program.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "zoorank-zoo");

    /// <summary>What fine-tuning them gave on the targets of docs/study, as 'zoorank truth show --json' prints it.</summary>
    public static string History { get; } = Path.Combine(Folder, "history.json");

    /// <exception cref="InvalidInputException">This copy of ZooRank came without them.</exception>
    public static ModelZoo Open() => Directory.Exists(Folder)
        ? ModelZoo.Open(Folder) with { Path = Name }
        : throw Missing(Folder);

    /// <summary>That a part of this copy is not there.</summary>
    public static InvalidInputException Missing(string path) => new($"{Name}: {path} is missing, a part of the models that come with ZooRank. Install it anew, or name a zoo, or a history, of your own.");

    /// <summary>Whether a model is one of them.</summary>
    public static bool Holds(SourceModel model) => Path.GetFullPath(model.Checkpoint).StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
