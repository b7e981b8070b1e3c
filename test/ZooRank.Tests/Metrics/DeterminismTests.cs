using System.Globalization;
using ZooRank.Features;
using ZooRank.Metrics;
using static TorchSharp.torch;

namespace ZooRank.Tests.Metrics;

/// <summary>One input, one answer to the last digit, wherever the collector has put the arrays: MKL rounds differently at another alignment, and what iterates far makes digits of it.</summary>
public class DeterminismTests
{
    private const int Times = 4;

    private static FeatureSet Hard(int n, int width, int classes, double distance)
    {
        var (values, labels) = Points.Clouds(n, width, classes, distance, seed: 17);
        return new() { Width = width, Values = values, Labels = labels, ClassCount = classes };
    }

    // Live arrays of odd sizes in between, then a compaction: what comes next lies elsewhere.
    private static List<byte[]> Clutter(int seed)
    {
        var random = new Random(seed);
        List<byte[]> kept = [.. Enumerable.Range(0, 200).Select(_ => new byte[random.Next(1, 3000)])];
        for (var i = 0; i < 20; i++) kept.Add(new byte[85_000 + 8 * random.Next(1000)]);   // where large objects live
        for (var i = kept.Count - 1; i >= 0; i -= 2) kept.RemoveAt(i);
        System.Runtime.GCSettings.LargeObjectHeapCompactionMode = System.Runtime.GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        return kept;
    }

    private static void Repeats(FeatureSet set, params string[] names) => Repeats(() =>
    {
        var outcomes = MetricScores.Of(set, [.. names.Select(MetricList.Get)], cancellation: TestContext.Current.CancellationToken).Outcomes;
        return string.Join("; ", names.Select(name => FormattableString.Invariant($"{name} {outcomes[name].Score!.Value:R}")));
    });

    private static void Repeats(Func<string> measure)
    {
        var found = new HashSet<string>();
        var clutter = new List<List<byte[]>>();
        for (var time = 0; time < Times; time++)
        {
            clutter.Add(Clutter(time));
            found.Add(measure());
        }
        GC.KeepAlive(clutter);
        Assert.Single(found);
    }

    [Fact]
    public void S_LP_and_NCAs_objective() => Repeats(Hard(400, 120, 5, 2), "lp", "nca_objective");   // a hundred steps, of which thirty are enough for rounding to show

    [Fact]
    public void With_more_features_than_images_too() => Repeats(Hard(200, 260, 5, 1), "lp", "nca_objective");

    [Fact]
    public void The_probe() => Repeats(Hard(300, 61, 3, 1.5), "probe", "probe:accuracy");

    // The AUC sees their order alone.
    [Fact]
    public void The_probes_probabilities() => Repeats(() =>
    {
        using var scope = NewDisposeScope();
        using var space = new FeatureSpace(Hard(300, 61, 3, 1.5));
        var fold = tensor([.. Enumerable.Range(0, 300).Select(i => (long)(i % 5))]);
        return string.Join(' ', Probe.Fit(Probe.Coordinates(space)!, space.OneHot, fold).data<double>().Select(p => p.ToString("R", CultureInfo.InvariantCulture)));
    });

    [Fact]
    public void N_LEEP() => Repeats(Hard(300, 61, 3, 3), "nleep", "nleep:log");

    [Fact]
    public void LogME_and_PARC() => Repeats(Hard(203, 61, 3, 1.5), "logme", "parc", "parc:published");
}
