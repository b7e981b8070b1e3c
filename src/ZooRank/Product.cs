using System.Reflection;

namespace ZooRank;

/// <summary>Which ZooRank this is, for what it writes.</summary>
internal static class Product
{
    /// <summary>The version, with the commit where it was built from a repository: "0.1.0+1a2b3c…".</summary>
    public static string Version { get; } = typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
