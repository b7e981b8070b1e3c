using System.Text;
using System.Text.RegularExpressions;

namespace ZooRank.Checkpoints;

/// <summary>
/// What the code of a TorchScript archive says about its classes; read only for the lines <c>__parameters__</c> and <c>__buffers__</c>.
/// </summary>
internal sealed partial class TorchScriptClasses(ZipDirectory zip, string folder)
{
    // A class's code is some KB; a trace of a large network's forward pass can be some MB.
    private const long LongestCode = 16 << 20;

    private readonly Dictionary<string, Dictionary<string, HashSet<string>>> files = [];

    /// <summary>Names of a class's parameters and buffers, or null where the archive has no code for it.</summary>
    public HashSet<string>? State(PyGlobal type)
    {
        if (!files.TryGetValue(type.Module, out var classes)) files[type.Module] = classes = Read($"{folder}code/{type.Module.Replace('.', '/')}.py");
        return classes.GetValueOrDefault(type.Name);
    }

    private Dictionary<string, HashSet<string>> Read(string name)
    {
        var classes = new Dictionary<string, HashSet<string>>();
        if (!zip.Contains(name) || !zip.IsPlausibleText(name)) return classes;
        var source = zip.Open(name);
        if (source.Length > LongestCode) return classes;
        HashSet<string>? current = null;
        foreach (var line in Encoding.UTF8.GetString(source.ReadUpTo(0, (int)source.Length)).AsSpan().EnumerateLines())
        {
            if (line.StartsWith("class "))
            {
                var end = line.IndexOfAny('(', ':');
                current = end < 0 ? null : [];
                if (current is not null) classes[line["class ".Length..end].Trim().ToString()] = current;
            }
            else if (current is not null && (line.TrimStart().StartsWith("__parameters__ =") || line.TrimStart().StartsWith("__buffers__ =")))
            {
                foreach (Match quoted in Quoted().Matches(line.ToString())) current.Add(quoted.Groups[1].Value);
            }
        }
        return classes;
    }

    [GeneratedRegex("\"([^\"]*)\"", RegexOptions.NonBacktracking)]
    private static partial Regex Quoted();
}
