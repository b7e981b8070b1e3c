using ZooRank.Cli;

namespace ZooRank.Tests.Reference;

public class ReferenceTests
{
    private const string Write = "ZOORANK_REFERENCE=write dotnet test --filter-class '*ReferenceTests'";

    /// <summary>What each page says of itself.</summary>
    internal const string Origin = $"Made from the program itself; after a change `{Write}` writes it anew.";

    [Fact]
    public void The_page_of_commands_is_what_the_program_understands() => Check("commands.md", CommandPage.Text(CommandTree.Create()));

    [Fact]
    public void The_page_of_files_is_what_the_program_writes() => Check("files.md", FilePage.Text());

    private static void Check(string name, string expected)
    {
        var path = Path.Combine(HouseTests.Root(), "docs", "reference", name);
        if (Environment.GetEnvironmentVariable("ZOORANK_REFERENCE") == "write") File.WriteAllText(path, expected);
        var found = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        var line = found.Split('\n').Zip(expected.Split('\n')).TakeWhile(pair => pair.First == pair.Second).Count() + 1;
        Assert.True(found == expected, $"docs/reference/{name} differs from the program, from line {line} on. Write it anew: {Write}");
    }
}
