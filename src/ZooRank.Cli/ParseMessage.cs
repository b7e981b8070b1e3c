using System.CommandLine;
using System.CommandLine.Parsing;

namespace ZooRank.Cli;

/// <summary>A command line that cannot be understood, in one line with what was probably meant.</summary>
internal static class ParseMessage
{
    public static string Of(ParseResult parsed)
    {
        var command = parsed.CommandResult;
        var help = $"See '{string.Join(' ', Names(command))} --help'.";
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            var option = unknown.StartsWith('-');
            IEnumerable<string> known = option ? command.Command.Options.Select(o => o.Name) : command.Command.Subcommands.Select(c => c.Name);
            var closest = Suggestions.Closest(unknown, known);
            return $"zoorank: unknown {(option ? "option" : "argument")} '{unknown}'.{(closest.Count > 0 ? $" Did you mean {string.Join(" or ", closest)}?" : "")} {help}";
        }
        // The parser's own messages may be lists over several lines.
        var message = string.Join(" ", parsed.Errors[0].Message.Split((char[])['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return $"zoorank: {message} {help}";
    }

    private static IEnumerable<string> Names(CommandResult command) => command.Parent is CommandResult parent ? Names(parent).Append(command.Command.Name) : ["zoorank"];
}
