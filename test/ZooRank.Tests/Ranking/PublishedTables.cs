using System.Globalization;

namespace ZooRank.Tests.Ranking;

/// <summary>The paper's own scores and accuracies (../shared/paper): rows are sources, columns targets.</summary>
internal static class PublishedTables
{
    public static Dictionary<string, Dictionary<string, double>> Read(string name)
    {
        var lines = File.ReadAllLines(SharedFolder.Require("paper", name + ".csv")).Select(l => l.Split(',')).ToList();
        var targets = lines[0];
        return lines.Skip(1).ToDictionary(cells => cells[1], cells => Enumerable.Range(2, cells.Length - 2).Where(i => cells[i].Length > 0)
            .ToDictionary(i => targets[i], i => double.Parse(cells[i], CultureInfo.InvariantCulture)));
    }
}
