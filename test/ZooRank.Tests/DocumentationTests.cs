using System.Text.RegularExpressions;
using ZooRank.Tests.Cli;

namespace ZooRank.Tests;

/// <summary>What the documentation says can be done can be done.</summary>
public partial class DocumentationTests
{
    private static IEnumerable<string> Pages =>
        new[] { "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "shipped/README.md", "bench/README.md", "src/ZooRank/README.md", "src/ZooRank.Cli/README.md" }.Select(f => Path.Combine(HouseTests.Root(), f))
            .Concat(Directory.EnumerateFiles(Path.Combine(HouseTests.Root(), "docs"), "*.md", SearchOption.AllDirectories));

    [Fact]
    public void Every_link_leads_to_a_file_and_to_a_heading_in_it()
    {
        var broken = new List<string>();
        foreach (var page in Pages)
        {
            foreach (Match link in Link().Matches(File.ReadAllText(page)))
            {
                if (link.Groups[1].Value.Contains("://", StringComparison.Ordinal)) continue;
                var parts = link.Groups[1].Value.Split('#');
                var file = parts[0].Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, parts[0]);
                if (!Path.Exists(file)) broken.Add($"{page}: {link.Groups[1].Value}: no such file");
                else if (parts.Length > 1 && !File.ReadLines(file).Where(l => l.StartsWith('#')).Select(Anchor).Contains(parts[1])) broken.Add($"{page}: {link.Groups[1].Value}: no such heading");
            }
        }
        Assert.Empty(broken);
    }

    [Fact]
    public void The_features_that_the_Python_of_the_documentation_writes_are_scored()
    {
        var code = PythonBlock().Match(File.ReadAllText(Path.Combine(HouseTests.Root(), "docs", "python.md"))).Groups[1].Value;
        using var program = new CommandLine();
        Python.Run("numpy, torch, torchvision", code + """

            torch.manual_seed(1)
            labels = torch.arange(40) % 2
            images = torch.randn(40, 3, 64, 64) + labels.view(-1, 1, 1, 1)
            for name in 'ab':
                network = torchvision.models.resnet18(num_classes=7)
                export(network, network.fc, images, labels, sys.argv[1] + '/' + name + '.npz')
            """, program.Folder.Path);
        var (code2, output, error) = program.Run("score", "a.npz", "b.npz", "--json");
        Assert.True(code2 == 0, error);
        Assert.Contains("\"leep\"", output, StringComparison.Ordinal);
        Assert.Contains("\"logme\"", output, StringComparison.Ordinal);
    }

    // As GitHub makes them.
    private static string Anchor(string heading) => NotInAnchors().Replace(heading.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"```python\n(import numpy.*?)```", RegexOptions.Singleline)]
    private static partial Regex PythonBlock();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
