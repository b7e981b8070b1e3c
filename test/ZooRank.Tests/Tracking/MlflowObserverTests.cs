using System.Text;
using ZooRank.Runs;
using ZooRank.Tests.Downloads;
using ZooRank.Tests.Runs;
using ZooRank.Tracking;

namespace ZooRank.Tests.Tracking;

public sealed class MlflowObserverTests : IDisposable
{
    private static readonly RunConfiguration Run = MadeRuns.Configuration();

    private readonly MlflowServer server = new();
    private readonly List<Caveat> caveats = [];

    public void Dispose() => server.Dispose();

    [Fact]
    public void A_run_arrives_with_parameters_curves_and_outcome()
    {
        var record = MadeRuns.Finished(Run, epochs: 5);
        using (var observer = Connect()) TensorBoardWriterTests.Follow(observer, record);

        var run = Assert.Single(server.Runs);
        Assert.Equal(("FINISHED", Run.Id), (run.Status, run.Tags["zoorank.run_id"]));
        Assert.NotNull(run.EndTime);
        Assert.Equal("0.01", run.Parameters["lr"]);
        Assert.Equal("0.0001", run.Parameters["wd"]);
        Assert.Equal("0.9", run.Parameters["momentum"]);
        Assert.Equal("64", run.Parameters["batch_size"]);
        Assert.Equal("400", run.Parameters["epochs"]);
        Assert.Equal("imagenet", run.Parameters["source_flag"]);
        Assert.Equal("breastmnist", run.Parameters["target_flag"]);
        Assert.Equal([.. record.Curve.Select(e => ((long)e.Epoch, e.TrainLoss!.Value))], run.Metrics["train_loss"].Select(p => (p.Step, p.Value)));
        Assert.Equal([.. record.Curve.Select(e => e.ValidationAuc!.Value)], run.Metrics["val_auc"].Take(5).Select(p => p.Value));
        Assert.Equal((0.375, 0.859375, 0.796875, 4), (run.Latest("test_loss"), run.Latest("test_auc"), run.Latest("test_acc"), run.Latest("stopped_at")));
        AssertClean();
    }

    [Fact]
    public void The_latest_validation_numbers_are_those_of_the_weights_kept()
    {
        // So that a log exported from MLflow means what the paper's means.
        using (var observer = Connect()) TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(Run, epochs: 5));
        var run = Assert.Single(server.Runs);
        Assert.Equal((0.25, 0.875, 0.8125), (run.Latest("val_loss"), run.Latest("val_auc"), run.Latest("val_acc")));
        Assert.Equal([0, 1, 2, 3, 4, 5], run.Steps("val_loss"));
    }

    [Fact]
    public void Names_are_those_of_the_papers_log()
    {
        var columns = File.ReadLines(SharedFolder.Require("paper", "fined_breast.csv")).First().Split(',');
        using (var observer = Connect()) TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(Run, epochs: 2));
        var run = Assert.Single(server.Runs);
        string[] parameters = ["lr", "wd", "momentum", "batch_size", "epochs", "source_flag", "target_flag"], metrics = ["val_loss", "val_auc", "val_acc", "test_loss", "test_auc", "test_acc", "stopped_at"];
        Assert.All([.. parameters, .. metrics], name => Assert.Contains(name, columns));
        Assert.All(parameters, name => Assert.Contains(name, run.Parameters.Keys));
        Assert.All(metrics, name => Assert.Contains(name, run.Metrics.Keys));
    }

    [Fact]
    public void A_diverged_run_is_failed_and_without_test_numbers()
    {
        var record = MadeRuns.Finished(Run, 3) with { Status = RunStatus.Diverged, TestAuc = null, TestLoss = null, TestAccuracy = null, Curve = [MadeRuns.Epoch(0), MadeRuns.Epoch(1, loss: null)] };
        using (var observer = Connect()) TensorBoardWriterTests.Follow(observer, record);
        var run = Assert.Single(server.Runs);
        Assert.Equal("FAILED", run.Status);
        Assert.DoesNotContain("test_auc", run.Metrics.Keys);
        Assert.Equal([0], run.Steps("train_loss"));
        AssertClean();
    }

    [Fact]
    public void A_run_that_is_continued_stays_one_run_and_has_no_point_twice()
    {
        var record = MadeRuns.Finished(Run, epochs: 8);
        using (var observer = Connect())
        {
            observer.Started(Run, []);
            foreach (var epoch in record.Curve.Take(5)) observer.EpochDone(Run, epoch);
            observer.Interrupted(Run);
        }
        Assert.Equal("KILLED", Assert.Single(server.Runs).Status);
        using (var observer = Connect())
        {
            observer.Started(Run, [.. record.Curve.Take(3)]);
            foreach (var epoch in record.Curve.Skip(3)) observer.EpochDone(Run, epoch);
            observer.Finished(record);
        }
        var run = Assert.Single(server.Runs);
        Assert.Equal("FINISHED", run.Status);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], run.Steps("train_loss"));
        AssertClean();
    }

    [Fact]
    public void A_run_whose_program_was_killed_goes_on_where_it_was()
    {
        using (var observer = Connect())
        {
            observer.Started(Run, []);
            observer.EpochDone(Run, MadeRuns.Epoch(0));
        }
        Assert.Equal("RUNNING", Assert.Single(server.Runs).Status);
        using (var observer = Connect()) TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(Run, 3));
        Assert.Equal([0, 1, 2], Assert.Single(server.Runs).Steps("train_loss"));
    }

    [Fact]
    public void Epochs_that_the_server_never_saw_are_sent_when_the_run_goes_on()
    {
        var record = MadeRuns.Finished(Run, epochs: 6);
        using (var observer = Connect())
        {
            observer.Started(Run, [.. record.Curve.Take(4)]);
            foreach (var epoch in record.Curve.Skip(4)) observer.EpochDone(Run, epoch);
        }
        Assert.Equal([0, 1, 2, 3, 4, 5], Assert.Single(server.Runs).Steps("val_auc"));
    }

    [Fact]
    public void A_run_computed_anew_after_it_was_finished_is_a_new_one()
    {
        for (var i = 0; i < 2; i++)
            using (var observer = Connect()) TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(Run, 2));
        Assert.Equal(["FINISHED", "FINISHED"], server.Runs.Select(r => r.Status));
    }

    [Fact]
    public void Requests_keep_to_the_limits_however_long_a_run_is()
    {
        using (var observer = Connect()) observer.Started(Run, [.. Enumerable.Range(0, 3000).Select(e => MadeRuns.Epoch(e))]);
        Assert.Equal(3000, Assert.Single(server.Runs).Metrics["val_loss"].Count);
        Assert.Equal(1000, server.Requests.Max(r => r.Metrics));
        AssertClean();
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public void A_server_that_fails_for_a_while_gets_everything_in_the_end(int status)
    {
        // Three of five requests fail, whichever they are.
        using (var observer = Connect())
        {
            server.Fault = (n, _) => Task.FromResult<int?>(n % 5 is 0 or 4 ? null : status);
            TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(Run, 4));
            TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(MadeRuns.Configuration(rate: 0.1), 4));
        }
        Assert.All(server.Runs, run => Assert.Equal([0, 1, 2, 3], run.Steps("train_loss")));
        Assert.Equal(["FINISHED", "FINISHED"], server.Runs.Select(r => r.Status));
        Assert.Equal("mlflow-failing", Assert.Single(caveats).Code);
        Assert.Empty(server.Violations);
    }

    [Fact]
    public void Work_that_was_done_though_its_answer_was_lost_is_not_done_twice()
    {
        // The first answer of each kind is lost after the server has acted on the request.
        var lost = new HashSet<string>();
        using (var observer = Connect())
        {
            server.Lost = lost.Add;
            TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(Run, 3));
        }
        Assert.Contains(lost, path => path.EndsWith("runs/create", StringComparison.Ordinal));
        Assert.Contains(lost, path => path.EndsWith("runs/log-batch", StringComparison.Ordinal));
        var run = Assert.Single(server.Runs);
        Assert.Equal([0, 1, 2], run.Steps("train_loss"));
        Assert.Equal("FINISHED", run.Status);
    }

    [Fact]
    public void A_server_that_hangs_holds_nothing_up_and_is_asked_again()
    {
        var hangs = new TaskCompletionSource();
        using (var observer = Connect(new MlflowOptions { RequestTimeout = TimeSpan.FromMilliseconds(200), FlushTime = TimeSpan.FromMinutes(2) }))
        {
            server.Fault = async (n, _) =>
            {
                if (n < 4) await hangs.Task;
                return null;
            };
            // All of it returns though the server answers nothing.
            TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(Run, 400));
        }
        hangs.SetResult();
        var run = Assert.Single(server.Runs);
        Assert.Equal(400, run.Metrics["train_loss"].Count);
        Assert.Equal("FINISHED", run.Status);
        Assert.Equal("mlflow-failing", Assert.Single(caveats).Code);
        // Epochs that waited went together.
        Assert.InRange(server.Requests.Count(r => r.Metrics > 0), 2, 50);
    }

    [Fact]
    public void A_server_that_dies_half_way_stops_no_run_and_the_end_says_what_it_lacks()
    {
        using (var observer = Connect(new MlflowOptions { FlushTime = TimeSpan.FromMilliseconds(300) }))
        {
            observer.Started(Run, []);
            server.Dispose();
            foreach (var epoch in MadeRuns.Finished(Run, 20).Curve) observer.EpochDone(Run, epoch);
            observer.Finished(MadeRuns.Finished(Run, 20));
        }
        Assert.Equal(["mlflow-failing", "mlflow-incomplete"], caveats.Select(c => c.Code));
        Assert.StartsWith("1 run is not complete in MLflow", caveats[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_server_refuses_is_told_once_and_the_other_runs_go_on()
    {
        var refused = MadeRuns.Configuration(rate: 1);
        using (var observer = Connect())
        {
            // The first run's requests are search, create, log, and so on; of the second's, its creation is refused whenever it is asked for.
            var created = 0;
            server.Fault = (_, path) => Task.FromResult<int?>(path.EndsWith("runs/create", StringComparison.Ordinal) && created++ > 0 ? 400 : null);
            TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(Run, 2));
            TensorBoardWriterTests.Follow(observer, MadeRuns.Finished(refused, 2));
        }
        Assert.Equal("FINISHED", Assert.Single(server.Runs).Status);
        Assert.Equal(["mlflow-refused", "mlflow-incomplete"], caveats.Select(c => c.Code));
    }

    [Fact]
    public void The_experiment_is_made_once_and_found_again()
    {
        for (var i = 0; i < 2; i++)
            using (Connect(new MlflowOptions { Experiment = "breast & co/2" }))
                Assert.Empty(server.Violations);
        Assert.Single(server.Requests, r => r.Path.EndsWith("experiments/create", StringComparison.Ordinal));
        Assert.Equal(3, server.Requests.Count);
    }

    [Theory]
    [InlineData("sqlite:///mlflow.db", "begins with http:// or https://")]
    [InlineData("mlruns", "begins with http:// or https://")]
    [InlineData("databricks", "begins with http:// or https://")]
    [InlineData("http://me:secret@127.0.0.1:1", "MLFLOW_TRACKING_PASSWORD")]
    [InlineData("http://127.0.0.1:1", "it cannot be reached")]
    public void An_address_that_is_none_is_one_clear_line_before_any_run(string address, string says)
    {
        var e = Assert.Throws<InvalidInputException>(() => MlflowObserver.Connect(address, environment: _ => null));
        Assert.StartsWith("--mlflow ", e.Message, StringComparison.Ordinal);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_is_not_mlflow_is_named_so()
    {
        using var web = new ScriptedServer(_ => new Answer(200, Encoding.ASCII.GetBytes("<html>Welcome</html>")));
        var e = Assert.Throws<InvalidInputException>(() => MlflowObserver.Connect(web.Url, environment: _ => null));
        Assert.Contains("its answer is not MLflow's", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deleted_experiment_is_named_so()
    {
        server.AddExperiment("zoorank", "deleted");
        var e = Assert.Throws<InvalidInputException>(() => Connect());
        Assert.Contains("was deleted", e.Message, StringComparison.Ordinal);
        Assert.Contains("--mlflow-experiment", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_right_credentials_the_message_says_where_they_go()
    {
        server.Fault = (_, _) => Task.FromResult<int?>(401);
        var e = Assert.Throws<InvalidInputException>(() => Connect());
        Assert.Contains("401", e.Message, StringComparison.Ordinal);
        Assert.Contains("MLFLOW_TRACKING_TOKEN", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MLFLOW_TRACKING_USERNAME=me;MLFLOW_TRACKING_PASSWORD=pä;MLFLOW_TRACKING_TOKEN=t", "Basic bWU6cMOk")]   // base64 of UTF-8, by Python's base64.b64encode
    [InlineData("MLFLOW_TRACKING_USERNAME=me;MLFLOW_TRACKING_TOKEN=t", "Bearer t")]
    [InlineData("", null)]
    public void Credentials_are_those_that_mlflows_own_clients_take(string environment, string? expected)
    {
        var variables = environment.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        using (MlflowObserver.Connect(server.Address, environment: variables.GetValueOrDefault)) Assert.All(server.Requests, r => Assert.Equal(expected, r.Authorization));
    }

    private MlflowObserver Connect(MlflowOptions? options = null) =>
        MlflowObserver.Connect(server.Address, (options ?? new MlflowOptions { FlushTime = TimeSpan.FromMinutes(2) }) with { FirstRetry = TimeSpan.FromMilliseconds(5), Warn = caveats.Add }, _ => null);

    private void AssertClean()
    {
        Assert.Empty(server.Violations);
        Assert.Empty(caveats);
    }
}
