using System.CommandLine;
using System.CommandLine.Parsing;

namespace ZooRank.Cli;

/// <summary>How to start the program that runs now once more, with the command line it was given.</summary>
internal static class SameProgram
{
    /// <summary>By its full path: an executable of its own (a build's, a tool's), or 'dotnet' with an assembly.</summary>
    public static IReadOnlyList<string> Path
    {
        get
        {
            var process = Environment.ProcessPath!;
            return System.IO.Path.GetFileNameWithoutExtension(process) == "dotnet" ? [process, System.IO.Path.GetFullPath(Environment.GetCommandLineArgs()[0])] : [process];
        }
    }

    /// <summary>The command line without some options and their values.</summary>
    public static IReadOnlyList<string> ArgumentsWithout(ParseResult parsed, IReadOnlyList<Option> options)
    {
        var dropped = options.SelectMany(o => o.Aliases.Append(o.Name)).ToHashSet();
        var switches = options.Where(o => o.Arity.MaximumNumberOfValues == 0).SelectMany(o => o.Aliases.Append(o.Name)).ToHashSet();
        var kept = new List<string>();
        Token? option = null;   // the one just before
        foreach (var token in parsed.Tokens)
        {
            var isValue = token.Type == TokenType.Argument && option is not null;
            var isDropped = dropped.Contains((isValue ? option! : token).Value);
            // A value that begins with a dash was given as --option=-value, and has to be again.
            if (!isDropped && isValue && token.Value.StartsWith('-')) kept[^1] += "=" + token.Value;
            else if (!isDropped) kept.Add(token.Value);
            option = token.Type == TokenType.Option && !switches.Contains(token.Value) ? token : null;
        }
        return kept;
    }
}
