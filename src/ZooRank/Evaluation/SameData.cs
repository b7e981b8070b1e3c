namespace ZooRank.Evaluation;

/// <summary>Whether two names are of the same pictures: what is known of one must not foretell the other.</summary>
public static class SameData
{
    // A MedMNIST set and the pictures that it was made of.
    private static readonly Dictionary<string, string> MadeOf = new()
    {
        ["busi"] = "breastmnist",
        ["ham10000"] = "dermamnist",
        ["isic2018"] = "dermamnist",
        ["pneumonia3"] = "pneumoniamnist",
        ["pbc"] = "bloodmnist",
        ["pbcblood"] = "bloodmnist",
        ["nct"] = "pathmnist",
        ["crc-val"] = "pathmnist",
        ["oct"] = "octmnist",
        ["kermany"] = "octmnist",
        ["deepdrid"] = "retinamnist",
        ["bbbc051"] = "tissuemnist",
        ["chestx"] = "chestmnist",
    };

    /// <summary>By their names alone: the same name, one with more after it that does not go on as a word (busi and busi_64, but not business), or another name of the same pictures.</summary>
    public static bool As(string one, string other)
    {
        var (a, b) = (Known(one.ToLowerInvariant()), Known(other.ToLowerInvariant()));
        return Begins(a, b) || Begins(b, a);
    }

    private static string Known(string name) => MadeOf.FirstOrDefault(m => Begins(name, m.Key) && !Begins(name, m.Value)).Value ?? name;

    private static bool Begins(string whole, string start) => whole.StartsWith(start, StringComparison.Ordinal) && (whole.Length == start.Length || !char.IsLetter(whole[start.Length]));
}
