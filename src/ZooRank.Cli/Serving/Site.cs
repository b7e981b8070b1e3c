using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ZooRank.Reports;

namespace ZooRank.Cli.Serving;

/// <param name="Address">Where to listen.</param>
/// <param name="Port">0: any that is free.</param>
/// <param name="LargestUpload">Bytes of a data set that may be sent; 0: none.</param>
internal sealed record SiteOptions(IPAddress Address, int Port, long LargestUpload);

/// <summary>
/// The web server of <c>zoorank serve</c>: the results of one folder as pages, and a form that starts a ranking. It answers only requests that name it as it was started, so that no other site can speak to it through a reader's
/// browser (DNS rebinding), and takes orders from its own pages alone.
/// </summary>
internal static class Site
{
    private const int FormOverhead = 1 << 20;

    /// <param name="options">Where and how much.</param>
    /// <param name="results">What is shown, and where rankings are kept.</param>
    /// <param name="data">The data sets of the form.</param>
    /// <param name="zoos">The zoos of the form.</param>
    /// <param name="jobs">Rankings at work.</param>
    /// <param name="rank">Ranks as a form says, and returns the result's name.</param>
    public static WebApplication Build(
        SiteOptions options, ResultsFolder results, IReadOnlyList<Offer> data, IReadOnlyList<Offer> zoos, RankingJobs jobs, Func<RankingForm, IProgress<Ranking.RankingProgress>, CancellationToken, string> rank)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "zoorank" });
        builder.Logging.ClearProviders();
        builder.Services.AddRoutingCore();
        builder.Services.Configure<FormOptions>(f => f.MultipartBodyLengthLimit = options.LargestUpload + FormOverhead);
        builder.Services.Configure<ConsoleLifetimeOptions>(c => c.SuppressStatusMessages = true);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = options.LargestUpload + FormOverhead;
            k.Listen(options.Address, options.Port);
        });
        var app = builder.Build();
        app.Use(Guard(options));
        app.UseRouting();

        app.MapGet("/", () => Page(Pages.Home(results.List(), jobs.List, data, zoos, options.LargestUpload)));
        app.MapGet("/results/{name}", (string name) => results.Find(name) is { } found ? Report(found) : Missing("result"));
        app.MapGet("/results/{name}/json", (string name) => results.Find(name) is { IsStore: false } found ? Results.Stream(File.OpenRead(found.Path), "application/json") : Missing("result"));
        app.MapPost("/rankings", async (HttpContext context) =>
        {
            try
            {
                var form = await RankingForm.Read(context.Request, data, zoos, results, options.LargestUpload, context.RequestAborted);
                try
                {
                    return Results.Redirect($"/rankings/{jobs.Add(form.Title, (progress, stop) => rank(form, progress, stop)).Id}");
                }
                catch (InvalidInputException)
                {
                    RankingForm.Forget(form, results);
                    throw;
                }
            }
            catch (InvalidInputException e)
            {
                return Page(Pages.Problem("This cannot be ranked", e.Message), StatusCodes.Status400BadRequest);
            }
            catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
            {
                return Page(Pages.Problem("Too large", $"Files of at most {options.LargestUpload / 1_000_000} MB are taken (--max-upload). Larger data sets: start the server with --data."), e.StatusCode);
            }
            catch (Exception e) when (e is BadHttpRequestException or InvalidDataException)
            {
                return Page(Pages.Problem("This form cannot be read", e.Message.Split('\n')[0]), StatusCodes.Status400BadRequest);
            }
        });
        app.MapGet("/rankings/{id}", (string id) => jobs.Find(id) is not { } job ? Missing("ranking")
            : job.Now.Report is { Result: { } result } ? Results.Redirect($"/results/{Uri.EscapeDataString(result)}") : Page(Pages.Job(job)));
        app.MapGet("/rankings/{id}/events", async (string id, HttpContext context) =>
        {
            if (jobs.Find(id) is not { } job)
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                var (report, changed) = job.Now;
                var told = JsonSerializer.Serialize(new JobEvent(report.Message, report.Fraction, report.Ended, report.Result is { } result ? $"/results/{Uri.EscapeDataString(result)}" : null), JobEventJson.Default.JobEvent);
                await context.Response.WriteAsync($"data: {told}\n\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                if (report.Ended) return;
                await Task.WhenAny(changed, Task.Delay(TimeSpan.FromSeconds(15), context.RequestAborted));
            }
        });
        app.MapPost("/rankings/{id}/cancel", (string id) =>
        {
            if (jobs.Find(id) is not { } job) return Missing("ranking");
            job.Cancel();
            return Results.Redirect($"/rankings/{id}");
        });
        app.MapFallback(() => Missing("page"));
        return app;
    }

    private static Func<HttpContext, RequestDelegate, Task> Guard(SiteOptions options) => async (context, next) =>
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers["X-Content-Type-Options"] = "nosniff";
        response.Headers["X-Frame-Options"] = "DENY";
        response.Headers["Referrer-Policy"] = "same-origin";   // without any a browser would not say where an order comes from
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (!Answers(options.Address, request.Host.Host))
        {
            response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            await response.WriteAsync("This server answers to its own address only.\n");
            return;
        }
        // A browser says from where an order comes; programs, which say nothing, do not act for a page.
        var (origin, site) = (request.Headers.Origin.ToString(), request.Headers["Sec-Fetch-Site"].ToString());
        var own = site.Length > 0 ? site is "same-origin" or "none" : origin.Length == 0 || origin == $"{request.Scheme}://{request.Host}";
        if (!own && !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.StatusCode = StatusCodes.Status403Forbidden;
            await response.WriteAsync("Orders are taken from this server's own pages only.\n");
            return;
        }
        await next(context);
    };

    // By the address it was given, or as this machine is called; a name of another's choice may be another site's.
    private static bool Answers(IPAddress address, string host)
    {
        var known = IPAddress.TryParse(host.Trim('[', ']'), out var asked);
        if (IPAddress.IsLoopback(address)) return host == "localhost" || (known && IPAddress.IsLoopback(asked!));
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) return known || host == "localhost" || host.Split('.')[0].Equals(Dns.GetHostName().Split('.')[0], StringComparison.OrdinalIgnoreCase);
        return known && asked!.Equals(address);
    }

    private static IResult Report(StoredResult result)
    {
        try
        {
            return Page(ReportInput.PageOf(result.Path));
        }
        catch (InvalidInputException e)
        {
            return Page(Pages.Problem("This result cannot be shown", e.Message), StatusCodes.Status422UnprocessableEntity);
        }
    }

    private static IResult Missing(string what) => Page(Pages.Problem("Not here", $"There is no such {what}."), StatusCodes.Status404NotFound);

    private static IResult Page(string html, int status = StatusCodes.Status200OK) => Results.Content(html, "text/html; charset=utf-8", statusCode: status);
}
