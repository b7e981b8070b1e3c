using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ZooRank.Tests.Tracking;

/// <summary>
/// A tracking server on 127.0.0.1 that keeps experiments and runs as MLflow does and holds every request against its documentation (mlflow.org/docs/latest/rest-api.html)
/// and its own checks (mlflow/utils/validation.py): fields and their types, names, limits, parameters that never change. What breaks a rule is refused and noted.
/// </summary>
internal sealed partial class MlflowServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly Lock gate = new();
    private readonly List<(string Id, string Name, string Stage)> experiments = [];
    private int asked;

    public MlflowServer()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/tracking";
        }
        listener.Prefixes.Add(Address + "/");
        listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public sealed record Point(double Value, long Timestamp, long Step);

    public sealed class Run
    {
        public required string Id { get; init; }
        public required string Experiment { get; init; }
        public required string Name { get; init; }
        public string Status { get; set; } = "RUNNING";
        public long? EndTime { get; set; }
        public Dictionary<string, string> Tags { get; } = [];
        public Dictionary<string, string> Parameters { get; } = [];
        public Dictionary<string, List<Point>> Metrics { get; } = [];

        /// <summary>The point that MLflow shows as a metric's value: of the last step, time, and highest value (sqlalchemy_store.py).</summary>
        public double Latest(string metric) => Metrics[metric].OrderBy(p => p.Step).ThenBy(p => p.Timestamp).ThenBy(p => p.Value).Last().Value;

        public IEnumerable<long> Steps(string metric) => Metrics[metric].Select(p => p.Step);
    }

    public string Address { get; }

    /// <summary>What to do with the n-th request, from 0, before it is looked at: null to answer it, or a status to answer in its place.</summary>
    public Func<int, string, Task<int?>> Fault { get; set; } = (_, _) => Task.FromResult<int?>(null);

    /// <summary>Whether the answer to a request that was carried out is lost on its way, and a proxy says that time was up.</summary>
    public Func<string, bool> Lost { get; set; } = _ => false;

    public List<Run> Runs { get; } = [];

    public ConcurrentQueue<string> Violations { get; } = new();

    public ConcurrentQueue<(string Path, string? Authorization, int Metrics)> Requests { get; } = new();

    public void AddExperiment(string name, string stage = "active")
    {
        lock (gate) experiments.Add(($"{experiments.Count + 1}", name, stage));
    }

    public void Dispose() => ((IDisposable)listener).Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context));
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            var path = context.Request.Url!.AbsolutePath;
            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var text = await reader.ReadToEndAsync();
            var body = text.Length > 0 ? JsonNode.Parse(text)!.AsObject() : [];
            Requests.Enqueue((path, context.Request.Headers["Authorization"], body["metrics"]?.AsArray().Count ?? 0));
            var (status, answer) = await Fault(Interlocked.Increment(ref asked) - 1, path) is { } fault ? (fault, "<html>fault</html>") : Answer(context.Request, path, text, body);
            if (status == 200 && Lost(path)) (status, answer) = (504, "<html>Gateway Timeout</html>");
            context.Response.StatusCode = status;
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer));
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            // The client had enough, or the server is gone.
        }
    }

    private (int, string) Answer(HttpListenerRequest request, string path, string text, JsonObject body)
    {
        lock (gate)
        {
            try
            {
                if (request.HttpMethod == "POST" && request.ContentType?.StartsWith("application/json", StringComparison.Ordinal) != true) throw Bad("content type");
                if (text.Length > 1_000_000) throw Bad("more than a megabyte");
                return (200, (request.HttpMethod, path[(path.IndexOf("/api/2.0/mlflow/", StringComparison.Ordinal) + "/api/2.0/mlflow/".Length)..]) switch
                {
                    ("GET", "experiments/get-by-name") => GetExperiment(request.QueryString["experiment_name"] ?? throw Bad("experiment_name")),
                    ("POST", "experiments/create") => CreateExperiment(Fields(body, ("name", JsonValueKind.String, true), ("artifact_location", JsonValueKind.String, false), ("tags", JsonValueKind.Array, false))),
                    ("POST", "runs/create") => CreateRun(Fields(body, ("experiment_id", JsonValueKind.String, true), ("user_id", JsonValueKind.String, false), ("run_name", JsonValueKind.String, false), ("start_time", JsonValueKind.Number, false), ("tags", JsonValueKind.Array, false))),
                    ("POST", "runs/search") => Search(Fields(body, ("experiment_ids", JsonValueKind.Array, true), ("filter", JsonValueKind.String, false), ("run_view_type", JsonValueKind.String, false), ("max_results", JsonValueKind.Number, false), ("order_by", JsonValueKind.Array, false), ("page_token", JsonValueKind.String, false))),
                    ("POST", "runs/log-batch") => LogBatch(Fields(body, ("run_id", JsonValueKind.String, true), ("metrics", JsonValueKind.Array, false), ("params", JsonValueKind.Array, false), ("tags", JsonValueKind.Array, false))),
                    ("POST", "runs/update") => Update(Fields(body, ("run_id", JsonValueKind.String, true), ("status", JsonValueKind.String, false), ("end_time", JsonValueKind.Number, false), ("run_name", JsonValueKind.String, false))),
                    ("GET", "metrics/get-history") => History(request.QueryString["run_id"] ?? throw Bad("run_id"), request.QueryString["metric_key"] ?? throw Bad("metric_key"), request.QueryString["page_token"]),
                    _ => throw Bad($"no such endpoint: {request.HttpMethod} {path}"),
                });
            }
            catch (Refusal refusal)
            {
                if (refusal.Code == "INVALID_PARAMETER_VALUE") Violations.Enqueue($"{path}: {refusal.Message}");
                return (refusal.Status, new JsonObject { ["error_code"] = refusal.Code, ["message"] = refusal.Message }.ToJsonString());
            }
        }
    }

    private string GetExperiment(string name) => experiments.FirstOrDefault(e => e.Name == name) is { Id: { } id } found
        ? new JsonObject { ["experiment"] = new JsonObject { ["experiment_id"] = id, ["name"] = name, ["lifecycle_stage"] = found.Stage, ["artifact_location"] = "mlflow-artifacts:/1" } }.ToJsonString()
        : throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", $"Could not find experiment with name '{name}'");

    private string CreateExperiment(JsonObject body)
    {
        var name = (string)body["name"]!;
        if (experiments.Any(e => e.Name == name)) throw new Refusal(400, "RESOURCE_ALREADY_EXISTS", $"Experiment '{name}' already exists.");
        AddExperiment(name);
        return $$"""{"experiment_id": "{{experiments[^1].Id}}"}""";
    }

    private string CreateRun(JsonObject body)
    {
        var run = new Run { Id = Guid.NewGuid().ToString("N"), Experiment = Experiment((string)body["experiment_id"]!), Name = (string)body["run_name"]! };
        foreach (var (key, value) in Pairs(body["tags"], "tag", 5000)) run.Tags[key] = value;
        if ((long)body["start_time"]! < 1_500_000_000_000) throw Bad("start_time is in milliseconds");
        Runs.Insert(0, run);
        return new JsonObject { ["run"] = Shown(run) }.ToJsonString();
    }

    private string Search(JsonObject body)
    {
        var filter = Filter().Match((string)body["filter"]!);
        if (!filter.Success) throw Bad("filter");
        var ids = body["experiment_ids"]!.AsArray().Select(id => Experiment((string)id!)).ToHashSet();
        var found = Runs.Where(r => ids.Contains(r.Experiment) && r.Tags.GetValueOrDefault(filter.Groups[1].Value) == filter.Groups[2].Value).ToList();
        // Empty lists are left out of MLflow's answers.
        return (found.Count == 0 ? [] : new JsonObject { ["runs"] = new JsonArray([.. found.Select(Shown)]) }).ToJsonString();
    }

    private string LogBatch(JsonObject body)
    {
        var run = Find((string)body["run_id"]!);
        var metrics = body["metrics"]?.AsArray() ?? [];
        var parameters = Pairs(body["params"], "parameter", 6000).ToList();
        if (metrics.Count > 1000 || parameters.Count > 100 || metrics.Count + parameters.Count > 1000) throw Bad("too many");
        if (parameters.DistinctBy(p => p.Key).Count() < parameters.Count) throw Bad("a parameter twice");
        var points = metrics.Select(m => Fields(m!.AsObject(), ("key", JsonValueKind.String, true), ("value", JsonValueKind.Number, true), ("timestamp", JsonValueKind.Number, true), ("step", JsonValueKind.Number, false)))
            .Select(m => (Key: Name((string)m["key"]!), Point: new Point((double)m["value"]!, m["timestamp"]!.GetValue<long>(), m["step"]?.GetValue<long>() ?? 0))).ToList();
        if (points.Any(p => p.Point.Timestamp < 1_500_000_000_000)) throw Bad("timestamp is in milliseconds");
        foreach (var (key, value) in parameters)
            if (!run.Parameters.TryAdd(key, value) && run.Parameters[key] != value) throw Bad($"Changing param values is not allowed. Param with key='{key}' was already logged");
        foreach (var (key, point) in points)
        {
            if (!run.Metrics.TryGetValue(key, out var history)) run.Metrics[key] = history = [];
            if (!history.Contains(point)) history.Add(point);   // the primary key of MLflow's table
        }
        return "{}";
    }

    private string Update(JsonObject body)
    {
        var run = Find((string)body["run_id"]!);
        if ((string?)body["status"] is not ("RUNNING" or "SCHEDULED" or "FINISHED" or "FAILED" or "KILLED")) throw Bad("status");
        run.Status = (string)body["status"]!;
        if (body["end_time"] is { } end) run.EndTime = end.GetValue<long>();
        return new JsonObject { ["run_info"] = new JsonObject { ["run_id"] = run.Id, ["status"] = run.Status } }.ToJsonString();
    }

    // Two to a page, so that pages are turned; 64-bit integers as strings, as some servers write them.
    private string History(string id, string metric, string? page)
    {
        var from = page is null ? 0 : int.Parse(page, System.Globalization.CultureInfo.InvariantCulture);
        var points = Find(id).Metrics.GetValueOrDefault(metric) ?? [];
        if (points.Count == 0) return "{}";
        var answer = new JsonObject { ["metrics"] = new JsonArray([.. points.Skip(from).Take(2).Select(p => new JsonObject { ["key"] = metric, ["value"] = p.Value, ["timestamp"] = $"{p.Timestamp}", ["step"] = $"{p.Step}" })]) };
        if (from + 2 < points.Count) answer["next_page_token"] = $"{from + 2}";
        return answer.ToJsonString();
    }

    private string Experiment(string id) => experiments.Any(e => e.Id == id) ? id : throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", $"No Experiment with id={id} exists");

    private Run Find(string id) => Runs.FirstOrDefault(r => r.Id == id) ?? throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", $"Run with id={id} not found");

    private static JsonObject Shown(Run run) => new() { ["info"] = new JsonObject { ["run_id"] = run.Id, ["run_uuid"] = run.Id, ["experiment_id"] = run.Experiment, ["status"] = run.Status, ["lifecycle_stage"] = "active" }, ["data"] = new JsonObject() };

    private static IEnumerable<(string Key, string Value)> Pairs(JsonNode? list, string what, int longest)
    {
        if (list?.AsArray().Count > 100) throw Bad($"too many {what}s");
        foreach (var pair in list?.AsArray() ?? [])
        {
            var fields = Fields(pair!.AsObject(), ("key", JsonValueKind.String, true), ("value", JsonValueKind.String, true));
            var value = (string)fields["value"]!;
            yield return (Name((string)fields["key"]!), value.Length <= longest ? value : throw Bad($"{what} too long"));
        }
    }

    private static string Name(string name) => name.Length is > 0 and <= 250 && Names().IsMatch(name) ? name : throw Bad($"Invalid name: '{name}'");

    private static JsonObject Fields(JsonObject body, params (string Name, JsonValueKind Kind, bool Required)[] fields)
    {
        foreach (var (name, value) in body)
        {
            var field = fields.FirstOrDefault(f => f.Name == name);
            if (field.Name is null) throw Bad($"unknown field '{name}'");
            if (value?.GetValueKind() != field.Kind) throw Bad($"'{name}' is {value?.GetValueKind()}");
        }
        foreach (var field in fields.Where(f => f.Required && !body.ContainsKey(f.Name))) throw Bad($"Missing value for required parameter '{field.Name}'");
        return body;
    }

    private static Refusal Bad(string message) => new(400, "INVALID_PARAMETER_VALUE", message);

    private sealed class Refusal(int status, string code, string message) : Exception(message)
    {
        public int Status { get; } = status;
        public string Code { get; } = code;
    }

    [GeneratedRegex(@"^[/\w.\- ]*$")]
    private static partial Regex Names();

    [GeneratedRegex(@"^tags\.`([^`]+)` = '([^']+)'$")]
    private static partial Regex Filter();
}
