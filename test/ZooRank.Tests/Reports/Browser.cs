using System.Reflection;
using Microsoft.Playwright;
using ZooRank.Tests.Reports;

[assembly: AssemblyFixture(typeof(Browser))]

namespace ZooRank.Tests.Reports;

/// <summary>One Chromium for all tests that need a browser, started by the first of them; they skip, visibly, where none is installed.</summary>
public sealed class Browser : IAsyncLifetime
{
    private readonly SemaphoreSlim starting = new(1, 1);
    private IPlaywright? playwright;
    private IBrowser? browser;

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
        starting.Dispose();
    }

    /// <summary>A fresh profile, without a network unless one is asked for.</summary>
    public async Task<IBrowserContext> Open(BrowserNewContextOptions? options = null)
    {
        var path = ((string[])["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, "no Chromium on this machine");
        await starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (browser is null)
            {
                // The driver runs where NuGet unpacked it: nothing of its 140 MB is copied at build.
                Environment.SetEnvironmentVariable("PLAYWRIGHT_DRIVER_SEARCH_PATH", typeof(Browser).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "PlaywrightPackage").Value);
                playwright = await Playwright.CreateAsync();
                browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = path });
            }
        }
        finally
        {
            starting.Release();
        }
        options ??= new();
        options.Offline ??= true;
        return await browser.NewContextAsync(options);
    }
}
