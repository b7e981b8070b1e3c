using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using ZooRank.Demo;
using ZooRank.Tests.Features;
using ZooRank.Tests.Reports;

namespace ZooRank.Tests.Cli;

/// <summary>The form of <c>zoorank serve</c> as a person uses it.</summary>
public sealed class ServeInBrowserTests(Browser browser) : IDisposable
{
    private readonly CommandLine zoorank = new();

    public void Dispose() => zoorank.Dispose();

    [Fact]
    public async Task A_ranking_is_started_by_the_form_followed_live_and_shown_when_it_is_done()
    {
        using (Pictures.Drawn(zoorank.Folder, Motif.Brightness, 8))
        {
        }
        foreach (var seed in new[] { 0, 3 }) Pictures.Checkpoint(zoorank.Folder[$"zoo/model{seed}.safetensors"], "shufflenet_v2_x0_5", seed: seed);
        await using var context = await browser.Open(new() { Offline = false });
        using var server = zoorank.Start("serve", "--port", "0", "--results", zoorank.Folder["results"], "--data", zoorank.Folder["target.npz"], "--zoo", zoorank.Folder["zoo"], "--threads", "1");
        try
        {
            var address = (await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!;
            var page = await context.NewPageAsync();
            var (complaints, foreign) = (new List<string>(), new List<string>());
            page.Console += (_, message) => complaints.Add(message.Text);
            page.PageError += (_, error) => complaints.Add(error);
            page.Request += (_, request) =>
            {
                if (!request.Url.StartsWith(address, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal)) foreign.Add(request.Url);
            };
            await page.GotoAsync(address);
            await page.GetByLabel("Images per class").FillAsync("8");
            await page.GetByText("More", new() { Exact = true }).ClickAsync();
            await page.GetByLabel("Image side in pixels").FillAsync("32");
            await page.GetByRole(AriaRole.Button, new() { Name = "Rank", Exact = true }).ClickAsync();
            await page.WaitForURLAsync("**/results/target-*", new() { Timeout = 120_000 });   // by way of the page that follows it
            await Assertions.Expect(page.Locator("#models table")).ToContainTextAsync("model3");
            Assert.Empty(complaints);
            Assert.Empty(foreign);

            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await using var narrow = await browser.Open(new() { ColorScheme = scheme, Offline = false, BypassCSP = true, ViewportSize = new() { Width = 400, Height = 800 } });   // axe brings its own script
                var home = await narrow.NewPageAsync();
                await home.GotoAsync(address);
                Assert.True(await home.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 400);
                Assert.Empty((await home.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical").SelectMany(v => v.Nodes.Select(n => $"{v.Id}: {n.Html}")));
            }
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }
}
