using ZooRank.Runs;
using ZooRank.Tests.Runs;
using ZooRank.Tracking;

namespace ZooRank.Tests.Tracking;

public sealed class TensorBoardWriterTests : IDisposable
{
    private static readonly RunConfiguration Run = MadeRuns.Configuration();

    private readonly TemporaryFolder folder = new();
    private readonly Clock clock = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Each_number_of_a_run_is_a_point_at_its_epoch()
    {
        var record = MadeRuns.Finished(Run, epochs: 5);
        using (var writer = new TensorBoardWriter(folder.Path, clock: clock)) Follow(writer, record);

        var files = EventFileReader.Read(RunFolder());
        var events = Assert.Single(files)!["events"]!.AsArray();
        Assert.Equal("brain.Event:2", (string?)events[0]!["version"]);
        Assert.Equal([(0, 0.5), (1, 0.5), (2, 0.5), (3, 0.5), (4, 0.5)], EventFileReader.Curve(files, "train_loss"));
        Assert.Equal([(0, 0.625), (1, 0.625), (2, 0.625), (3, 0.625), (4, 0.625)], EventFileReader.Curve(files, "val_loss"));
        Assert.Equal([.. record.Curve.Select(e => (e.Epoch, e.ValidationAuc!.Value))], EventFileReader.Curve(files, "val_auc"));
        Assert.Equal([.. record.Curve.Select(e => (e.Epoch, e.ValidationAccuracy!.Value))], EventFileReader.Curve(files, "val_acc"));
        Assert.Equal([.. record.Curve.Select(e => (e.Epoch, (double)(float)0.01))], EventFileReader.Curve(files, "learning_rate"));
        Assert.Equal([(4, 0.859375)], EventFileReader.Curve(files, "test_auc"));
        Assert.Equal([(4, 0.796875)], EventFileReader.Curve(files, "test_acc"));
        Assert.Equal([(4, 0.875)], EventFileReader.Curve(files, "best_val_auc"));
        // Seconds since 1970; the clock goes on by one at each reading: start, five epochs, end.
        Assert.Equal([1000, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1006], [.. events.Select(e => (double)e!["time"]!)]);
    }

    [Fact]
    public void The_hyperparameters_page_finds_parameters_and_how_it_ended()
    {
        using (var writer = new TensorBoardWriter(folder.Path, clock: clock)) Follow(writer, MadeRuns.Finished(Run, epochs: 2));
        var values = EventFileReader.Read(RunFolder()).Single()!["events"]!.AsArray().Select(e => e!["values"]).ToList();

        var start = values.Select(v => v?["_hparams_/session_start_info"]).Single(v => v is not null)!;
        Assert.Equal("hparams", (string?)start["plugin"]);
        Assert.Equal(1000, (double)start["content"]!["start_time"]!);
        var parameters = start["content"]!["start"]!;
        Assert.Equal(0.01, (double)parameters["lr"]!);
        Assert.Equal(1e-4, (double)parameters["wd"]!);
        Assert.Equal(0.9, (double)parameters["momentum"]!);
        Assert.Equal(64, (double)parameters["batch_size"]!);
        Assert.Equal(400, (double)parameters["epochs"]!);
        Assert.Equal("imagenet", (string?)parameters["source_flag"]);
        Assert.Equal("breastmnist", (string?)parameters["target_flag"]);

        var end = values.Select(v => v?["_hparams_/session_end_info"]).Single(v => v is not null)!;
        Assert.Equal(1, (int)end["content"]!["status"]!);   // STATUS_SUCCESS
        Assert.Equal(1003, (double)end["content"]!["end_time"]!);
    }

    [Fact]
    public void A_diverged_run_is_a_failure_and_its_undefined_numbers_are_left_out()
    {
        var record = MadeRuns.Finished(Run, 2) with { Status = RunStatus.Diverged, TestAuc = null, ValidationAuc = null, Curve = [MadeRuns.Epoch(0), MadeRuns.Epoch(1, loss: null)] };
        using (var writer = new TensorBoardWriter(folder.Path, clock: clock)) Follow(writer, record);
        var files = EventFileReader.Read(RunFolder());
        Assert.Equal([(0, 0.5)], EventFileReader.Curve(files, "train_loss"));
        Assert.Empty(EventFileReader.Curve(files, "test_auc"));
        Assert.Equal(2, (int)files[0]!["events"]!.AsArray().Select(e => e!["values"]?["_hparams_/session_end_info"]).Single(v => v is not null)!["content"]!["status"]!);   // STATUS_FAILURE
    }

    [Fact]
    public void A_run_that_is_continued_has_no_point_twice()
    {
        var whole = MadeRuns.Finished(Run, epochs: 8).Curve;
        using (var writer = new TensorBoardWriter(folder.Path, clock: clock))
        {
            writer.Started(Run, []);
            foreach (var epoch in whole.Take(5)) writer.EpochDone(Run, epoch with { TrainLoss = 0.25 });
            writer.Interrupted(Run);
        }
        // Its last checkpoint was after three epochs; the clock of the machine that goes on is behind.
        clock.Seconds = 10;
        using (var writer = new TensorBoardWriter(folder.Path, clock: clock))
        {
            writer.Started(Run, [.. whole.Take(3)]);
            foreach (var epoch in whole.Skip(3)) writer.EpochDone(Run, epoch);
        }
        var files = EventFileReader.Read(RunFolder());
        Assert.Equal(2, files.Count);
        Assert.Equal([(0, 0.25), (1, 0.25), (2, 0.25), (3, 0.5), (4, 0.5), (5, 0.5), (6, 0.5), (7, 0.5)], EventFileReader.Curve(files, "train_loss"));
    }

    [Fact]
    public void A_run_continued_with_a_new_folder_shows_the_epochs_behind_it()
    {
        using (var writer = new TensorBoardWriter(folder.Path, clock: clock))
        {
            writer.Started(Run, [MadeRuns.Epoch(0), MadeRuns.Epoch(1), MadeRuns.Epoch(2)]);
            writer.EpochDone(Run, MadeRuns.Epoch(3));
        }
        var files = EventFileReader.Read(RunFolder());
        Assert.Equal([0, 1, 2, 3], EventFileReader.Curve(files, "val_auc").Select(p => p.Step));
        // Epochs took two seconds each, and the last ended as the run went on.
        Assert.Equal([996, 998, 1000, 1001], files[0]!["events"]!.AsArray().Where(e => e!["values"]?["val_auc"] is not null).Select(e => (double)e!["time"]!));
    }

    [Fact]
    public void Runs_may_overlap()
    {
        var other = MadeRuns.Configuration(rate: 0.1);
        using (var writer = new TensorBoardWriter(folder.Path, clock: clock))
        {
            writer.Started(Run, []);
            writer.Started(other, []);
            writer.EpochDone(Run, MadeRuns.Epoch(0));
            writer.EpochDone(other, MadeRuns.Epoch(0, loss: 0.25));
        }
        Assert.Equal([(0, 0.5)], EventFileReader.Curve(EventFileReader.Read(RunFolder()), "train_loss"));
        Assert.Equal([(0, 0.25)], EventFileReader.Curve(EventFileReader.Read(RunFolder(other)), "train_loss"));
    }

    [Fact]
    public void A_name_cannot_lead_out_of_the_folder()
    {
        var run = MadeRuns.Configuration(source: "../../net:1", target: "..");
        using (var writer = new TensorBoardWriter(folder["board"], clock: clock)) writer.Started(run, []);
        var file = Assert.Single(Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories));
        Assert.StartsWith(Path.Combine(folder.Path, "board", "_", "_.._net_1", "lr0.01_m0.9_wd0.0001_b64_s0-"), file, StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told_before_any_run()
    {
        File.WriteAllText(folder["file"], "");
        var e = Assert.Throws<InvalidInputException>(() => new TensorBoardWriter(folder["file"]));
        Assert.Contains(folder["file"], e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Files_that_fail_later_are_told_once_and_stop_no_run()
    {
        var caveats = new List<Caveat>();
        using var writer = new TensorBoardWriter(folder["board"], caveats.Add, clock);
        Directory.Delete(folder["board"], recursive: true);
        File.WriteAllText(folder["board"], "");
        Follow(writer, MadeRuns.Finished(Run, 3));
        Follow(writer, MadeRuns.Finished(MadeRuns.Configuration(rate: 1), 3));
        Assert.Equal("tensorboard-failed", Assert.Single(caveats).Code);
    }

    internal static void Follow(IRunObserver observer, RunRecord record)
    {
        observer.Started(record.Configuration, []);
        foreach (var epoch in record.Curve) observer.EpochDone(record.Configuration, epoch);
        observer.Finished(record);
    }

    private string RunFolder(RunConfiguration? run = null) => Directory.EnumerateDirectories(Path.Combine(folder.Path, "breastmnist", "imagenet")).Single(f => f.EndsWith((run ?? Run).Id[..8], StringComparison.Ordinal));

    // One second later at each reading.
    private sealed class Clock : TimeProvider
    {
        public int Seconds { get; set; } = 1000;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(Seconds++);
    }
}
