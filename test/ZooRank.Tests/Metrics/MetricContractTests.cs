using TorchSharp;
using ZooRank.Features;
using ZooRank.Metrics;

namespace ZooRank.Tests.Metrics;

/// <summary>What holds for every metric of <see cref="MetricList"/>. A new one is found here by itself.</summary>
public class MetricContractTests
{
    private const int N = 48, Width = 10, Classes = 3;

    // These draw random numbers: another seed may give another score.
    private static readonly string[] Drawing = ["nleep", "probe"];

    // What they tell says nothing of the labels at hand: FU reads the gradient norms only, energy the logits or features only.
    private static readonly string[] BlindToLabels = ["fu", "energy", "energy:features"];

    public static TheoryData<string> Names => [.. MetricList.All.Select(m => m.Name)];

    public static TheoryData<string> Degenerate =>
    [
        "one class", "a class with one image", "a constant feature", "constant features", "constant features within classes", "each image twice", "scale 1e-20", "scale 1e+15", "far from the origin",
        "one image per class", "two images", "one image", "one feature", "empty class",
    ];

    private static FeatureSet Made(double distance = 2, int n = N, int width = Width, int classes = Classes) => MadeFeatures.Of(distance, n, width, classes);

    private static FeatureSet Spoilt(string how)
    {
        var set = Made();
        return how switch
        {
            "one class" => set with { Labels = [.. set.Labels.Select(_ => 1)] },
            "a class with one image" => set with { Labels = [.. set.Labels.Select((y, i) => i == 5 ? 2 : y % 2)] },
            "a constant feature" => set with { Values = [.. set.Values.Select((v, i) => i % Width == 4 ? 0.3f : v)] },
            "constant features" => set with { Values = [.. set.Values.Select((_, i) => 0.1f * (1 + (i % Width)))] },
            "constant features within classes" => set with { Values = [.. set.Values.Select((_, i) => 0.1f * set.Labels[i / Width])] },
            "each image twice" => set.Subset([.. Enumerable.Range(0, N).SelectMany(i => new[] { i, i })], [0, 1, 2, 3]),
            "scale 1e-20" => set with { Values = [.. set.Values.Select(v => v * 1e-20f)] },
            "scale 1e+15" => set with { Values = [.. set.Values.Select(v => v * 1e15f)] },
            "far from the origin" => set with { Values = [.. set.Values.Select(v => v + 1e4f)] },
            "one image per class" => Made(n: Classes),
            "two images" => Made(n: 2),
            "one image" => Made(n: 1),
            "one feature" => Made(width: 1),
            "empty class" => set with { ClassCount = Classes + 2, Labels = [.. set.Labels.Select(y => y * 2)] },
            _ => throw new ArgumentOutOfRangeException(nameof(how), how, null),
        };
    }

    // All numbers to the last digit, or the reason.
    private static string Written(MetricOutcome outcome) => outcome.Undefined ?? string.Join("; ", outcome.Numbers.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => FormattableString.Invariant($"{p.Key} {p.Value:R}")));

    private static string Written(FeatureSet set, string name, int seed = 0) => Written(Measured.Of(set, name, new() { Seed = seed }));

    private static void Defensible(string name, FeatureSet set, bool extreme = false)
    {
        var outcome = Measured.Of(set, name);
        if (outcome.Undefined is not { } why)
        {
            Assert.NotEmpty(outcome.Numbers);
            Assert.All(outcome.Numbers.Values, v => Assert.True(double.IsFinite(v)));
            return;
        }
        Assert.NotEmpty(why);
        // libtorch's words are no reason that a user could act on.
        Assert.DoesNotContain("the computation failed", why, StringComparison.Ordinal);
        Assert.True(extreme || !why.Contains("overflowed", StringComparison.Ordinal), $"{name}: nothing is extreme here, yet: {why}");
        Assert.True(MetricList.Get(name).UndefinedWhen.Length > 0, $"{name} was undefined ({why}), and its UndefinedWhen is empty");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_input_is_not_changed(string name)
    {
        var set = Made();
        var (values, labels, logits) = (set.Values.ToArray(), set.Labels.ToArray(), set.Logits.ToArray());
        Measured.Of(set, name, new() { Halves = 2 });
        Assert.Equal(values, set.Values.ToArray());
        Assert.Equal(labels, set.Labels.ToArray());
        Assert.Equal(logits, set.Logits.ToArray());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Neither_the_order_of_the_images_nor_the_numbers_of_the_classes_change_a_digit(string name)
    {
        var set = Made();
        var shuffled = Enumerable.Range(0, N).ToArray();
        new Random(3).Shuffle(shuffled);
        var reordered = set.Subset(shuffled, [0, 1, 2, 3]);
        int[] renamed = [2, 0, 1];
        // The probe's folds go by the given order, so that all models of a zoo have the same.
        var other = MetricList.Get(name).Family == "probe" ? set : reordered;
        Assert.Equal(Written(set, name), Written(other, name));
        Assert.Equal(Written(set, name), Written(other with { Labels = [.. other.Labels.Select(y => renamed[y])] }, name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_seed_gives_one_score_and_matters_only_where_numbers_are_drawn(string name)
    {
        var set = Made(distance: 1);
        Assert.Equal(Written(set, name, seed: 1), Written(set, name, seed: 1));
        if (!Drawing.Contains(MetricList.Get(name).Family)) Assert.Equal(Written(set, name, seed: 1), Written(set, name, seed: 2));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void With_more_features_than_images_it_has_a_value_or_a_reason(string name) => Defensible(name, Made(n: 30, width: 64));

    [Theory]
    [MemberData(nameof(Names))]
    public void Separable_classes_score_above_shuffled_labels(string name)
    {
        if (BlindToLabels.Contains(name)) return;
        var right = Made(distance: 8);
        var labels = right.Labels.ToArray();
        new Random(5).Shuffle(labels);
        var scores = MetricList.Get(name).Scores([Measured.Of(right, name), Measured.Of(right with { Labels = labels }, name)], Scenario.Source).Scores;
        Assert.True(scores[0] > scores[1], FormattableString.Invariant($"{scores[0]} against {scores[1]}"));
    }

    [Theory]
    [MemberData(nameof(Degenerate))]
    public void Degenerate_features_give_a_value_or_a_reason(string how) => Assert.All(MetricList.All, metric => Defensible(metric.Name, Spoilt(how), how.StartsWith("scale", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Names))]
    public void It_leaves_no_tensor_behind(string name)
    {
        var set = Made();
        Measured.Of(set, name, new() { Halves = 2 });   // what is made once for the process
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Measured.Of(set, name, new() { Halves = 2 });
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_says_what_it_is(string name)
    {
        var metric = MetricList.Get(name);
        Assert.Equal(metric.Name.ToLowerInvariant(), metric.Name);
        Assert.Single(MetricList.All, m => m.Name == name);
        Assert.Contains(MetricList.All, m => m.Name == metric.Family);
        Assert.EndsWith(".", metric.Meaning, StringComparison.Ordinal);
        Assert.Matches(@"\b(19|20)\d\d\b|arXiv \d{4}\.\d{5}", metric.Source);
        Assert.NotEmpty(metric.Range);
        Assert.Equal(metric.OverZoo is not null, metric.Needs.HasFlag(MetricNeeds.Zoo));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_it_will_hold_grows_with_the_images(string name)
    {
        long[] sizes = [.. new long[] { 1, 100, 1000, 4096, 4097, 50_000 }.Select(n => MetricScores.PeakBytes(MetricList.Get(name), n, 512, 10, 1000))];
        Assert.True(sizes[0] > 0);
        Assert.Equal(sizes.Order(), sizes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Over_its_budget_it_says_how_much_it_needs(string name) => Assert.Contains("GB", Measured.Of(Made(), name, new() { MemoryBudget = 1 }).Undefined);

    [Theory]
    [MemberData(nameof(Names))]
    public void What_it_lacks_is_named(string name)
    {
        var metric = MetricList.Get(name);
        if (metric.Needs.HasFlag(MetricNeeds.Logits)) Assert.Contains("logits", Measured.Of(Made() with { Logits = [] }, name).Undefined);
        if (metric.Needs.HasFlag(MetricNeeds.Gradients)) Assert.Contains("gradient", Measured.Of(Made() with { Conv1GradientNorms = [], Conv2GradientNorms = [] }, name).Undefined);
        var multi = Made() with { Labels = [], MultiLabels = [.. Enumerable.Range(0, N * Classes).Select(i => (byte)(i % 5 % 2))] };
        Assert.Equal(metric.MultiLabel, Measured.Of(multi, name).Undefined is null);
    }
}
