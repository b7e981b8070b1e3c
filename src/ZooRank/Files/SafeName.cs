namespace ZooRank.Files;

/// <summary>Names that people gave to models and data sets, as names of files.</summary>
public static class SafeName
{
    private const int Longest = 100;

    /// <summary>The same name where any file system takes it; else with "_" for what some do not take, and cut to 100 characters.</summary>
    public static string Of(string name)
    {
        var safe = string.Concat(name.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or '+' or '=' ? c : '_'));
        safe = safe.Length > Longest ? safe[..Longest] : safe;
        return safe.Trim('.') is { Length: > 0 } trimmed ? trimmed : "_";
    }
}
