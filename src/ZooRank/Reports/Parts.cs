using ZooRank.Metrics;
using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <summary>What several reports have.</summary>
internal static class Parts
{
    public const string PaperCitation = "D. Juodelyte, E. Ferrante, Y. Lu, P. Singh, J. Vanschoren, V. Cheplygina: On dataset transferability in medical image classification. arXiv 2412.20172, 2024.";

    private const string PaperBibtex = """
        @article{juodelyte2024dataset,
          title   = {On dataset transferability in medical image classification},
          author  = {Juodelyte, Dovile and Ferrante, Enzo and Lu, Yucheng and Singh, Prabhant and Vanschoren, Joaquin and Cheplygina, Veronika},
          journal = {arXiv preprint arXiv:2412.20172},
          year    = {2024}
        }
        """;

    /// <summary>The same about several things is said once.</summary>
    public static Markup Caveats(IReadOnlyList<Caveat> caveats) => caveats.Count == 0 ? default : Html($"""
        <ul class="caveats">{caveats.GroupBy(c => (c.Code, c.Message)).Select(g => Html($"""<li>{(g.Select(c => c.About).OfType<string>().ToList() is { Count: > 0 } about ? Html($"<strong>{Words.Names(about)}</strong>: ") : default)}{g.Key.Message}</li>"""))}</ul>

        """);

    /// <summary>Name and value, one below the other.</summary>
    public static Markup Facts(IEnumerable<(string Name, Markup Value)> facts) =>
        Html($"""<dl class="facts">{facts.Where(f => !f.Value.IsEmpty).Select(f => Html($"<div><dt>{f.Name}</dt><dd>{f.Value}</dd></div>"))}</dl>""");

    /// <summary>What can be opened.</summary>
    public static Markup More(string summary, Markup body) => body.IsEmpty ? default : Html($"<details><summary>{summary}</summary>{body}</details>");

    /// <summary>One of several bodies at a time: an accordion, of which the script makes a choice.</summary>
    /// <param name="name">Of the choice; a program's own, once on a page.</param>
    /// <param name="label">What is chosen.</param>
    /// <param name="bodies">By what they are called.</param>
    /// <param name="open">The one that is open at first.</param>
    public static Markup Choice(string name, string label, IReadOnlyList<(string Name, Markup Body)> bodies, int open) => bodies.Count == 0 ? default : Html($"""
        <div class="choice" data-label="{label}">{bodies.Select((b, i) => Html($"""
        <details name="{name}"{(i == open ? Html($" open=\"open\"") : default)}><summary><bdi>{b.Name}</bdi></summary>{b.Body}</details>

        """))}</div>

        """);

    /// <summary>Text to be copied.</summary>
    public static Markup Copy(string label, string text) => Html($"""<div class="copy"><pre tabindex="0" role="group" aria-label="{label}" dir="auto">{text}</pre></div>""");

    public static Markup Command(IReadOnlyList<string> command) => command.Count == 0 ? default : Copy("The command", Words.Command(command));

    /// <summary>Where the metrics named are from, and how to cite the paper and the program.</summary>
    public static Markup Citations(IEnumerable<string> metrics, string version)
    {
        var known = metrics.Distinct().Select(name => MetricList.All.FirstOrDefault(m => m.Name == name)).OfType<Metric>().ToList();
        return Html($"""
            <p>{PaperCitation} <a href="https://arxiv.org/abs/2412.20172">arXiv 2412.20172</a></p>
            {(known.Count == 0 ? default : DataTable.Of(Html($"The metrics, what they measure, and where they are from."), known,
            [
                new("metric", m => Cell.Name(m.Name)), new("what it measures", m => Cell.Text(m.Meaning), numeric: false), new("source", m => Cell.Text(m.Source), numeric: false),
            ]))}
            <h3>BibTeX</h3>
            {Copy("BibTeX of the paper and of ZooRank", $$$"""
                {{{PaperBibtex}}}

                @software{zoorank,
                  title   = {ZooRank},
                  author  = {{The ZooRank authors}},
                  version = {{{{Version(version)}}}},
                  year    = {2026},
                  license = {MIT}
                }
                """)}
            """);
    }

    /// <summary>Without the commit.</summary>
    public static string Version(string version) => version.Split('+')[0];

    public static Markup Foot(string version) => Html($"<p>Made by ZooRank {version}. This page is one file: it loads nothing and sends nothing.</p>");
}
