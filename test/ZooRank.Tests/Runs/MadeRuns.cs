using System.Globalization;
using ZooRank.Runs;

namespace ZooRank.Tests.Runs;

/// <summary>Runs to show and to send: smooth curves from a formula, which look like learning and mean nothing, and the numbers of the paper's own log, which have no curves.</summary>
internal static class MadeRuns
{
    public static RunConfiguration Configuration(double rate = 0.01, double momentum = 0.9, double decay = 1e-4, int batch = 64, string source = "imagenet", string target = "breastmnist", int maxEpochs = 400, int seed = 0) => new()
    {
        Source = new RunSource { Id = source, Architecture = "resnet18", Dataset = source },
        Target = new RunTarget { Name = target, Kind = "binary", ClassCount = 2, TrainImages = 400, ValidationImages = 50, TestImages = 156 },
        LearningRate = rate,
        Momentum = momentum,
        WeightDecay = decay,
        BatchSize = batch,
        MaxEpochs = maxEpochs,
        Seed = seed,
    };

    public static EpochRecord Epoch(int epoch, double rate = 0.01, double? loss = 0.5) =>
        new(epoch, rate, loss, loss + 0.125, 0.75 + epoch / 1024.0, 0.5 + epoch / 512.0, 2);

    /// <summary>A finished run of so many epochs, whose best is two before its last.</summary>
    public static RunRecord Finished(RunConfiguration configuration, int epochs) => new()
    {
        Id = configuration.Id,
        Configuration = configuration,
        Status = RunStatus.Finished,
        Curve = [.. Enumerable.Range(0, epochs).Select(e => Epoch(e))],
        BestEpoch = Math.Max(0, epochs - 3),
        StoppedAt = epochs - 1,
        ValidationLoss = 0.25,
        ValidationAuc = 0.875,
        ValidationAccuracy = 0.8125,
        TestLoss = 0.375,
        TestAuc = 0.859375,
        TestAccuracy = 0.796875,
        Started = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Seconds = 2 * epochs,
    };

    /// <summary>The paper's grid of 120 runs: small rates learn slowly, middling ones well and then too much, large ones jump about or diverge.</summary>
    public static IReadOnlyList<RunRecord> Grid(string source = "imagenet", string target = "breastmnist") =>
    [
        .. from rate in new[] { 1, 0.1, 0.01, 1e-3, 1e-4, 1e-5 }
           from decay in new[] { 1e-3, 1e-4, 1e-5, 1e-6, 0 }
           from momentum in new[] { 0.9, 0 }
           from batch in new[] { 32, 64 }
           select Drawn(Configuration(rate, momentum, decay, batch, source, target)),
    ];

    /// <summary>One run's curve by formula, with a little noise of its own.</summary>
    public static RunRecord Drawn(RunConfiguration run)
    {
        var noise = new Random(Convert.ToInt32(run.Id[..7], 16));
        var speed = run.LearningRate * (run.Momentum > 0 ? 8 : 1) * 64 / run.BatchSize;
        var ceiling = 0.91 - 0.05 * Math.Abs(Math.Log10(speed / 0.08)) + 0.01 * noise.NextDouble();
        var (curve, best, value, wobble) = (new List<EpochRecord>(), 0, -1.0, 0.0);
        for (var epoch = 0; epoch < run.MaxEpochs && epoch - best < run.Patience; epoch++)
        {
            wobble = 0.7 * wobble + (noise.NextDouble() - 0.5) * Math.Min(0.06, 0.01 + 0.05 * speed);
            var learned = 1 - Math.Exp(-(epoch + 1) * Math.Min(speed, 3) * 0.6);
            var train = 0.72 * (1 - learned) + 0.55 * Math.Exp(-epoch * Math.Min(speed, 1) / 3) * learned + 0.02 + Math.Abs(wobble) / 4;
            var auc = Math.Clamp(0.55 + (ceiling - 0.55) * learned + wobble, 0.3, 0.99);
            var validation = 0.72 - 0.42 * (auc - 0.55) / 0.36 + Math.Max(0, 0.4 - train) * learned * Math.Min(epoch, 200) / 400 + Math.Abs(wobble);
            if (speed > 4 && epoch > 3 + noise.Next(5))
                return new RunRecord { Id = run.Id, Configuration = run, Status = RunStatus.Diverged, Curve = [.. curve, new(epoch, run.LearningRate, null, null, null, null, 2)], StoppedAt = epoch, Seconds = 2 * epoch };
            if (speed > 4) (train, validation) = (train * Math.Pow(6, epoch), validation * Math.Pow(6, epoch));
            curve.Add(new(epoch, run.LearningRate * (1 + Math.Cos(Math.PI * epoch / run.MaxEpochs)) / 2, train, validation, auc, auc - 0.05, 2));
            if (auc > value) (best, value) = (epoch, auc);
        }
        var kept = curve[best];
        return new RunRecord
        {
            Id = run.Id,
            Configuration = run,
            Status = RunStatus.Finished,
            Curve = curve,
            BestEpoch = best,
            StoppedAt = curve.Count - 1,
            ValidationLoss = kept.ValidationLoss,
            ValidationAuc = kept.ValidationAuc,
            ValidationAccuracy = kept.ValidationAccuracy,
            TestLoss = kept.ValidationLoss + 0.02,
            TestAuc = kept.ValidationAuc - 0.02,
            TestAccuracy = kept.ValidationAccuracy - 0.02,
            Seconds = 2 * curve.Count,
        };
    }

    /// <summary>The finished runs of a source in the paper's published log (one of fined_*.csv), without curves.</summary>
    public static IReadOnlyList<RunRecord> OfThePaper(string file, string source)
    {
        // No cell of this log that is read here holds a comma or a quote.
        var lines = File.ReadAllLines(file).Select(line => line.Split(',')).ToList();
        var records = new List<RunRecord>();
        foreach (var cells in lines.Skip(1))
        {
            string Cell(string column) => cells[Array.IndexOf(lines[0], column)];
            double Number(string column) => double.Parse(Cell(column), CultureInfo.InvariantCulture);
            if (Cell("source_flag") != source || Cell("Status") != "FINISHED" || Cell("test_auc").Length == 0) continue;
            var run = Configuration(Number("lr"), Number("momentum"), Number("wd"), (int)Number("batch_size"), source, Cell("target_flag"), (int)Number("epochs"), seed: records.Count);
            records.Add(new RunRecord
            {
                Id = run.Id,
                Configuration = run,
                Status = RunStatus.Finished,
                StoppedAt = (int)Number("stopped_at"),
                ValidationLoss = Number("val_loss"),
                ValidationAuc = Number("val_auc"),
                TestAuc = Number("test_auc"),
            });
        }
        return records;
    }
}
