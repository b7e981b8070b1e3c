using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using ZooRank.Downloads;

namespace ZooRank.Tests.Downloads;

public sealed class DownloaderTests : IDisposable
{
    private static readonly byte[] File1 = Content(seed: 1);
    private static readonly byte[] File2 = Content(seed: 2);

    private readonly string folder = Directory.CreateTempSubdirectory("zoorank-downloads-").FullName;
    private readonly List<TimeSpan> waits = [];

    private string Destination => Path.Combine(folder, "kept here", "file.bin");

    private string Part => Destination + ".part";

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_file_arrives_under_its_name_and_nothing_else_is_left()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Assert.Equal(DownloadOutcome.Fetched, Fetch(server));
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal(["file.bin"], Names());
    }

    [Fact]
    public void A_complete_file_with_the_right_hash_is_not_fetched_again()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Place(File1, Destination);
        Assert.Equal(DownloadOutcome.AlreadyThere, Fetch(server));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public void A_file_with_a_wrong_hash_is_replaced()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Place(File2, Destination);
        Assert.Equal(DownloadOutcome.Fetched, Fetch(server));
        Assert.Equal(File1, File.ReadAllBytes(Destination));
    }

    [Fact]
    public void Each_hash_is_understood()
    {
        foreach (var hash in new FileHash[] { new(HashAlgorithmKind.Md5, Md5(File1)), new(HashAlgorithmKind.Sha256, Sha256(File1).ToUpperInvariant()), new(HashAlgorithmKind.Sha256Prefix, Sha256(File1)[..8]) })
        {
            using var server = new ScriptedServer(ScriptedServer.Serves(File1));
            Place([0], Destination);
            Assert.Equal(DownloadOutcome.Fetched, Fetch(server, download => download with { Hash = hash }));
            Assert.Equal(DownloadOutcome.AlreadyThere, Fetch(server, download => download with { Hash = hash }));
        }
        Assert.Throws<ArgumentException>(() => new FileHash(HashAlgorithmKind.Md5, "abc"));
    }

    [Fact]
    public void A_dropped_connection_is_continued_where_it_broke_off()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1, cutAfter: 100_000), ScriptedServer.Serves(File1, cutAfter: 50_000), ScriptedServer.Serves(File1));
        Assert.Equal(DownloadOutcome.Fetched, Fetch(server));
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal([null, 100_000, 150_000], server.Requests.Select(request => request.From));
        Assert.All(server.Requests.Skip(1), request => Assert.Equal("\"v1\"", request.IfRange));
    }

    [Fact]
    public void A_later_run_continues_what_an_earlier_one_left()
    {
        using (var server = new ScriptedServer(ScriptedServer.Serves(File1, cutAfter: 100_000), ScriptedServer.Says(503)))
            Assert.Contains("The first 100,000 bytes are kept", Failure(() => Fetch(server)), StringComparison.Ordinal);
        Assert.Equal(100_000, new FileInfo(Part).Length);

        // Another address now (the port differs), so the validator says nothing: the hash has to.
        using var second = new ScriptedServer(ScriptedServer.Serves(File1));
        Fetch(second);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal(100_000, Assert.Single(second.Requests).From);
        Assert.Null(second.Requests[0].IfRange);
        Assert.Equal(["file.bin"], Names());
    }

    [Fact]
    public void A_server_that_ignores_ranges_starts_anew()
    {
        Answer Whole(Request request) => new(200, File1);
        using var server = new ScriptedServer(ScriptedServer.Serves(File1, cutAfter: 100_000), Whole);
        Fetch(server);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal([null, 100_000], server.Requests.Select(request => request.From));
    }

    [Fact]
    public void A_server_that_ignores_ranges_and_always_breaks_off_does_not_keep_us_for_ever()
    {
        using var server = new ScriptedServer(_ => new Answer(200, File1) { CutAfter = 100_000 });
        Assert.Contains("broke off after 100,000 bytes of 300,000 bytes (6 attempts in a row)", Failure(() => Fetch(server)), StringComparison.Ordinal);
        Assert.Equal(7, server.Requests.Count);   // the first one brought something; the 6 after it nothing new
    }

    [Fact]
    public void A_file_that_changed_meanwhile_starts_anew()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1, cutAfter: 100_000), ScriptedServer.Serves(File2, "\"v2\""));
        Fetch(server, download => download with { Hash = new(HashAlgorithmKind.Md5, Md5(File2)) });
        Assert.Equal(File2, File.ReadAllBytes(Destination));
    }

    [Fact]
    public void A_change_is_noticed_though_the_server_ignores_If_Range_and_no_hash_is_known()
    {
        Answer IgnoresCondition(Request request) => ScriptedServer.Serves(File2, "\"v2\"")(request with { Headers = request.Headers.Where(h => h.Key != "If-Range").ToDictionary(StringComparer.OrdinalIgnoreCase) });
        using var server = new ScriptedServer(ScriptedServer.Serves(File1, cutAfter: 100_000), IgnoresCondition);
        Fetch(server, download => download with { Hash = null });
        Assert.Equal(File2, File.ReadAllBytes(Destination));
        Assert.Equal([null, 100_000, null], server.Requests.Select(request => request.From));
    }

    [Fact]
    public void Without_validator_and_hash_nothing_is_continued()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1, etag: null, cutAfter: 100_000), ScriptedServer.Serves(File2, etag: null));
        Fetch(server, download => download with { Hash = null });
        Assert.Equal(File2, File.ReadAllBytes(Destination));
    }

    [Fact]
    public void A_weak_ETag_is_no_validator_but_the_date_is()
    {
        const string Date = "Wed, 21 Oct 2015 07:28:00 GMT";
        Answer Dated(Request request) => new(200, File1) { Headers = { ["ETag"] = "W/\"v1\"", ["Last-Modified"] = Date }, CutAfter = 100_000 };
        using var server = new ScriptedServer(Dated, ScriptedServer.Serves(File1, Date));
        Fetch(server, download => download with { Hash = null });
        Assert.Equal(Date, server.Requests[1].IfRange);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
    }

    [Fact]
    public void Halves_of_two_files_are_found_by_the_hash_and_fetched_anew()
    {
        Place(File2[..100_000], Part);
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Fetch(server);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal([100_000, null], server.Requests.Select(request => request.From));
    }

    [Fact]
    public void A_partial_file_that_is_whole_is_put_into_place()
    {
        Place(File1, Part);
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Fetch(server);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal(File1.Length, Assert.Single(server.Requests).From);
    }

    [Fact]
    public void A_partial_file_that_is_too_long_is_fetched_anew()
    {
        Place([.. File1, 0], Part);
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Fetch(server);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
    }

    [Fact]
    public void A_wrong_hash_is_told_and_the_file_deleted()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File2));
        var message = Failure(() => Fetch(server));
        Assert.Contains($"MD5 {Md5(File2)}, expected is {Md5(File1)}; it was deleted", message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
        Assert.Equal(["file.bin.part.lock"], Names());
    }

    [Fact]
    public void A_body_whose_end_is_only_the_connections_is_measured_against_the_expected_length()
    {
        Answer Unmeasured(Request request) => new(200, File1) { ClaimedLength = -1, CutAfter = 100_000 };
        using var server = new ScriptedServer(Unmeasured, ScriptedServer.Serves(File1));
        Fetch(server, download => download with { ExpectedBytes = File1.Length });
        Assert.Equal(File1, File.ReadAllBytes(Destination));
    }

    [Fact]
    public void A_file_of_another_length_than_expected_is_refused_before_it_is_fetched()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Assert.Contains("has 300,000 bytes, expected are 7 bytes", Failure(() => Fetch(server, download => download with { ExpectedBytes = 7 })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_told_at_once()
    {
        using var server = new ScriptedServer(ScriptedServer.Says(404));
        Assert.Contains("there is no such file (404)", Failure(() => Fetch(server)), StringComparison.Ordinal);
        Assert.Single(server.Requests);
        Assert.Empty(waits);
    }

    [Fact]
    public void Refused_access_is_told_at_once()
    {
        using var server = new ScriptedServer(ScriptedServer.Says(403));
        Assert.Contains("access was refused", Failure(() => Fetch(server)), StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public void A_busy_server_is_asked_again_after_growing_waits()
    {
        using var server = new ScriptedServer(ScriptedServer.Says(503), ScriptedServer.Says(502), ScriptedServer.Says(500), ScriptedServer.Serves(File1));
        Fetch(server);
        Assert.Equal([1, 2, 4], waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public void Retry_After_is_respected()
    {
        using var server = new ScriptedServer(ScriptedServer.Says(429, "17"), ScriptedServer.Serves(File1));
        Fetch(server);
        Assert.Equal([17], waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public void A_Retry_After_beyond_reason_is_told()
    {
        using var server = new ScriptedServer(ScriptedServer.Says(429, "86400"));
        Assert.Contains("asks to come back in 86400 seconds", Failure(() => Fetch(server)), StringComparison.Ordinal);
        Assert.Empty(waits);
    }

    [Fact]
    public void A_server_that_stays_busy_is_given_up()
    {
        using var server = new ScriptedServer(ScriptedServer.Says(503));
        Assert.Contains("answered 503 Scripted (6 attempts in a row)", Failure(() => Fetch(server)), StringComparison.Ordinal);
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public void A_stalled_connection_counts_as_dropped()
    {
        var never = new TaskCompletionSource();
        using var server = new ScriptedServer(request => ScriptedServer.Serves(File1, cutAfter: 100_000)(request) with { Until = never.Task }, ScriptedServer.Serves(File1));
        Fetch(server, options: options => options with { StallTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        never.SetResult();
    }

    [Fact]
    public void Redirects_are_followed_and_continued()
    {
        Answer Elsewhere(Request request) => new(302, []) { Headers = { ["Location"] = "/other/place.bin?x=1" } };
        using var server = new ScriptedServer(Elsewhere, ScriptedServer.Serves(File1, cutAfter: 100_000), Elsewhere, ScriptedServer.Serves(File1));
        Fetch(server);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal(["/file.bin", "/other/place.bin?x=1", "/file.bin", "/other/place.bin?x=1"], server.Requests.Select(request => request.Path));
        Assert.Equal(100_000, server.Requests[3].From);
    }

    [Fact]
    public void A_refused_connection_is_retried_then_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/file.bin";
        listener.Stop();
        var message = Failure(() => Downloader.Fetch(Described(url), Options()));
        Assert.Contains("no connection to 127.0.0.1 (", message, StringComparison.Ordinal);
        Assert.Contains($"put it at {Destination}", message, StringComparison.Ordinal);
        Assert.Equal(5, waits.Count);
    }

    [Fact]
    public void A_host_without_address_is_told_at_once()
    {
        Assert.Contains("nowhere.invalid was not found (DNS)", Failure(() => Downloader.Fetch(Described("http://nowhere.invalid/file.bin"), Options())), StringComparison.Ordinal);
        Assert.Empty(waits);
    }

    [Fact]
    public void Too_little_space_is_told_before_it_runs_out()
    {
        using var server = new ScriptedServer(_ => new Answer(200, File1) { ClaimedLength = 1L << 60 });
        Assert.Contains("no space: 1,152,921,504,606,846,976 bytes are to come", Failure(() => Fetch(server)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told()
    {
        Place([1], Path.Combine(folder, "kept here"));
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Assert.Contains("could not be written", Failure(() => Fetch(server)), StringComparison.Ordinal);
    }

    [Fact]
    public void Offline_uses_what_is_there()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Place(File1, Destination);
        Assert.Equal(DownloadOutcome.AlreadyThere, Fetch(server, options: options => options with { Offline = true }));
    }

    [Fact]
    public void Offline_says_how_to_bring_what_is_missing()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        var message = Failure(() => Fetch(server, options: options => options with { Offline = true }));
        Assert.Equal($"--offline: file.bin is not in {Path.GetDirectoryName(Destination)} and may not be fetched; fetch it on a connected machine from {server.Url} and put it there.", message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public void Offline_names_the_wrong_hash()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Place(File2, Destination);
        Assert.Contains($"has MD5 {Md5(File2)} in place of {Md5(File1)} and may not be fetched", Failure(() => Fetch(server, options: options => options with { Offline = true })), StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_that_is_not_of_the_web_is_refused() =>
        Assert.Contains("not an http or https address", Failure(() => Downloader.Fetch(Described("file:///etc/hosts"), Options())), StringComparison.Ordinal);

    [Fact]
    public void Cancelling_keeps_what_has_arrived()
    {
        using var cancel = new CancellationTokenSource();
        var never = new TaskCompletionSource();
        using (var server = new ScriptedServer(request => ScriptedServer.Serves(File1, cutAfter: 100_000)(request) with { Until = never.Task }))
        {
            var progress = new Reports(report =>
            {
                if (report.BytesSoFar == 100_000) cancel.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => Fetch(server, options: options => options with { Cancellation = cancel.Token, Progress = progress }));
        }
        never.SetResult();
        Assert.Equal(File1[..100_000], File.ReadAllBytes(Part));
        Assert.False(File.Exists(Destination));
    }

    [Fact]
    public void Progress_counts_the_bytes_of_earlier_runs()
    {
        Place(File1[..100_000], Part);
        var reports = new List<DownloadProgress>();
        using var server = new ScriptedServer(ScriptedServer.Serves(File1));
        Fetch(server, options: options => options with { Progress = new Reports(reports.Add) });
        Assert.Equal(new DownloadProgress(100_000, File1.Length), reports[0]);
        Assert.Equal(new DownloadProgress(File1.Length, File1.Length), reports[^1]);
    }

    [Fact]
    public async Task Of_two_at_once_one_fetches_and_the_other_waits_for_it()
    {
        var bothAreHere = new TaskCompletionSource();
        using var server = new ScriptedServer(request => ScriptedServer.Serves(File1)(request) with { ClaimedLength = -1, Until = bothAreHere.Task });
        // The one that waits for the lock lets the other's answer end.
        var options = Options() with
        {
            Wait = async (_, _) =>
            {
                bothAreHere.TrySetResult();
                await Task.Delay(10, TestContext.Current.CancellationToken);
            },
        };
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => Downloader.Fetch(Described(server.Url), options))));
        Assert.Equal([DownloadOutcome.AlreadyThere, DownloadOutcome.Fetched], outcomes.Order());
        Assert.Single(server.Requests);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal(["file.bin"], Names());
    }

    [Fact]
    public async Task Many_at_once_end_with_one_right_file()
    {
        using var server = new ScriptedServer(ScriptedServer.Serves(File1, cutAfter: 100_000), ScriptedServer.Says(503), ScriptedServer.Serves(File1));
        var options = Options() with { Wait = (_, cancellation) => Task.Delay(1, cancellation) };
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Downloader.Fetch(Described(server.Url), options))));
        Assert.Single(outcomes, DownloadOutcome.Fetched);
        Assert.Equal(3, server.Requests.Count);
        Assert.Equal(File1, File.ReadAllBytes(Destination));
        Assert.Equal(["file.bin"], Names());
    }

    private static byte[] Content(int seed)
    {
        var bytes = new byte[300_000];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

#pragma warning disable CA5351 // The publisher's check sum, not a signature.
    private static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string Failure(Action fetch)
    {
        var message = Assert.Throws<InvalidInputException>(fetch).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static void Place(byte[] content, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private DownloadOutcome Fetch(ScriptedServer server, Func<Download, Download>? download = null, Func<DownloadOptions, DownloadOptions>? options = null) =>
        Downloader.Fetch((download ?? (d => d))(Described(server.Url)), (options ?? (o => o))(Options()));

    private Download Described(string url) => new() { Url = url, Destination = Destination, Hash = new FileHash(HashAlgorithmKind.Md5, Md5(File1)) };

    private DownloadOptions Options() => new()
    {
        Cancellation = TestContext.Current.CancellationToken,
        Wait = (wait, _) =>
        {
            waits.Add(wait);
            return Task.CompletedTask;
        },
    };

    private List<string> Names() => [.. Directory.EnumerateFiles(Path.GetDirectoryName(Destination)!).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    // Progress<T> reports from another thread, later.
    private sealed class Reports(Action<DownloadProgress> report) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => report(value);
    }
}
