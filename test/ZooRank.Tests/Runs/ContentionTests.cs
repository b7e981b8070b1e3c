using ZooRank.Runs;

namespace ZooRank.Tests.Runs;

public class ContentionTests
{
    private const int Processes = 4, Kills = 12;

    [Fact]
    public void Each_run_is_finished_once_by_processes_that_are_killed_at_any_moment()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "asks Linux which processes live");
        using var folder = new TemporaryFolder();
        var random = new Random();
        var contenders = Enumerable.Range(0, Processes).Select(_ => Contender.Start(folder.Path)).ToList();
        for (var kill = 0; kill < Kills; kill++)
        {
            Thread.Sleep(random.Next(30, 200));
            var victim = random.Next(Processes);
            contenders[victim].Kill();
            contenders[victim].WaitForExit();
            contenders[victim].Dispose();
            contenders[victim] = Contender.Start(folder.Path);
        }
        foreach (var contender in contenders) Assert.Equal("", Contender.Finish(contender));
        Assert.Empty(Directory.EnumerateFiles(folder.Path, "wrong-*").Select(File.ReadAllText));
        var store = RunStore.Open(Path.Combine(folder.Path, "store"));
        Assert.Equal(Enumerable.Range(0, Contender.Runs).Select(n => Contender.Run(n).Id).Order(StringComparer.Ordinal), store.Records().Select(r => r.Id));
        Assert.Empty(store.Unfinished());
    }
}
