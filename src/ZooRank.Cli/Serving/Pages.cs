using System.Globalization;
using System.Reflection;
using ZooRank.Metrics;
using ZooRank.Reports;
using static ZooRank.Reports.Markup;

namespace ZooRank.Cli.Serving;

/// <summary>The server's own pages, in the dress of the reports.</summary>
internal static class Pages
{
    // Without script a browser loads the page again every few seconds.
    private const string Follow = """
        const told = new EventSource(location.pathname + '/events'), bar = document.getElementById('progress'), message = document.getElementById('message');
        told.onmessage = e => {
          const now = JSON.parse(e.data);
          message.textContent = now.message; bar.value = now.fraction;
          if (now.ended) { told.close(); location.replace(now.result ?? location.pathname); }
        };
        """;

    private const string Dress = """
        form.rank p, form.rank details { margin: 0 0 1.1rem; }
        form.rank label:not(:has(input)) { display: block; font-weight: 600; margin-bottom: .25rem; }
        form.rank small { display: block; margin-top: .25rem; }
        form.rank select, form.rank input:not([type=checkbox], [type=file]) { min-width: min(100%, 20rem); max-width: 100%; font: inherit; color: var(--ink); background: var(--raised); border: 1px solid var(--strong-line); border-radius: 6px; padding: .4rem .6rem; }
        form.rank input[type=file] { max-width: 100%; color: var(--ink); }
        form.rank details > :not(summary) { margin-left: 1.1rem; }
        form.rank details > summary + p { margin-top: 1rem; }
        form.rank button { font-size: 1rem; font-weight: 600; padding: .55rem 1.6rem; color: var(--paper); background: var(--link); border-color: var(--link); }
        progress { width: min(100%, 30rem); height: 1.1rem; accent-color: var(--s0); }
        """;

    private static readonly LivePage Plain = new("", Dress), Live = new(Follow, Dress, Refresh: 3);

    private static readonly Markup Foot = Html($"""<p>ZooRank {typeof(Pages).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]}, on this machine. Nothing is sent anywhere.</p>""");

    public static string Home(IReadOnlyList<StoredResult> results, IReadOnlyList<RankingJob> jobs, IReadOnlyList<Offer> data, IReadOnlyList<Offer> zoos, long largestUpload) => Page.Of("server", "Which model to fine-tune", default,
    [
        new("rank", "Rank", Form(data, zoos, largestUpload)),
        new("at-work", "At work, or failed", Jobs([.. jobs.Where(j => !j.Now.Report.Ended || j.Now.Report.State == JobState.Failed)])),
        new("results", "Results", Results(results)),
    ], Foot, Plain);

    public static string Job(RankingJob job)
    {
        var report = job.Now.Report;
        return Page.Of("ranking", job.Title, Html($"""
            <p role="status" id="message">{report.Message}</p>
            <p><progress id="progress" max="1" value="{report.Fraction}" aria-label="Share done">{Percent(report.Fraction)}</progress></p>
            {(report.Ended ? default : Html($"""<form method="post" action="/rankings/{job.Id}/cancel"><button type="submit">Cancel</button></form>"""))}
            <p><a href="/">All results</a></p>
            """), [], Foot, report.Ended ? Plain : Live);
    }

    public static string Problem(string title, string message) => Page.Of("server", title, Html($"""<p role="alert" dir="auto">{message}</p><p><a href="/">Back to the first page</a></p>"""), [], Foot, Plain);

    private static Markup Form(IReadOnlyList<Offer> data, IReadOnlyList<Offer> zoos, long largestUpload) => Html($"""
            <form method="post" action="/rankings" enctype="multipart/form-data" class="rank">
            {(data.Count == 0 ? default : Html($"""<p><label for="data">Data set</label> <select id="data" name="data">{data.Select(d => Option(d.Name, d.Name))}</select></p>"""))}
            {(largestUpload == 0 ? default : Html($"""<p><label for="file">{(data.Count > 0 ? "or send one" : "Data set")}</label> <input type="file" id="file" name="file" accept=".zip,.npz"/> <small>a .zip with a folder for each class, or a MedMNIST-style .npz; at most {(int)(largestUpload / 1_000_000)} MB; it stays on this machine</small></p>"""))}
            <p><label for="zoo">Source models</label> <select id="zoo" name="zoo" multiple="multiple" size="{Math.Clamp(zoos.Count, 2, 8)}" required="required">{zoos.Select((z, i) => Option(z.Name, z.Name, i == 0))}</select></p>
            <p><label for="probe">Images per class</label> <input type="number" id="probe" name="probe" value="100" min="1" max="10000"/></p>
            <details><summary>More</summary>
            <p><label for="by">Rank by</label> <select id="by" name="by">{Option("", "the paper's metric (lp_fu)", true)}{MetricList.All.Where(m => m != FeatureCombination.Metric).Select(m => Option(m.Name, m.Name))}</select></p>
            <p><label><input type="checkbox" name="all"/> Show every metric</label></p>
            <p><label><input type="checkbox" name="history"/> Let the published results, and those of the models that come with ZooRank, have a say</label></p>
            <p><label><input type="checkbox" name="thumbnails"/> Show the images, small, in the report</label></p>
            <p><label for="size">Image side in pixels</label> <input type="number" id="size" name="size" min="16" max="2048" placeholder="as each model states"/></p>
            <p><label for="seed">Seed of the draw</label> <input type="number" id="seed" name="seed" value="24" min="0" max="2147483647"/></p>
            </details>
            <p><button type="submit">Rank</button></p>
            </form>
            """);

    private static Markup Option(string value, string text, bool chosen = false) => Html($"""<option value="{value}"{(chosen ? Html($" selected=\"selected\"") : default)}>{text}</option>""");

    private static Markup Jobs(List<RankingJob> jobs) => jobs.Count == 0 ? default : Html($"""
        <ul>{jobs.Select(j => Html($"""<li><a href="/rankings/{j.Id}"><bdi>{j.Title}</bdi></a>: {j.Now.Report.Message}</li>"""))}</ul>
        """);

    private static Markup Results(IReadOnlyList<StoredResult> results) => results.Count == 0 ? Html($"<p>There are none yet. Rankings made here appear in this list, and any ranking, evaluation or store of runs that is put into the folder.</p>") : Html($"""
        <div class="scroll"><table><caption>The newest first.</caption><thead><tr><th scope="col">result</th><th scope="col">what it is</th><th scope="col">written (UTC)</th></tr></thead>
        <tbody>{results.Select(r => Html($"""<tr><th scope="row"><a href="/results/{Uri.EscapeDataString(r.Name)}"><bdi>{r.Name}</bdi></a></th><td><bdi>{r.Summary}</bdi></td><td>{r.Changed.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}</td></tr>"""))}</tbody></table></div>
        """);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %");
}
