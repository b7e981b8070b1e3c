namespace ZooRank;

/// <summary>What a mistyped name was probably meant to be.</summary>
public static class Suggestions
{
    /// <summary>"Unknown KIND 'GIVEN'. Did you mean …? Known: …." as one line.</summary>
    public static InvalidInputException Unknown(string kind, string given, IReadOnlyCollection<string> known)
    {
        var closest = Closest(given, known);
        var question = closest.Count > 0 ? $" Did you mean {string.Join(" or ", closest)}?" : "";
        return new InvalidInputException($"Unknown {kind} '{given}'.{question} Known: {string.Join(", ", known)}.");
    }

    /// <summary>The known names that are near enough to be meant, best first, at most three.</summary>
    public static IReadOnlyList<string> Closest(string given, IEnumerable<string> known)
    {
        // A third of the letters may be wrong: fewer misses "organmnist" for "organamnist" and the like in short names, more proposes unrelated ones.
        var allowed = Math.Max(2, given.Length / 3);
        return [.. known
            .Select(name => (Name: name, Distance: Distance(given.ToLowerInvariant(), name.ToLowerInvariant())))
            .Where(candidate => candidate.Distance <= allowed)
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Take(3)
            .Select(candidate => candidate.Name)];
    }

    // Levenshtein's edit distance, one row of the table at a time.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}
