using System.Globalization;
using ZooRank.Files;
using ZooRank.Runs;

namespace ZooRank.Tracking;

/// <summary>What trackers call a run, its parameters and its metrics: as the paper's published log (arXiv 2412.20172) does, where that has the thing.</summary>
internal static class RunNames
{
    /// <summary>"target/source/lr0.01_m0.9_wd0.0001_b64_s0-1a2b3c4d": readable, sorted as one looks for it, and unlike any other run's.</summary>
    public static string Path(RunConfiguration run) => $"{SafeName.Of(run.Target.Name)}/{SafeName.Of(run.Source.Id)}/{Short(run)}-{run.Id[..8]}";

    public static string Short(RunConfiguration run) =>
        string.Create(CultureInfo.InvariantCulture, $"lr{run.LearningRate:0.############}_m{run.Momentum:0.###}_wd{run.WeightDecay:0.############}_b{run.BatchSize}_s{run.Seed}");

    /// <summary>Numbers as double, words as string.</summary>
    public static IEnumerable<(string Name, object Value)> Parameters(RunConfiguration run)
    {
        yield return ("source_flag", run.Source.Id);
        yield return ("target_flag", run.Target.Name);
        if (run.Source.Architecture is { } architecture) yield return ("architecture", architecture);
        yield return ("lr", run.LearningRate);
        yield return ("wd", run.WeightDecay);
        yield return ("momentum", run.Momentum);
        yield return ("batch_size", (double)run.BatchSize);
        yield return ("epochs", (double)run.MaxEpochs);
        yield return ("patience", (double)run.Patience);
        yield return ("seed", (double)run.Seed);
        yield return ("head_dropout", run.HeadDropout);
        yield return ("augmentation", run.Augmentation);
        yield return ("precision", run.Precision);
    }

    /// <summary>An epoch's numbers; those that are undefined are left out.</summary>
    public static IEnumerable<(string Name, double Value)> Metrics(EpochRecord epoch) => Defined(
        ("learning_rate", epoch.LearningRate), ("train_loss", epoch.TrainLoss), ("val_loss", epoch.ValidationLoss), ("val_auc", epoch.ValidationAuc), ("val_acc", epoch.ValidationAccuracy));

    /// <summary>The numbers of the weights that were kept, on the validation images.</summary>
    public static IEnumerable<(string Name, double Value)> Kept(RunRecord record) =>
        Defined(("val_loss", record.ValidationLoss), ("val_auc", record.ValidationAuc), ("val_acc", record.ValidationAccuracy));

    /// <summary>What is known only of a run that is over.</summary>
    public static IEnumerable<(string Name, double Value)> Outcome(RunRecord record) => Defined(
        ("test_loss", record.TestLoss), ("test_auc", record.TestAuc), ("test_acc", record.TestAccuracy), ("stopped_at", record.StoppedAt), ("best_epoch", record.BestEpoch), ("seconds", record.Seconds));

    private static IEnumerable<(string, double)> Defined(params (string Name, double? Value)[] numbers) =>
        numbers.Where(n => n.Value is { } value && double.IsFinite(value)).Select(n => (n.Name, n.Value!.Value));
}
