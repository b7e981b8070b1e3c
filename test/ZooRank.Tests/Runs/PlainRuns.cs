using ZooRank.Runs;

namespace ZooRank.Tests.Runs;

/// <summary>Runs that never ran.</summary>
internal static class PlainRuns
{
    public static RunConfiguration Configuration(string source = "imagenet", string target = "breastmnist", double learningRate = 0.01, int seed = 0) => new()
    {
        Source = new RunSource { Id = source, Architecture = "resnet18", Sha256 = "5c106cde", Mean = [0.485f, 0.456f, 0.406f], Std = [0.229f, 0.224f, 0.225f], InputSize = 224 },
        Target = new RunTarget { Name = target, Kind = "binary", ClassCount = 2, TrainImages = 200, TrainSha256 = "aa", ValidationSha256 = "bb", TestSha256 = "cc", DrawSeed = 1, Fold = 1 },
        LearningRate = learningRate,
        WeightDecay = 1e-4,
        Momentum = 0.9,
        BatchSize = 32,
        Seed = seed,
    };

    public static RunRecord Record(RunConfiguration configuration, double validationLoss = 0.5, double testAuc = 0.8, int epochs = 2) => new()
    {
        Id = configuration.Id,
        Configuration = configuration,
        Status = RunStatus.Finished,
        Curve = [.. Enumerable.Range(0, epochs).Select(e => new EpochRecord(e, 0.01 / (e + 1), 0.7 / (e + 1), e == 0 ? null : 0.6, 0.75, 0.5, 1.25))],
        BestEpoch = 0,
        StoppedAt = epochs - 1,
        ValidationLoss = validationLoss,
        ValidationAuc = 0.75,
        ValidationAccuracy = 0.5,
        TestLoss = 0.61,
        TestAuc = testAuc,
        TestAccuracy = 0.7,
        Started = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Seconds = 61.5,
        Provenance = new RunProvenance { Zoorank = "0.1.0", Libtorch = "2.10.0", Device = "cpu", Host = "here", Command = ["zoorank", "finetune"] },
    };
}
