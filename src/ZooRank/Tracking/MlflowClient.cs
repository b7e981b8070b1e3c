using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ZooRank.Tracking;

/// <summary>The part of MLflow's REST interface (2.0) that runs need: experiments, runs, and batches of metrics and parameters within its limits.</summary>
/// <remarks>https://mlflow.org/docs/latest/rest-api.html. GitLab and Databricks answer to the same requests.</remarks>
internal sealed class MlflowClient : IDisposable
{
    /// <summary>MLflow takes no more in one request.</summary>
    public const int MostMetrics = 1000, MostParameters = 100;

    // Of values; servers since 1.28 take 6000, older ones 500.
    private const int LongestValue = 500;

    private readonly HttpClient http;

    /// <param name="address">The tracking server, with http or https; a path before /api is kept.</param>
    /// <param name="timeout">For one request.</param>
    /// <param name="environment">Where credentials are found, as MLflow's own clients find them: MLFLOW_TRACKING_USERNAME with MLFLOW_TRACKING_PASSWORD, else MLFLOW_TRACKING_TOKEN.</param>
    /// <exception cref="InvalidInputException">The address is not one of a server, or holds a password.</exception>
    public MlflowClient(string address, TimeSpan timeout, Func<string, string?>? environment = null)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
            throw new InvalidInputException($"--mlflow {address}: not the address of an MLflow server. Give one that begins with http:// or https://; 'mlflow server' starts one over a folder or a data base.");
        if (uri.UserInfo.Length > 0)
            throw new InvalidInputException($"--mlflow {uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)}: a password in an address ends up in logs. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in its place.");
        Address = uri.GetLeftPart(UriPartial.Path).TrimEnd('/');
        http = new HttpClient { BaseAddress = new Uri(Address + "/api/2.0/mlflow/"), Timeout = timeout };
        http.DefaultRequestHeaders.Authorization = Credentials(environment ?? Environment.GetEnvironmentVariable);
    }

    public string Address { get; }

    /// <summary>The experiment's id; it is made where it does not exist.</summary>
    /// <exception cref="InvalidInputException">It was deleted.</exception>
    public async Task<string> ExperimentAsync(string name, CancellationToken cancellation)
    {
        for (var made = false; ; made = true)
        {
            try
            {
                var found = (await GetAsync($"experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}", MlflowJson.Default.ExperimentAnswer, cancellation)).Experiment;
                return found.LifecycleStage is "deleted" ? throw new InvalidInputException($"{Address}: the experiment '{name}' was deleted. Restore it there, or name another with --mlflow-experiment.") : found.ExperimentId;
            }
            catch (MlflowException e) when (e.Code == "RESOURCE_DOES_NOT_EXIST" && !made)
            {
                try
                {
                    return (await PostAsync("experiments/create", new(name), MlflowJson.Default.CreateExperiment, MlflowJson.Default.MlflowExperiment, cancellation)).ExperimentId;
                }
                catch (MlflowException conflict) when (conflict.Code == "RESOURCE_ALREADY_EXISTS")
                {
                    // Another process made it in between.
                }
            }
        }
    }

    /// <summary>The runs that carry a tag with this value, the newest first.</summary>
    public async Task<IReadOnlyList<MlflowRun>> FindRunsAsync(string experiment, string tag, string value, CancellationToken cancellation) =>
        (await PostAsync("runs/search", new([experiment], $"tags.`{tag}` = '{value}'", 20), MlflowJson.Default.SearchRuns, MlflowJson.Default.SearchAnswer, cancellation)).Runs ?? [];

    /// <summary>Makes a run, which is RUNNING from then on; returns its id.</summary>
    public async Task<string> CreateRunAsync(string experiment, string name, DateTimeOffset start, IReadOnlyList<MlflowPair> tags, CancellationToken cancellation) =>
        (await PostAsync("runs/create", new(experiment, name, start.ToUnixTimeMilliseconds(), tags), MlflowJson.Default.CreateRun, MlflowJson.Default.RunAnswer, cancellation)).Run.Info.RunId;

    /// <summary>Logs metrics and parameters, in as many requests as the limits ask for. The same again changes nothing.</summary>
    public async Task LogAsync(string run, IReadOnlyList<MlflowMetric> metrics, IReadOnlyList<MlflowPair> parameters, CancellationToken cancellation)
    {
        var cut = parameters.Select(p => p.Value.Length > LongestValue ? p with { Value = p.Value[..LongestValue] } : p);
        var requests = cut.Chunk(MostParameters).Select(some => new LogBatch(run, [], some, []))
            .Concat(metrics.Chunk(MostMetrics).Select(some => new LogBatch(run, some, [], [])));
        foreach (var request in requests) await SendAsync(HttpMethod.Post, "runs/log-batch", JsonContent.Create(request, MlflowJson.Default.LogBatch), cancellation);
    }

    /// <summary>The steps at which a metric of a run was logged.</summary>
    public async Task<HashSet<long>> StepsAsync(string run, string metric, CancellationToken cancellation)
    {
        var steps = new HashSet<long>();
        string? page = null;
        do
        {
            var query = $"metrics/get-history?run_id={Uri.EscapeDataString(run)}&metric_key={Uri.EscapeDataString(metric)}{(page is null ? "" : "&page_token=" + Uri.EscapeDataString(page))}";
            HistoryAnswer answer;
            try
            {
                answer = await GetAsync(query, MlflowJson.Default.HistoryAnswer, cancellation);
            }
            catch (MlflowException e) when (e.Code == "RESOURCE_DOES_NOT_EXIST")
            {
                return steps;   // what some servers say of a metric that the run does not have yet
            }
            steps.UnionWith((answer.Metrics ?? []).Select(m => m.Step));
            page = answer.NextPageToken;
        }
        while (!string.IsNullOrEmpty(page));
        return steps;
    }

    /// <param name="run">Its id.</param>
    /// <param name="status">RUNNING, FINISHED, FAILED or KILLED.</param>
    /// <param name="end">Where it ended.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task UpdateRunAsync(string run, string status, DateTimeOffset? end, CancellationToken cancellation) =>
        await SendAsync(HttpMethod.Post, "runs/update", JsonContent.Create(new(run, status, end?.ToUnixTimeMilliseconds()), MlflowJson.Default.UpdateRun), cancellation);

    public void Dispose() => http.Dispose();

    private static AuthenticationHeaderValue? Credentials(Func<string, string?> environment)
    {
        if (environment("MLFLOW_TRACKING_USERNAME") is { Length: > 0 } user && environment("MLFLOW_TRACKING_PASSWORD") is { Length: > 0 } password)
            return new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        return environment("MLFLOW_TRACKING_TOKEN") is { Length: > 0 } token ? new("Bearer", token) : null;
    }

    private async Task<TAnswer> GetAsync<TAnswer>(string path, JsonTypeInfo<TAnswer> answer, CancellationToken cancellation) =>
        Read(await SendAsync(HttpMethod.Get, path, null, cancellation), answer);

    private async Task<TAnswer> PostAsync<TRequest, TAnswer>(string path, TRequest body, JsonTypeInfo<TRequest> request, JsonTypeInfo<TAnswer> answer, CancellationToken cancellation) =>
        Read(await SendAsync(HttpMethod.Post, path, JsonContent.Create(body, request), cancellation), answer);

    private async Task<byte[]> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            var body = await response.Content.ReadAsByteArrayAsync(cancellation);
            return response.IsSuccessStatusCode ? body : throw Fault(response, body);
        }
        catch (HttpRequestException e)
        {
            throw new MlflowException($"it cannot be reached ({(e.InnerException ?? e).Message.Split('\n')[0].TrimEnd('.', '\r', ' ')})", null, passing: true, e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new MlflowException($"it did not answer within {http.Timeout.TotalSeconds:0.#} s", null, passing: true, e);
        }
    }

    private static MlflowException Fault(HttpResponseMessage response, byte[] body)
    {
        MlflowFault? fault = null;
        try
        {
            fault = JsonSerializer.Deserialize(body, MlflowJson.Default.MlflowFault);
        }
        catch (JsonException)
        {
            // A proxy's page, or nothing: the status says enough.
        }
        var status = $"{(int)response.StatusCode} {response.ReasonPhrase}";
        // Which pass is as in MLflow's own client.
        var passing = response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway
            or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
        var text = fault?.Message?.Split('\n')[0].TrimEnd('.', '\r', ' ') is { Length: > 0 } said ? $": {(said.Length > 300 ? said[..300] + "…" : said)}" : "";
        var remedy = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? " (credentials: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN)" : "";
        return new MlflowException($"it answered {status}{text}{remedy}", fault?.ErrorCode, passing);
    }

    private static TAnswer Read<TAnswer>(byte[] body, JsonTypeInfo<TAnswer> answer)
    {
        try
        {
            return JsonSerializer.Deserialize(body, answer) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new MlflowException("its answer is not MLflow's (is this the address of an MLflow server, or of a proxy before it?)", null, passing: true, e);
        }
    }
}
