using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using ZooRank.Demo;
using ZooRank.Tests.Features;

namespace ZooRank.Tests.Cli;

/// <summary>The server as a browser meets it: a process of its own on a port that was free.</summary>
public sealed class ServeCommandTests : IDisposable
{
    private readonly CommandLine zoorank = new();
    private readonly HttpClient browser = new(new HttpClientHandler { AllowAutoRedirect = false });
    private readonly Process server;
    private readonly Uri address;

    public ServeCommandTests()
    {
        using (Pictures.Drawn(zoorank.Folder, Motif.Brightness, 8))
        {
        }
        foreach (var (name, seed) in new[] { ("a", 0), ("<b> & \"c\"", 3) }) Pictures.Checkpoint(zoorank.Folder[$"zoo/{name}.safetensors"], "shufflenet_v2_x0_5", seed: seed);
        server = zoorank.Start("serve", "--port", "0", "--results", Results, "--data", zoorank.Folder.Path, "--zoo", zoorank.Folder["zoo"], "--max-upload", "1", "--threads", "1");
        address = new(server.StandardOutput.ReadLine() ?? throw new InvalidOperationException(server.StandardError.ReadToEnd()));
    }

    private string Results => zoorank.Folder["results"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (!server.HasExited) server.Kill();
        server.WaitForExit();
        server.Dispose();
        browser.Dispose();
        zoorank.Dispose();
    }

    private async Task<(HttpStatusCode Code, string Body)> Get(string path)
    {
        using var answer = await browser.GetAsync(new Uri(address, path), Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private Task<HttpResponseMessage> Order(IEnumerable<(string Name, string Value)> fields, byte[]? file = null, string fileName = "set.npz", string? origin = null)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, value) in fields) form.Add(new StringContent(value), name);
        if (file is not null) form.Add(new ByteArrayContent(file), "file", fileName);
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, "/rankings")) { Content = form };
        request.Headers.ExpectContinue = true;   // asks before it sends: an answer that comes first is not lost in a broken pipe
        if (origin is not null) request.Headers.Add("Origin", origin);
        return browser.SendAsync(request, Cancellation);
    }

    // The name of the data set that is offered.
    private string Data => Directory.EnumerateFiles(zoorank.Folder.Path, "*.npz").Concat(Directory.EnumerateFiles(zoorank.Folder.Path, "*.zip")).Select(f => Path.GetFileName(f)!).First();

    [Fact]
    public async Task A_ranking_is_asked_for_followed_and_kept()
    {
        var home = await Get("/");
        Assert.Equal(HttpStatusCode.OK, home.Code);
        Assert.Contains(Data, home.Body, StringComparison.Ordinal);
        using var accepted = await Order([("data", Data), ("zoo", "zoo"), ("probe", "8"), ("size", "32"), ("history", "on")], origin: address.GetLeftPart(UriPartial.Authority));
        Assert.Equal(HttpStatusCode.Redirect, accepted.StatusCode);
        var job = accepted.Headers.Location!.ToString();

        var told = new List<JsonNode>();
        using (var events = new StreamReader(await browser.GetStreamAsync(new Uri(address, job + "/events"), Cancellation)))
            while (await events.ReadLineAsync(Cancellation) is { } line)
                if (line.StartsWith("data: ", StringComparison.Ordinal)) told.Add(JsonNode.Parse(line[6..])!);
        Assert.True((bool)told[^1]["ended"]!, told[^1].ToJsonString());
        var result = (string)told[^1]["result"]!;
        Assert.Equal(told.Select(t => (double)t["fraction"]!).Order(), told.Select(t => (double)t["fraction"]!));

        var page = await Get(result);
        Assert.Equal(HttpStatusCode.OK, page.Code);
        Assert.Contains("&lt;b&gt; &amp; &quot;c&quot;", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("<b> &", page.Body, StringComparison.Ordinal);
        var json = JsonNode.Parse((await Get(result + "/json")).Body)!;
        Assert.Equal(2, json["models"]!.AsArray().Count);
        Assert.Contains(json["caveats"]!.AsArray(), c => (string?)c!["code"] == "no-history");
        Assert.Equal(HttpStatusCode.Redirect, (await Get(job)).Code);   // to the result
        Assert.Contains(Uri.EscapeDataString(Path.GetFileNameWithoutExtension(Directory.EnumerateFiles(Results, "*.json").Single())), (await Get("/")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_its_own_pages_may_order_and_only_its_own_name_is_answered()
    {
        using (var foreign = await Order([("data", Data), ("zoo", "zoo")], origin: "http://evil.example")) Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Host = "evil.example";
        using var rebound = await browser.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, rebound.StatusCode);
        Assert.DoesNotContain(Data, await rebound.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/results/..%2F..%2Fetc%2Fpasswd")]
    [InlineData("/results/%2Fetc%2Fpasswd/json")]
    [InlineData("/results/uploads")]
    [InlineData("/rankings/0000000000000000")]
    [InlineData("/nowhere")]
    public async Task Nothing_outside_its_results_is_reached(string path)
    {
        await File.WriteAllTextAsync(Path.Combine(zoorank.Folder.Path, "secret.json"), "{\"models\":[]}", Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, (await Get(path)).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await Get("/results/..%2Fsecret")).Code);
    }

    [Fact]
    public async Task A_form_that_is_wrong_is_answered_with_what_is_wrong()
    {
        foreach (var (fields, complaint) in new (IEnumerable<(string, string)>, string)[]
        {
            ([("zoo", "zoo")], "no data set is chosen"),
            ([("zoo", "zoo"), ("data", "../secret")], "there is no data set &#39;../secret&#39; here"),
            ([("data", Data)], "no zoo is chosen"),
            ([("data", Data), ("zoo", "/etc")], "there is no zoo &#39;/etc&#39; here"),
            ([("data", Data), ("zoo", "zoo"), ("probe", "0")], "a whole number from 1 to 10000 is wanted"),
            ([("data", Data), ("zoo", "zoo"), ("by", "<script>")], "Unknown metric &#39;&lt;script&gt;&#39;"),
        })
        {
            using var answer = await Order(fields);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains(complaint, await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }
        Assert.Empty(Directory.EnumerateFiles(Results, "*.json"));
    }

    [Fact]
    public async Task What_is_sent_is_looked_at_before_it_is_kept_and_may_not_be_larger_than_allowed()
    {
        using (var broken = await Order([("zoo", "zoo")], [1, 2, 3])) Assert.Equal(HttpStatusCode.BadRequest, broken.StatusCode);
        using (var other = await Order([("zoo", "zoo")], [1, 2, 3], "../../evil.sh")) Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
        using (var large = await Order([("zoo", "zoo")], new byte[3_000_000]))
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
            Assert.Contains("at most 1 MB", await large.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }
        var uploads = Path.Combine(Results, "uploads");
        Assert.True(!Directory.Exists(uploads) || !Directory.EnumerateFileSystemEntries(uploads).Any());
        Assert.False(File.Exists(Path.Combine(zoorank.Folder.Path, "evil.sh")));
        using var good = await Order([("zoo", "zoo"), ("probe", "8"), ("size", "32")], await File.ReadAllBytesAsync(Path.Combine(zoorank.Folder.Path, Data), Cancellation), "../my set" + Path.GetExtension(Data));
        Assert.Equal(HttpStatusCode.Redirect, good.StatusCode);
        Assert.StartsWith("my", Path.GetFileName(Directory.EnumerateFiles(uploads, "*", SearchOption.AllDirectories).Single()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ranking_can_be_cancelled_and_Ctrl_C_ends_the_server_while_one_is_followed()
    {
        using var first = await Order([("data", Data), ("zoo", "zoo"), ("probe", "8")]);
        using var second = await Order([("data", Data), ("zoo", "zoo"), ("probe", "8")]);
        var waiting = second.Headers.Location!.ToString();
        using (var cancelled = await browser.PostAsync(new Uri(address, waiting + "/cancel"), null, Cancellation)) Assert.Equal(HttpStatusCode.Redirect, cancelled.StatusCode);
        var events = await browser.GetStringAsync(new Uri(address, waiting + "/events"), Cancellation);   // ends, since it has ended
        Assert.Contains("\"ended\":true", events, StringComparison.Ordinal);

        var followed = browser.GetStringAsync(new Uri(address, first.Headers.Location + "/events"), Cancellation);
        using (var interrupt = Process.Start("kill", ["-INT", server.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await interrupt!.WaitForExitAsync(Cancellation);
        Assert.Contains("\"ended\":true", await followed, StringComparison.Ordinal);
        await server.WaitForExitAsync(Cancellation);
        Assert.Equal(0, server.ExitCode);
    }

    [Fact]
    public async Task A_damaged_result_is_shown_as_such()
    {
        await File.WriteAllTextAsync(Path.Combine(Results, "broken.json"), "{", Cancellation);
        Assert.Contains("broken", (await Get("/")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Get("/results/broken")).Code);
    }
}
