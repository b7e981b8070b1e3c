using System.Collections;
using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using System.Text;

namespace ZooRank.Tests.Reference;

/// <summary>docs/reference/commands.md: every command, argument and option, from the tree that parses them.</summary>
internal static class CommandPage
{
    public static string Text(RootCommand root)
    {
        var page = new StringBuilder();
        var commands = Below(root, "").ToList();
        page.Append(CultureInfo.InvariantCulture, $"# Commands\n\n{ReferenceTests.Origin}\n\n{Cell(root.Description)}\n\n| command | |\n| --- | --- |\n");
        foreach (var (command, name) in commands.Where(c => c.Command.Subcommands.Count == 0))
            page.Append(CultureInfo.InvariantCulture, $"| [`{name}`](#{name.Replace(' ', '-')}) | {Cell(command.Description)} |\n");
        page.Append(CultureInfo.InvariantCulture, $"\nOf every command:\n\n{Table([], root.Options)}");
        foreach (var (command, name) in commands)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {name}\n\n{Cell(command.Description)}\n");
            if (command.Arguments.Count + command.Options.Count > 0) page.Append(CultureInfo.InvariantCulture, $"\n{Table(command.Arguments, command.Options)}");
        }
        return page.ToString();
    }

    private static IEnumerable<(Command Command, string Name)> Below(Command command, string name) =>
        command.Subcommands.Where(c => !c.Hidden).SelectMany(c => Below(c, $"{name} {c.Name}".Trim()).Prepend((c, $"{name} {c.Name}".Trim())));

    private static string Table(IEnumerable<Argument> arguments, IEnumerable<Option> options)
    {
        var table = new StringBuilder("| | value | default | |\n| --- | --- | --- | --- |\n");
        foreach (var a in arguments.Where(a => !a.Hidden))
            table.Append(CultureInfo.InvariantCulture, $"| `{a.HelpName ?? a.Name}` | {(a.Arity.MaximumNumberOfValues > 1 ? "several" : "")} | {(a.Arity.MinimumNumberOfValues > 0 ? "needed" : a.HasDefaultValue ? Default(a.GetDefaultValue()) : "")} | {Cell(a.Description)} |\n");
        foreach (var o in options.Where(o => !o.Hidden))
            table.Append(CultureInfo.InvariantCulture, $"| {string.Join(", ", o.Aliases.Prepend(o.Name).Select(n => $"`{n}`"))} | {Value(o)} | {(o.Required ? "needed" : o.HasDefaultValue ? Default(o.GetDefaultValue()) : "")} | {Cell(o.Description)} |\n");
        return table.ToString();
    }

    private static string Value(Option option)
    {
        if (option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool)) return "";
        var allowed = option.GetCompletions(CompletionContext.Empty).Select(c => c.Label).ToList();
        var named = option.HelpName?.Split('|') ?? [];   // in the order that says most
        return $"`{Cell(allowed.Count > 0 && !named.ToHashSet().SetEquals(allowed) ? string.Join('|', allowed) : option.HelpName ?? "VALUE")}`{(option.Arity.MaximumNumberOfValues > 1 ? " …" : "")}";
    }

    private static string Default(object? value) => value switch
    {
        null or false => "",
        string text => $"`{Cell(text)}`",
        IEnumerable several => string.Join(", ", several.Cast<object>().Select(Default)),
        _ => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
    };

    // A bar would end the cell; an angle bracket would begin HTML.
    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
