namespace ZooRank.Tests;

/// <summary>The folder <c>shared</c> beside the repository: oracles and data that are not part of it. Tests that need it skip visibly where it is absent.</summary>
internal static class SharedFolder
{
    /// <summary>The path of a file or folder in it, or null.</summary>
    public static string? Find(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            // The repository's root is where the solution lies. A worktree may lie a folder deeper than the first checkout, so the search goes on upwards.
            var path = Path.Combine([folder.FullName, "shared", .. parts]);
            if (File.Exists(path) || Directory.Exists(path)) return path;
        }
        return null;
    }

    public static string Require(params string[] parts)
    {
        var path = Find(parts);
        Assert.SkipWhen(path is null, $"../shared/{string.Join('/', parts)} is absent");
        return path!;
    }
}
