using System.Text.RegularExpressions;

namespace ZooRank.Tests;

/// <summary>Folders are rooms, and what one room may know of another is decided here: dependencies point one way.</summary>
public partial class HouseTests
{
    // Each folder of the library, and the folders whose types it may use.
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Files"] = [],
        ["Statistics"] = [],
        ["Native"] = ["Files"],
        ["Downloads"] = ["Files"],
        ["Checkpoints"] = ["Files", "Native"],
        ["Imaging"] = ["Native"],
        ["Data"] = ["Files", "Imaging", "Downloads"],
        ["Models"] = ["Checkpoints", "Downloads", "Imaging", "Native"],
        ["Features"] = ["Data", "Files", "Imaging", "Models", "Native"],
        ["Metrics"] = ["Data", "Features", "Statistics"],
        ["Training"] = ["Checkpoints", "Data", "Files", "Imaging", "Models", "Native", "Runs"],
        ["Demo"] = ["Data"],
        ["Runs"] = ["Files"],
        ["FineTuning"] = ["Checkpoints", "Data", "Files", "Imaging", "Models", "Native", "Runs", "Training"],
        ["Truth"] = ["Files", "Runs", "Statistics"],
        ["Evaluation"] = ["Files", "Metrics", "Runs", "Statistics", "Truth"],
        ["Plots"] = ["Evaluation", "Files", "Metrics", "Native", "Runs", "Statistics"],
        ["Tracking"] = ["Downloads", "Files", "Runs"],
        ["Cluster"] = ["Files"],
        ["Ranking"] = ["Data", "Downloads", "Features", "Metrics", "Models", "Native", "Imaging", "Runs", "Evaluation", "Statistics", "Truth"],
        ["Reports"] = ["Evaluation", "Files", "Metrics", "Ranking", "Runs", "Statistics", "Truth"],
    };

    [Fact]
    public void Dependencies_between_folders_point_one_way()
    {
        var library = Path.Combine(Root(), "src", "ZooRank");
        var wrong = new List<string>();
        foreach (var file in Directory.EnumerateFiles(library, "*.cs", SearchOption.AllDirectories))
        {
            var room = Path.GetRelativePath(library, file).Split(Path.DirectorySeparatorChar)[0];
            if (room.EndsWith(".cs", StringComparison.Ordinal)) continue;
            Assert.True(MayUse.ContainsKey(room), $"the folder {room} is new: say here what it may use");
            foreach (Match use in Use().Matches(File.ReadAllText(file)))
                if (use.Groups[1].Value is var other && other != room && MayUse.ContainsKey(other) && !MayUse[room].Contains(other)) wrong.Add($"{Path.GetRelativePath(library, file)} uses {other}");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_file_names_a_path_of_the_machine_it_was_written_on()
    {
        var pattern = MachinePath();
        var files = new[] { "src", "test", "bench", "docs", "shipped", ".ci" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root(), folder), "*", SearchOption.AllDirectories))
            .Where(f => Path.GetExtension(f) is ".cs" or ".csv" or ".md" or ".py" or ".json" or ".csproj" or "" && Path.GetFileName(f) != "HouseTests.cs");
        Assert.DoesNotContain(files, f => pattern.IsMatch(File.ReadAllText(f)));
    }

    internal static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ZooRank.slnx"))) return folder.FullName;
        throw new InvalidOperationException("The tests run from the repository's artifacts folder.");
    }

    [GeneratedRegex(@"^using (?:static )?ZooRank\.([A-Za-z]+)", RegexOptions.Multiline)]
    private static partial Regex Use();

    [GeneratedRegex(@"(?<![A-Za-z0-9_.])/(work|root|home)/[a-z]")]
    private static partial Regex MachinePath();
}
