using System.Text.Json.Nodes;
using ZooRank.Runs;

namespace ZooRank.Tests.Runs;

public sealed class RunClaimTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly RunConfiguration run = PlainRuns.Configuration();

    private RunStore Store => RunStore.Open(folder.Path);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Of_many_who_want_a_run_at_once_one_gets_it()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var wanted = PlainRuns.Configuration(seed: seed);
            var claims = AllAtOnce(16, _ => Store.TryClaim(wanted));
            Assert.Single(claims.OfType<RunClaim>()).Dispose();
            // Given back: again one gets it.
            using var second = Assert.Single(AllAtOnce(16, _ => Store.TryClaim(wanted)).OfType<RunClaim>());
        }
    }

    [Fact]
    public void A_run_given_back_goes_on_from_what_was_kept()
    {
        using (var first = Store.TryClaim(run)!) File.WriteAllText(first.CheckpointPath, "epoch 3");
        using var second = Store.TryClaim(run.Id)!;
        Assert.Equal("epoch 3", File.ReadAllText(second.CheckpointPath));
    }

    [Fact]
    public void A_finished_run_cannot_be_claimed_and_its_checkpoint_is_gone()
    {
        using var claim = Store.TryClaim(run)!;
        File.WriteAllText(claim.CheckpointPath, "epoch 3");
        Store.Add(PlainRuns.Record(run));
        claim.Complete();
        Assert.Null(Store.TryClaim(run));
        Assert.False(Directory.Exists(claim.Folder));
    }

    // A client of a network file system may for a while believe that a file is not there which another has just written: the claim says that it is.
    [Fact]
    public void A_finished_run_cannot_be_claimed_by_one_who_does_not_see_its_record_yet()
    {
        Store.TryClaim(run)!.Complete();
        Assert.False(Store.Has(run.Id));
        Assert.Null(Store.TryClaim(run));
        // After an hour it is not a matter of seeing: the record was deleted to have the run computed again.
        Age(1, TimeSpan.FromMinutes(61));
        using var again = Store.TryClaim(run);
        Assert.NotNull(again);
    }

    [Fact]
    public void What_a_finished_run_left_is_removed_after_an_hour_and_not_before()
    {
        Store.TryClaim(run)!.Dispose();
        var claim = Store.TryClaim(run)!;
        Store.Add(PlainRuns.Record(run));
        claim.Complete();
        Directory.CreateDirectory(Path.Combine(folder.Path, "work", $"{run.Id}.1"));
        Age(1, TimeSpan.FromMinutes(120));
        Age(2, TimeSpan.FromMinutes(59));
        _ = Store;
        Assert.True(File.Exists(FileOf(1)));
        Age(2, TimeSpan.FromMinutes(61));
        _ = Store;
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "work")));
    }

    [Fact]
    public void One_that_died_between_its_record_and_saying_so_left_nothing_to_compute()
    {
        DeadHolder("claim");
        Directory.CreateDirectory(Path.Combine(folder.Path, "work", $"{run.Id}.1"));
        Store.Add(PlainRuns.Record(run));
        Assert.Null(Store.TryClaim(run));
        Assert.Empty(Store.Unfinished());
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(6, true)]
    public void The_claim_of_another_machine_is_respected_until_it_is_silent_for_five_minutes(int minutes, bool taken)
    {
        OtherMachine(TimeSpan.FromMinutes(minutes));
        var claims = AllAtOnce(16, _ => Store.TryClaim(run)).OfType<RunClaim>().ToList();
        Assert.Equal(taken ? 1 : 0, claims.Count);
        if (taken) Assert.Equal("epoch 5", File.ReadAllText(claims[0].CheckpointPath));
        foreach (var claim in claims) claim.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"state\":\"he")]
    [InlineData("{\"state\":\"unheard of\"}")]
    public void A_claim_that_cannot_be_read_is_judged_by_its_age_alone(string content)
    {
        File.WriteAllText(folder[$"work/{run.Id}.1.claim"], content);
        Assert.Null(Store.TryClaim(run));
        Assert.True(Assert.Single(Store.Unfinished()).AtWork);
        Age(1, TimeSpan.FromMinutes(6));
        Assert.False(Assert.Single(Store.Unfinished()).AtWork);
        using var claim = Store.TryClaim(run);
        Assert.NotNull(claim);
    }

    [Fact]
    public void A_process_that_lives_keeps_its_claim_however_long_it_is_silent()
    {
        using var claim = Store.TryClaim(run)!;
        Age(1, TimeSpan.FromDays(2));
        Assert.Null(Store.TryClaim(run));
    }

    [Theory]
    [InlineData("pid")]
    [InlineData("started")]
    public void The_claim_of_a_process_that_is_gone_is_taken_at_once_though_its_number_is_another_s_now(string changed)
    {
        DeadHolder(changed);
        using var claim = Store.TryClaim(run);
        Assert.NotNull(claim);
    }

    [Fact]
    public void One_that_was_succeeded_while_it_slept_notices_and_spoils_nothing()
    {
        using var sleeper = Store.TryClaim(run)!;
        sleeper.ThrowIfLost();
        OtherMachine(TimeSpan.FromMinutes(6));
        using var successor = Store.TryClaim(run)!;
        Assert.Equal("epoch 5", File.ReadAllText(successor.CheckpointPath));

        Assert.Throws<RunLostException>(sleeper.ThrowIfLost);
        Assert.True(sleeper.Lost);
        // What it still had in hand when it fell asleep.
        Directory.CreateDirectory(sleeper.Folder);
        File.WriteAllText(sleeper.CheckpointPath, "epoch 4");
        sleeper.Complete();
        Assert.Equal("epoch 5", File.ReadAllText(successor.CheckpointPath));
        successor.ThrowIfLost();
        Assert.Null(Store.TryClaim(run));
        successor.Dispose();
        using var third = Store.TryClaim(run)!;
        Assert.Equal("epoch 5", File.ReadAllText(third.CheckpointPath));
    }

    [Fact]
    public void One_whose_claim_was_deleted_notices()
    {
        using var claim = Store.TryClaim(run)!;
        File.Delete(FileOf(1));
        Assert.Throws<RunLostException>(claim.ThrowIfLost);
        claim.Dispose();
        Assert.False(File.Exists(FileOf(1)));
    }

    [Fact]
    public void Half_written_checkpoints_are_removed_by_whoever_goes_on()
    {
        using (var first = Store.TryClaim(run)!) File.WriteAllText(Path.Combine(first.Folder, ".checkpoint.safetensors.1.2.tmp"), "half");
        using var second = Store.TryClaim(run)!;
        Assert.Empty(Directory.EnumerateFiles(second.Folder));
    }

    [Fact]
    public void Those_at_work_and_those_interrupted_can_be_looked_at()
    {
        using var atWork = Store.TryClaim(run)!;
        atWork.Epochs = 17;
        atWork.ThrowIfLost();
        var other = PlainRuns.Configuration(source: "radimagenet");
        using (var interrupted = Store.TryClaim(other)!) interrupted.Epochs = 3;

        var seen = Store.Unfinished().ToDictionary(r => r.Id);
        Assert.Equal(2, seen.Count);
        Assert.Equal((true, "imagenet", "breastmnist", 17, Environment.ProcessId), (seen[run.Id].AtWork, seen[run.Id].Source, seen[run.Id].Target, seen[run.Id].Epochs, seen[run.Id].Pid));
        Assert.Equal((false, "radimagenet", 3), (seen[other.Id].AtWork, seen[other.Id].Source, seen[other.Id].Epochs));
    }

    private string FileOf(int number) => Path.Combine(folder.Path, "work", $"{run.Id}.{number}.claim");

    private void Age(int number, TimeSpan by) => File.SetLastWriteTimeUtc(FileOf(number), DateTime.UtcNow - by);

    // The claim of a process on a machine that is not this one, at epoch 5 when it was last heard of.
    private void OtherMachine(TimeSpan silent)
    {
        using (var claim = Store.TryClaim(run)) if (claim is not null) File.WriteAllText(claim.CheckpointPath, "epoch 5");
        File.WriteAllText(folder[$"work/{run.Id}.1/checkpoint.safetensors"], "epoch 5");
        Rewrite(claim => claim["holder"]!["host"] = "another machine");
        Age(1, silent);
    }

    private void DeadHolder(string changed)
    {
        Store.TryClaim(run)!.Dispose();
        Rewrite(claim => claim["holder"]![changed == "started" ? "started" : "pid"] = changed == "started" ? 12345 : int.MaxValue);
    }

    private void Rewrite(Action<JsonNode> change)
    {
        var claim = JsonNode.Parse(File.ReadAllText(FileOf(1)))!;
        claim["state"] = "held";
        change(claim);
        File.WriteAllText(FileOf(1), claim.ToJsonString());
    }

    private static T[] AllAtOnce<T>(int count, Func<int, T> act)
    {
        using var start = new Barrier(count);
        var results = new T[count];
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            results[i] = act(i);
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return results;
    }
}
