using System.Text.Json;
using System.Text.Json.Nodes;
using ZooRank.Runs;
using ZooRank.Truth;

namespace ZooRank.Cli.Display;

/// <summary>The ground truth for programs.</summary>
internal static class TruthText
{
    public static JsonObject Json(GroundTruth truth, IReadOnlyList<RunRecord> runs, IReadOnlyList<UnfinishedRun> unfinished, bool listRuns)
    {
        var json = new JsonObject
        {
            ["targets"] = new JsonArray([.. truth.Targets.Select(Target)]),
            ["unfinished"] = new JsonArray([.. unfinished.Select(Unfinished)]),
            ["runs_done"] = runs.Count,
            ["hours"] = runs.Sum(r => r.Seconds ?? 0) / 3600,
            ["caveats"] = JsonOutput.Caveats(truth.Caveats),
        };
        if (listRuns) json["runs"] = new JsonArray([.. runs.Select(Run)]);
        return json;
    }

    public static string Status(RunStatus status) => JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());

    private static JsonObject Target(TargetTruth target) => new()
    {
        ["target"] = target.Target,
        ["train_sha256"] = target.Task.TrainSha256,
        ["validation_sha256"] = target.Task.ValidationSha256,
        ["test_sha256"] = target.Task.TestSha256,
        ["summary"] = target.Sources.Count > 0 ? TruthWords.Sentence(target) : null,
        ["sources"] = new JsonArray([.. target.Sources.Select(s => new JsonObject
        {
            ["source"] = s.Source,
            ["sha256"] = s.Model.Sha256,
            ["p"] = s.P,
            ["standard_deviation"] = s.StandardDeviation,
            ["standard_error"] = s.StandardError,
            ["seeds"] = s.Selected.Count,
            ["told_from_best"] = s.ToldFromBest,
            ["selected"] = new JsonArray([.. s.Selected.Select(r => new JsonObject { ["seed"] = r.Seed, ["run"] = r.Id, ["validation_loss"] = r.ValidationLoss, ["test_auc"] = r.TestAuc })]),
            ["finished"] = s.Finished,
            ["diverged"] = s.Diverged,
            ["failed"] = s.Failed,
            ["worst"] = s.Worst,
            ["median"] = s.Median,
            ["best"] = s.Best,
            ["hours"] = s.Hours,
        })]),
        ["comparisons"] = new JsonArray([.. target.Comparisons.Select(c => new JsonObject
        {
            ["first"] = c.First,
            ["second"] = c.Second,
            ["difference"] = c.Difference,
            ["t"] = c.Test.T,
            ["degrees_of_freedom"] = c.Test.DegreesOfFreedom,
            ["p"] = c.Test.P,
            ["p_adjusted"] = c.AdjustedP,
            ["significant"] = c.AdjustedP < GroundTruth.Significance,
        })]),
    };

    private static JsonObject Unfinished(UnfinishedRun run) => new()
    {
        ["run"] = run.Id,
        ["at_work"] = run.AtWork,
        ["target"] = run.Target,
        ["source"] = run.Source,
        ["host"] = run.Host,
        ["process"] = run.Pid,
        ["since"] = run.Since,
        ["seconds_since_last_heard_of"] = run.Quiet.TotalSeconds,
        ["epochs"] = run.Epochs,
    };

    private static JsonObject Run(RunRecord run) => new()
    {
        ["run"] = run.Id,
        ["target"] = run.Configuration.Target.Name,
        ["source"] = run.Configuration.Source.Id,
        ["seed"] = run.Configuration.Seed,
        ["learning_rate"] = run.Configuration.LearningRate,
        ["weight_decay"] = run.Configuration.WeightDecay,
        ["momentum"] = run.Configuration.Momentum,
        ["batch_size"] = run.Configuration.BatchSize,
        ["status"] = Status(run.Status),
        ["stopped_at"] = run.StoppedAt,
        ["validation_loss"] = run.ValidationLoss,
        ["validation_auc"] = run.ValidationAuc,
        ["test_auc"] = run.TestAuc,
        ["seconds"] = run.Seconds,
    };
}
