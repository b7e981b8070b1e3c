using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;
using ZooRank.Cli.Display;
using ZooRank.Metrics;

namespace ZooRank.Cli.Commands;

/// <summary>What each metric means.</summary>
internal static class MetricsCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("NAME") { Description = "One metric; without it, all.", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Print it as JSON." };
        var command = new Command("metrics", "Say what each metric means, its paper, what it needs, its range, when it is undefined.") { name, json };
        command.SetAction(parsed =>
        {
            IReadOnlyList<Metric> shown = parsed.GetValue(name) is { } wanted ? [MetricList.Get(wanted)] : MetricList.All;
            if (parsed.GetValue(json)) Console.Out.WriteLine(JsonOutput.Text(new JsonArray([.. shown.Select(Json)])));
            else if (shown.Count == 1) Describe(shown[0], Terminal.Output);
            else List(Terminal.Output);
            return ExitCode.Done;
        });
        return command;
    }

    private static void List(IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("metric").NoWrap()).AddColumn("needs").AddColumn("what it measures");
        foreach (var m in MetricList.All) table.AddRow(Markup.Escape(m.Name), Markup.Escape(Needs(m)), Markup.Escape(m.Meaning));
        console.Write(table);
        console.WriteLine("Higher is better, always. One in full: zoorank metrics NAME. A name with ':published' is what the code behind the paper's tables computes, where that differs from the definition.");
    }

    private static void Describe(Metric m, IAnsiConsole console)
    {
        console.WriteLine($"{m.Name}: {m.Meaning}");
        console.WriteLine($"  source:     {m.Source}");
        console.WriteLine($"  range:      {m.Range}");
        console.WriteLine($"  needs:      {Needs(m)}");
        console.WriteLine($"  undefined:  {(m.UndefinedWhen.Length > 0 ? m.UndefinedWhen : "never, on valid input")}");
        console.WriteLine($"  several labels per image: {(m.MultiLabel ? "yes" : "no")}");
        var variants = MetricList.All.Where(v => v.Family == m.Family && v != m).Select(v => v.Name).ToList();
        if (variants.Count > 0) console.WriteLine($"  see also:   {string.Join(", ", variants)}");
    }

    private static JsonObject Json(Metric m) => new()
    {
        ["name"] = m.Name,
        ["meaning"] = m.Meaning,
        ["source"] = m.Source,
        ["range"] = m.Range,
        ["undefined_when"] = m.UndefinedWhen,
        ["needs"] = JsonOutput.Strings(Parts(m)),
        ["multi_label"] = m.MultiLabel,
    };

    private static string Needs(Metric m) => string.Join(", ", Parts(m));

    private static IEnumerable<string> Parts(Metric m) =>
    [
        .. m.Needs == MetricNeeds.Logits ? Array.Empty<string>() : m.Name == FeatureUpdate.Metric.Name ? [] : ["features"],
        "labels",
        .. m.Needs.HasFlag(MetricNeeds.Logits) ? ["logits"] : Array.Empty<string>(),
        .. m.Needs.HasFlag(MetricNeeds.Gradients) ? ["gradient norms"] : Array.Empty<string>(),
        .. m.Needs.HasFlag(MetricNeeds.Zoo) ? ["several models"] : Array.Empty<string>(),
    ];
}
