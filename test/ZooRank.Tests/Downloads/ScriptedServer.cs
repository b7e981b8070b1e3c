using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ZooRank.Tests.Downloads;

/// <summary>A request as it came over the wire.</summary>
internal sealed record Request(string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The first byte asked for; null where all was asked for.</summary>
    public int? From => Headers.TryGetValue("Range", out var range) ? int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) : null;

    public string? IfRange => Headers.GetValueOrDefault("If-Range");
}

/// <summary>An answer, well-formed or not.</summary>
internal sealed record Answer(int Status, byte[] Body)
{
    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>The length that the header claims; null: that of the body. Negative: no such header, the end is where the connection closes.</summary>
    public long? ClaimedLength { get; init; }

    /// <summary>Closes the connection after this many bytes of the body.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Waited for before the end of the connection: holds an answer open.</summary>
    public Task? Until { get; init; }
}

/// <summary>
/// A real HTTP server on 127.0.0.1 that answers its n-th request with its n-th answer (the last one from then on) and can do what libraries forbid: cut a
/// body short, claim a wrong length, ignore a range.
/// </summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<Request> requests = new();
    private readonly Func<Request, Answer>[] script;
    private int answered;

    public ScriptedServer(params Func<Request, Answer>[] script)
    {
        this.script = script;
        listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/file.bin";

    public IReadOnlyList<Request> Requests => [.. requests];

    /// <summary>A server as it should be: all of the file, or what follows the byte asked for if the validator still holds.</summary>
    public static Func<Request, Answer> Serves(byte[] file, string? etag = "\"v1\"", int? cutAfter = null) => request =>
    {
        var headers = new Dictionary<string, string>();
        if (etag is not null) headers["ETag"] = etag;
        if (request.From is not { } from || (request.IfRange is { } condition && condition != etag)) return new Answer(200, file) { Headers = headers, CutAfter = cutAfter };
        if (from >= file.Length) return new Answer(416, []) { Headers = { ["Content-Range"] = $"bytes */{file.Length}" } };
        headers["Content-Range"] = $"bytes {from}-{file.Length - 1}/{file.Length}";
        return new Answer(206, file[from..]) { Headers = headers, CutAfter = cutAfter };
    };

    public static Func<Request, Answer> Says(int status, string? retryAfter = null) => _ =>
    {
        var answer = new Answer(status, Encoding.ASCII.GetBytes("no"));
        if (retryAfter is not null) answer.Headers["Retry-After"] = retryAfter;
        return answer;
    };

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                _ = Task.Run(() => AnswerAsync(client));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            var stream = connection.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            var path = (await reader.ReadLineAsync())!.Split(' ')[1];
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            while (await reader.ReadLineAsync() is { Length: > 0 } line) headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
            var request = new Request(path, headers);
            requests.Enqueue(request);
            var answer = script[Math.Min(Interlocked.Increment(ref answered), script.Length) - 1](request);

            var head = new StringBuilder($"HTTP/1.1 {answer.Status} Scripted\r\nConnection: close\r\n");
            var length = answer.ClaimedLength ?? answer.Body.Length;
            if (length >= 0) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
            foreach (var (name, value) in answer.Headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
            await stream.WriteAsync(answer.Body.AsMemory(0, Math.Min(answer.CutAfter ?? int.MaxValue, answer.Body.Length)));
            await stream.FlushAsync();
            if (answer.Until is { } until) await until;
        }
        catch (IOException)
        {
            // The client had enough.
        }
    }
}
