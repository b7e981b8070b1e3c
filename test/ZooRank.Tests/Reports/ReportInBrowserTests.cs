using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace ZooRank.Tests.Reports;

/// <summary>The pages as a browser without a network opens them from disk.</summary>
public sealed class ReportInBrowserTests(Browser browser) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Kinds => ["ranking", "evaluation", "truth"];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_page_of_hostile_names_asks_for_nothing_complains_of_nothing_and_runs_no_script_of_theirs(string kind)
    {
        await using var context = await browser.Open();
        var page = await context.NewPageAsync();
        var (requests, complaints) = (new List<string>(), new List<string>());
        page.Request += (_, request) => requests.Add(request.Url);
        page.Console += (_, message) => complaints.Add(message.Text);
        page.PageError += (_, error) => complaints.Add(error);
        page.Dialog += (_, dialog) => { complaints.Add(dialog.Message); dialog.DismissAsync(); };
        await Open(page, kind, MadeResults.Hostile);
        Assert.Equal([page.Url], requests.Where(r => !r.StartsWith("data:", StringComparison.Ordinal)));
        Assert.Empty(complaints);
        Assert.DoesNotContain("owned", (await page.TitleAsync()).Split('·')[^1], StringComparison.Ordinal);
        Assert.NotEqual("owned", await page.TitleAsync());
        Assert.Equal((0, 1), (await page.Locator("img, object, iframe").CountAsync(), await page.Locator("script").CountAsync()));
        Assert.True(await page.GetByText(MadeResults.Hostile[0], new() { Exact = true }).CountAsync() > 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_narrow_page_does_not_scroll_sideways_whatever_the_names(string kind)
    {
        await using var context = await browser.Open(new() { ViewportSize = new() { Width = 400, Height = 800 } });
        var page = await context.NewPageAsync();
        foreach (var names in new[] { MadeResults.Plain, MadeResults.Hostile })
        {
            await Open(page, kind, names);
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 400);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Nothing_keeps_people_from_reading_it_in_either_theme(string kind)
    {
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await using var context = await browser.Open(new() { ColorScheme = scheme, BypassCSP = true });   // axe brings its own script
            var page = await context.NewPageAsync();
            await Open(page, kind, MadeResults.Plain);
            await page.EvaluateAsync("document.querySelectorAll('details:not(.choice > details)').forEach(d => { d.open = true; })");
            var grave = (await page.RunAxe()).Violations.Where(v => v.Impact is "serious" or "critical");
            Assert.Empty(grave.SelectMany(v => v.Nodes.Take(3).Select(n => $"{v.Id}: {n.Html} {string.Join("; ", n.Any.Concat(n.All).Select(c => c.Message))}")));
        }
    }

    [Fact]
    public async Task The_theme_follows_the_system_until_another_is_chosen()
    {
        await using var context = await browser.Open(new() { ColorScheme = ColorScheme.Dark });
        var page = await context.NewPageAsync();
        await Open(page, "ranking", MadeResults.Plain);
        Assert.True(await Darkness(page));
        var button = page.Locator("#theme");
        await button.ClickAsync();
        Assert.True(await Darkness(page));
        await button.ClickAsync();
        Assert.False(await Darkness(page));
        await page.ReloadAsync();
        Assert.False(await Darkness(page));
        Assert.Equal("Theme: light", await button.TextContentAsync());

        static Task<bool> Darkness(IPage page) => page.EvaluateAsync<bool>("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]) < 128");
    }

    [Fact]
    public async Task A_table_is_sorted_by_a_click_and_by_the_keyboard_and_what_has_no_number_stays_last()
    {
        await using var context = await browser.Open();
        var page = await context.NewPageAsync();
        await Open(page, "ranking", MadeResults.Plain);
        var table = page.Locator("#models table");
        Task<IReadOnlyList<string>> Names() => table.Locator("tbody th").AllTextContentsAsync();
        Assert.Equal(MadeResults.Plain, await Names());
        var score = table.GetByRole(AriaRole.Button, new() { Name = "score", Exact = true });
        await score.ClickAsync();
        Assert.Equal("descending", await table.Locator("th[aria-sort]").GetAttributeAsync("aria-sort"));
        Assert.Equal(MadeResults.Plain, await Names());
        await score.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("ascending", await table.Locator("th[aria-sort]").GetAttributeAsync("aria-sort"));
        Assert.Equal([.. MadeResults.Plain.Take(5).Reverse(), MadeResults.Plain[5]], await Names());
        await table.GetByRole(AriaRole.Button, new() { Name = "model", Exact = true }).ClickAsync();
        Assert.Equal(MadeResults.Plain.Order(StringComparer.Ordinal), await Names());
    }

    [Fact]
    public async Task A_point_says_its_name_to_the_pointer_and_to_the_keyboard()
    {
        await using var context = await browser.Open();
        var page = await context.NewPageAsync();
        await Open(page, "ranking", MadeResults.Hostile);
        var points = page.Locator("#plane .points path");
        await points.First.HoverAsync(new() { Force = true });
        var tip = page.Locator(".tip");
        Assert.True(await tip.IsVisibleAsync());
        Assert.Equal(MadeResults.Hostile[0], await tip.Locator("b").TextContentAsync());
        await points.First.FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        Assert.StartsWith(MadeResults.Hostile[1], await tip.TextContentAsync(), StringComparison.Ordinal);
        Assert.StartsWith(MadeResults.Hostile[1], await page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label')"), StringComparison.Ordinal);
        await page.Locator("#classes .pair figure:nth-child(2) .points path").First.HoverAsync(new() { Force = true });
        Assert.StartsWith("data:image/png", await tip.Locator("img").GetAttributeAsync("src"), StringComparison.Ordinal);
        Assert.Equal(2, await page.Locator(".points .same").CountAsync());
    }

    [Fact]
    public async Task Another_metric_can_be_chosen_with_and_without_the_script()
    {
        foreach (var script in new[] { true, false })
        {
            await using var context = await browser.Open(new() { JavaScriptEnabled = script });
            var page = await context.NewPageAsync();
            await Open(page, "evaluation", MadeResults.Plain);
            var panels = page.Locator("#scores .panels");
            Assert.Equal([true], (await Task.WhenAll((await panels.AllAsync()).Select(p => p.IsVisibleAsync()))).Where(v => v));
            if (script) await page.Locator("#scores select").SelectOptionAsync("fu");
            else await page.Locator("#scores summary", new() { HasTextRegex = new("^fu$") }).ClickAsync();
            Assert.True(await page.Locator("#scores details[open] figure").First.IsVisibleAsync());
            Assert.StartsWith("fu against AUC", await page.Locator("#scores .choice > details[open] svg").First.GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        }
    }

    private async Task Open(IPage page, string kind, IReadOnlyList<string> names)
    {
        var file = folder[$"{kind}.html"];
        await File.WriteAllTextAsync(file, MadeResults.Pages(names).Single(p => p.Kind == kind).Page, TestContext.Current.CancellationToken);
        await page.GotoAsync(new Uri(file).AbsoluteUri);
    }
}
