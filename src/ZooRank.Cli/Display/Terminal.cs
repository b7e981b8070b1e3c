using Spectre.Console;

namespace ZooRank.Cli.Display;

/// <summary>Standard output for tables. A file or a pipe has no width: there nothing is broken or cut.</summary>
internal static class Terminal
{
    private const int Unbroken = 10_000;

    public static IAnsiConsole Output
    {
        get
        {
            if (Console.IsOutputRedirected) AnsiConsole.Console.Profile.Width = Unbroken;
            return AnsiConsole.Console;
        }
    }

    /// <summary>Prints rows under headings, unbroken where the terminal is wide enough.</summary>
    public static void Print(IEnumerable<string> headings, IEnumerable<string[]> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var heading in headings) table.AddColumn(new TableColumn(heading).NoWrap());
        foreach (var row in rows) table.AddRow([.. row.Select(Markup.Escape)]);
        Output.Write(table);
    }
}
