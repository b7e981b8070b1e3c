namespace ZooRank.Tests;

/// <summary>The folder of real data beside the repository, which not every machine has.</summary>
internal static class SharedFolder
{
    /// <summary>A file or folder in it, or null where it is absent.</summary>
    public static string? Find(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "ZooRank.slnx"))) continue;
            var path = Path.Combine([folder.FullName, "..", "shared", .. parts]);
            return Path.Exists(path) ? Path.GetFullPath(path) : null;
        }
        return null;
    }

    /// <summary>The same; the test is skipped, visibly, where it is absent.</summary>
    public static string Require(params string[] parts)
    {
        var path = Find(parts);
        Assert.SkipWhen(path is null, $"../shared/{string.Join('/', parts)} is not on this machine");
        return path!;
    }
}
