namespace ZooRank.Files;

/// <summary>The folders outside the project that ZooRank reads or keeps something in.</summary>
public static class Folders
{
    /// <summary>ZooRank's own cache: <c>ZOORANK_CACHE</c>, else <c>zoorank</c> in the user's cache folder. All in it can be deleted at any time.</summary>
    public static string Cache => Environment.GetEnvironmentVariable("ZOORANK_CACHE") is { Length: > 0 } own ? own : Path.Combine(UserCache, "zoorank");

    /// <summary>Where the features of a model on a probe set are kept, by content.</summary>
    public static string FeatureCache => Path.Combine(Cache, "features");

    /// <summary>Where repaired copies of native libraries are kept, by the original's hash.</summary>
    public static string NativeCache => Path.Combine(Cache, "native");

    /// <summary>MedMNIST's own download folder, shared with its Python package.</summary>
    public static string MedMnist => Path.Combine(Home, ".medmnist");

    /// <summary>PyTorch's own checkpoint folder, shared with <c>torch.hub</c> and torchvision: <c>TORCH_HOME</c> is honoured as there.</summary>
    public static string TorchHub => Path.Combine(
        Environment.GetEnvironmentVariable("TORCH_HOME") is { Length: > 0 } own ? own : Path.Combine(UserCache, "torch"), "hub", "checkpoints");

    // Not verified: of a home that does not exist yet .NET would make the empty string, and of that a folder below wherever the program was started.
    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

    private static string UserCache =>
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg ? xdg
        : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify)
        : Path.Combine(Home, ".cache");
}
