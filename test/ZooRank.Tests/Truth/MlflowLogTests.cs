using System.Globalization;
using System.Text;
using ZooRank.Runs;
using ZooRank.Tests.Runs;
using ZooRank.Truth;

namespace ZooRank.Tests.Truth;

public sealed class MlflowLogTests : IDisposable
{
    private const string Header = "Start Time,Duration,Run ID,Status,batch_size,epochs,lr,momentum,note,source_flag,target_flag,wd,stopped_at,test_auc,val_loss";
    private const string Sound = "2024-08-08 17:41:15,1.9min,r1,FINISHED,64,200,0.0001,0.9,\"a, \"\"b\"\"\",organsmnist,breastmnist,0.0,50,0.36,1.08";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("fined_breast.csv", "breastmnist", "AUCs_dataset.csv", 1680, 14, 1)]
    [InlineData("fined_retina_imnet.csv", "retinamnist", "AUCs_model.csv", 723, 8, 100)]
    public void The_published_logs_give_the_published_ground_truth_to_the_last_digit(string log, string target, string table, int runs, int sources, int percent)
    {
        var (records, caveats) = MlflowLog.Read(SharedFolder.Require("paper", log));
        Assert.Equal(runs, records.Select(r => r.Id).Distinct().Count());
        Assert.Empty(caveats);
        var truth = Assert.Single(GroundTruth.Of(records).Targets);
        Assert.Equal(target, truth.Target);
        var published = File.ReadLines(SharedFolder.Require("paper", table)).Select(l => l.Split(',')).ToList();
        var column = Array.IndexOf(published[0], target);
        var expected = published.Skip(1).ToDictionary(l => l[1], l => l[column]);
        Assert.Equal(sources, truth.Sources.Count);
        foreach (var source in truth.Sources) Assert.Equal(expected[source.Source], (source.P * percent).ToString("R", CultureInfo.InvariantCulture));
        // The one left is the target itself; in the second scenario ResNet18, whose runs are in the log of the first.
        Assert.Equal(percent == 1 ? ["breastmnist"] : ["resnet"], expected.Keys.Except(truth.Sources.Select(s => s.Source)));
    }

    [Theory]
    [InlineData("fined_breast.csv")]
    [InlineData("fined_retina_imnet.csv")]
    public void A_published_log_put_into_a_store_comes_out_line_by_line_as_it_was(string log)
    {
        var path = SharedFolder.Require("paper", log);
        var store = RunStore.Open(folder["truth"]);
        foreach (var run in MlflowLog.Read(path).Runs) store.Add(run);
        MlflowLog.Write(folder["out.csv"], store.Records());
        var (before, after) = (File.ReadAllLines(path), File.ReadAllLines(folder["out.csv"]));
        Assert.Equal(before[0], after[0]);
        Assert.Equal(before.Order(StringComparer.Ordinal), after.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_row_becomes_a_run_and_keeps_every_column()
    {
        var run = Assert.Single(MlflowLog.Read(Log(Sound)).Runs);
        Assert.Equal(("organsmnist", "breastmnist", 0.0001, 0.9, 0.0, 64, 200), (run.Configuration.Source.Id, run.Configuration.Target.Name, run.Configuration.LearningRate, run.Configuration.Momentum, run.Configuration.WeightDecay, run.Configuration.BatchSize, run.Configuration.MaxEpochs));
        Assert.Equal((RunStatus.Finished, 50, 0.36, 1.08, 114.0), (run.Status, run.StoppedAt, run.TestAuc, run.ValidationLoss, run.Seconds));
        Assert.Equal(new DateTimeOffset(2024, 8, 8, 17, 41, 15, TimeSpan.Zero), run.Started);
        Assert.Equal(Header.Split(','), run.Imported!.Keys);
        Assert.Equal("a, \"b\"", run.Imported["note"]);
    }

    [Fact]
    public void Two_runs_of_equal_hyperparameters_are_two_runs()
    {
        var runs = MlflowLog.Read(Log(Sound, Sound.Replace("r1", "r2", StringComparison.Ordinal))).Runs;
        Assert.Equal(2, runs.Select(r => r.Id).Distinct().Count());
    }

    [Theory]
    [InlineData("1.9min", 114.0)]
    [InlineData("17.8s", 17.8)]
    [InlineData("250ms", 0.25)]
    [InlineData("1.3h", 4680.0)]
    [InlineData("2.0d", 172800.0)]
    [InlineData("-", null)]
    [InlineData("", null)]
    public void Durations_are_read_as_mlflow_writes_them(string text, double? seconds) => Assert.Equal(seconds, MlflowLog.Read(Log(Sound.Replace("1.9min", text, StringComparison.Ordinal))).Runs[0].Seconds);

    [Fact]
    public void Failed_rows_are_kept_and_those_still_running_or_without_parameters_are_left_out()
    {
        var (runs, caveats) = MlflowLog.Read(Log(
            Sound,
            "2024-11-25 23:12:49,17.8s,r2,FAILED,128,400,0.1,0.0,,vgg,retinamnist,0.0,,,",
            "2024-11-25 23:12:49,17.8s,r3,RUNNING,128,400,0.1,0.0,,vgg,retinamnist,0.0,,,",
            "2024-11-25 23:12:49,1.1s,r4,KILLED,,,,,,,,,,,",
            Sound.Replace("r1", "r5", StringComparison.Ordinal).Replace("1.08", "nan", StringComparison.Ordinal)));
        Assert.Equal([RunStatus.Finished, RunStatus.Failed, RunStatus.Diverged], runs.Select(r => r.Status));
        Assert.Equal(["running", "failed-at-once"], caveats.Select(c => c.Code));
    }

    [Theory]
    [InlineData("0.0001", "fast", "line 2, column 'lr': 'fast'")]
    [InlineData("0.0001", "", "column 'lr': ''")]
    [InlineData("0.0001", "-1", "column 'lr': '-1'")]
    [InlineData(",64,", ",6.5,", "column 'batch_size': '6.5'")]
    [InlineData("FINISHED", "DONE", "column 'Status': 'DONE'")]
    [InlineData("1.9min", "1.9 fortnights", "column 'Duration': '1.9 fortnights'")]
    [InlineData("2024-08-08 17:41:15", "yesterday", "column 'Start Time': 'yesterday'")]
    [InlineData(",0.36,", ",36,", "column 'test_auc': '36'")]
    [InlineData("organsmnist", "", "column 'source_flag'")]
    [InlineData(",50,", ",50,50,", "line 2: 16 cells, but the header has 15")]
    [InlineData("\"a, ", "a\", ", "line 2: the row cannot be read")]
    public void A_broken_row_is_named_by_line_and_column(string sound, string broken, string named)
    {
        var message = Assert.Throws<InvalidInputException>(() => MlflowLog.Read(Log(Sound.Replace(sound, broken, StringComparison.Ordinal)))).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_file_that_is_no_log_is_refused()
    {
        File.WriteAllText(folder["images.csv"], "path,label\na.png,1\n");
        Assert.Contains("no column 'Run ID'", Assert.Throws<InvalidInputException>(() => MlflowLog.Read(folder["images.csv"])).Message, StringComparison.Ordinal);
        Assert.Contains("no rows", Assert.Throws<InvalidInputException>(() => MlflowLog.Read(Log())).Message, StringComparison.Ordinal);
        Assert.Contains("on line 2 too", Assert.Throws<InvalidInputException>(() => MlflowLog.Read(Log(Sound, Sound))).Message, StringComparison.Ordinal);
        Assert.Contains("could not be read", Assert.Throws<InvalidInputException>(() => MlflowLog.Read(folder["none.csv"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Our_own_runs_written_as_a_log_are_read_with_the_same_numbers()
    {
        var random = new Random(3);
        var ours = Enumerable.Range(0, 40).Select(seed => PlainRuns.Record(
            PlainRuns.Configuration(source: "a \"b\", c", learningRate: Math.Pow(10, -random.Next(6)), seed: seed) with { HeadDropout = 0.5, MaxEpochs = 200, Patience = 7, Augmentation = "none", Precision = "tf32" },
            random.NextDouble(), random.NextDouble()) with
        { Seconds = 1000 * random.NextDouble() }).ToList();
        ours[3] = ours[3] with { Status = RunStatus.Diverged, ValidationLoss = null, TestAuc = null };
        MlflowLog.Write(folder["out.csv"], ours);
        var back = MlflowLog.Read(folder["out.csv"]).Runs;
        Assert.Equal(ours.Select(Numbers), back.Select(Numbers));
        Assert.Equal(GroundTruth.Of(ours).Targets[0].Sources[0].P, GroundTruth.Of(back).Targets[0].Sources[0].P);
        // And once more: what was imported goes out as it came.
        MlflowLog.Write(folder["again.csv"], back);
        Assert.Equal(File.ReadAllText(folder["out.csv"]), File.ReadAllText(folder["again.csv"]));

        static object Numbers(RunRecord r) => (
            (r.Configuration.Source.Id, r.Configuration.Target.Name, r.Configuration.LearningRate, r.Configuration.WeightDecay, r.Configuration.Momentum, r.Configuration.BatchSize, r.Configuration.Seed),
            (r.Configuration.MaxEpochs, r.Configuration.Patience, r.Configuration.HeadDropout, r.Configuration.Augmentation, r.Configuration.Precision),
            (r.Status, r.StoppedAt, r.ValidationLoss, r.ValidationAuc, r.ValidationAccuracy, r.TestLoss, r.TestAuc, r.TestAccuracy), r.Started, r.Seconds);
    }

    [Fact]
    public void A_log_with_changed_bytes_is_read_or_refused_and_never_an_error_of_ours()
    {
        var bytes = Encoding.UTF8.GetBytes($"{Header}\n{Sound}\n{Sound.Replace("r1", "r2", StringComparison.Ordinal)}\n");
        var (random, path, read) = (new Random(2), folder["fuzz.csv"], 0);
        for (var trial = 0; trial < 3000; trial++)
        {
            var changed = bytes.ToList();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                var at = random.Next(changed.Count);
                if (random.Next(3) == 0) changed.RemoveRange(at, Math.Min(random.Next(1, 30), changed.Count - at));
                else if (random.Next(2) == 0) changed[at] = (byte)random.Next(256);
                else changed.Insert(at, ",\"\n\r0e9\0"u8[random.Next(8)]);
                if (changed.Count == 0) changed.Add(0);
            }
            File.WriteAllBytes(path, [.. changed]);
            try
            {
                var runs = MlflowLog.Read(path).Runs;
                _ = GroundTruth.Of(runs);
                foreach (var run in runs) Assert.Equal(RunRecord.IdOf(run.Configuration, run.Imported), run.Id);
                read++;
            }
            catch (InvalidInputException)
            {
            }
        }
        Assert.InRange(read, 100, 2900);
    }

    private string Log(params string[] rows)
    {
        File.WriteAllText(folder["log.csv"], string.Join('\n', [Header, .. rows]) + "\n");
        return folder["log.csv"];
    }
}
