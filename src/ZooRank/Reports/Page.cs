using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <param name="Id">For links; a program's own.</param>
/// <param name="Heading">Of the section.</param>
/// <param name="Body">What is below it.</param>
public sealed record Section(string Id, string Heading, Markup Body);

/// <param name="Script">A script of the server's own; empty: none. Without a "&lt;" or "&amp;", so that the page stays XML.</param>
/// <param name="Style">Rules beside those of all pages.</param>
/// <param name="Refresh">Seconds after which a browser without script loads it again; null: never.</param>
public sealed record LivePage(string Script, string Style = "", int? Refresh = null);

/// <summary>
/// A page that needs nothing but itself: style and script are in it, its policy forbids every load and every script but its own (by hash), and it can be read, and used, without the script. It is well-formed XML.
/// </summary>
public static class Page
{
    private static readonly string Style = Resource("report.css"), Script = $"//<![CDATA[\n{Resource("report.js")}//]]>";

    private const string Base = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'";

    private static readonly string Policy = $"{Base}; script-src {Hash(Script)}; form-action 'none'";

    /// <param name="kind">What kind of page, in a word or two.</param>
    /// <param name="title">What it is about.</param>
    /// <param name="lead">What is said first, above all sections.</param>
    /// <param name="sections">In order; those without a body are left out.</param>
    /// <param name="foot">Last line.</param>
    /// <param name="live">What a page that a server gives may do more; null: nothing.</param>
    public static string Of(string kind, string title, Markup lead, IReadOnlyList<Section> sections, Markup foot, LivePage? live = null)
    {
        var policy = live is null ? Policy : $"{Base}; script-src {Hash(Script)} {Hash(live.Script)}; form-action 'self'; connect-src 'self'";
        var shown = sections.Where(s => !s.Body.IsEmpty).ToList();
        return Html($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="{policy}"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <meta name="referrer" content="{(live is null ? "no-referrer" : "same-origin")}"/>
            <meta name="generator" content="ZooRank"/>
            <title>{title} · {kind} · ZooRank</title>
            <link rel="icon" href="data:,"/>{(live?.Refresh is { } seconds ? Html($"""<noscript><meta http-equiv="refresh" content="{seconds}"/></noscript>""") : default)}
            <style>
            {Own(Style)}{Own(live?.Style ?? "")}</style>
            </head>
            <body>
            <a class="skip" href="#content">Skip to the content</a>
            <header class="top"><p><strong>ZooRank</strong> <span>{kind}</span></p><button type="button" id="theme" hidden="hidden">Theme: as the system</button></header>
            <div class="page">
            {(shown.Count == 0 ? default : Html($"""<nav aria-label="Contents"><h2>Contents</h2><ol>{shown.Select(s => Html($"""<li><a href="#{s.Id}">{s.Heading}</a></li>"""))}</ol></nav>"""))}
            <main id="content" tabindex="-1">
            <h1 dir="auto">{title}</h1>
            {lead}
            {shown.Select(s => Html($"""
            <section id="{s.Id}" aria-labelledby="{s.Id}-h"><h2 id="{s.Id}-h">{s.Heading}</h2>
            {s.Body}</section>

            """))}</main>
            </div>
            <footer>{foot}</footer>
            <script>{Own(Script)}</script>{(live is { Script.Length: > 0 } ? Html($"<script>{Own(live.Script)}</script>") : default)}
            </body>
            </html>

            """).ToString();
    }

    /// <summary>Refuses, before work that ends in a page, a name by which no browser would open it, or that is another file's.</summary>
    /// <param name="option">As the user gave it.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It ends neither in .html nor in .htm.</exception>
    public static void CheckName(string option, string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is not (".html" or ".htm")) throw new InvalidInputException($"{option} {path}: a page is written; give a name that ends in .html.");
    }

    private static string Hash(string script) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'";

    private static string Resource(string name)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
