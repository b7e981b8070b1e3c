using Parquet.Serialization;
using ZooRank.Runs;
using ZooRank.Tests.Runs;
using ZooRank.Truth;

namespace ZooRank.Tests.Truth;

public sealed class RunTableTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static readonly RunRecord[] Runs =
    [
        PlainRuns.Record(PlainRuns.Configuration(learningRate: 1e-5), 0.1234567890123456, 0.8851294903926483, epochs: 3),
        PlainRuns.Record(PlainRuns.Configuration("a, \"b\"", seed: 1)) with { Status = RunStatus.Diverged, TestAuc = null, ValidationLoss = null, Curve = [] },
        PlainRuns.Record(PlainRuns.Configuration(target: "retinamnist")),
    ];

    [Fact]
    public async Task Parquet_holds_a_row_for_each_run_and_its_curve()
    {
        RunTable.WriteParquet(folder["runs.parquet"], Runs);
        await using var stream = File.OpenRead(folder["runs.parquet"]);
        var rows = (await ParquetSerializer.DeserializeAsync<RunTable.Row>(stream, cancellationToken: TestContext.Current.CancellationToken)).Data;
        Assert.Equal(Runs.Select(r => (r.Id, r.Configuration.Target.Name, r.Configuration.Source.Id, r.Configuration.LearningRate, r.ValidationLoss, r.TestAuc, r.Started?.UtcDateTime, r.Seconds)),
            rows.Select(r => (r.Id, r.Target, r.Source, r.LearningRate, r.ValidationLoss, r.TestAuc, r.Started, r.Seconds)));
        Assert.Equal(Runs.Select(r => string.Join(" ", r.Curve)), rows.Select(r => string.Join(" ", r.Curve.Select(e => new EpochRecord(e.Number, e.LearningRate, e.TrainLoss, e.ValidationLoss, e.ValidationAuc, e.ValidationAccuracy, e.Seconds)))));
    }

    [Fact]
    public void Parquet_is_read_by_pyarrow()
    {
        RunTable.WriteParquet(folder["runs.parquet"], Runs);
        Assert.Equal("[0.8851294903926483, None, 0.8] [3, 0, 2] finished", Python.Run("pyarrow.parquet", """
            t = pyarrow.parquet.read_table(sys.argv[1]).to_pydict()
            print(t['test_auc'], [len(c) for c in t['curve']], t['status'][0])
            """, folder["runs.parquet"]).Trim());
    }

    [Fact]
    public void Csv_holds_a_row_for_each_run_with_all_digits()
    {
        RunTable.WriteCsv(folder["runs.csv"], Runs);
        Assert.Equal("0.8851294903926483 0.1234567890123456 1e-05 finished 2026-01-02T03:04:05Z|a, \"b\"|3 False", Python.Run("csv", """
            rows = list(csv.DictReader(open(sys.argv[1], newline='')))
            r = rows[0]
            print(r['test_auc'], r['validation_loss'], float(r['learning_rate']), r['status'], r['started'] + '|' + rows[1]['source'] + '|' + str(len(rows)), 'curve' in r)
            """, folder["runs.csv"]).Trim());
    }

    [Fact]
    public void The_matrix_has_sources_as_rows_and_targets_as_columns()
    {
        RunTable.WriteMatrix(folder["table.csv"], GroundTruth.Of(Runs));
        Assert.Equal(",source,breastmnist,retinamnist\n0,imagenet,0.8851294903926483,0.8\n", File.ReadAllText(folder["table.csv"]));
    }
}
