using ZooRank.Features;
using ZooRank.Metrics;

namespace ZooRank.Tests.Metrics;

public class FeatureQualityTests
{
    private static FeatureSet Set(float[] values, int[] labels) => new() { Width = values.Length / labels.Length, Values = values, Labels = labels, ClassCount = labels.Max() + 1 };

    private static FeatureSet Clouds(int n, int width, int classes, double distance, int seed = 1)
    {
        var (values, labels) = Points.Clouds(n, width, classes, distance, seed);
        return Set(values, labels);
    }

    [Theory]
    [InlineData("binary_small")]
    [InlineData("nine_class")]
    [InlineData("five_imbalanced")]
    [InlineData("eleven_class")]
    public void The_objective_reaches_that_of_scikit_learn_and_the_score_is_its_within_chance(string name)
    {
        // 99.5 % and ±0.02 (the oracle's README): where the published 50 steps stop is chance, and ours go further (the remarks of NeighborhoodComponents).
        var set = OracleFeatures.Read(name);
        var expected = OracleFeatures.Expected(name).GetProperty("lp");
        // On eleven_class scikit-learn itself reaches 975 to 1,012 of 1,100, as the last digits of the features will have it; its own 1,006 less a per cent is 996.
        var least = (name == "eleven_class" ? 0.99 : 0.995) * expected.GetProperty("nca_objective_mean").GetDouble();
        Assert.InRange(Measured.Of(set, "nca_objective").Score!.Value, least, 1 + 1e-12);   // a mean of shares, rounded
        Assert.Equal(expected.GetProperty("value").GetDouble(), Score(set), 0.02);
    }

    [Fact]
    public void The_five_nearest_are_counted_the_point_itself_among_them()
    {
        // On a line, by hand: the five nearest of 0 are 0 1 2 3 4, those of 10 are 10 11 4 3 2.
        double[] points = [0, 1, 2, 3, 4, 10, 11];
        int[] labels = [0, 0, 1, 1, 0, 1, 1];
        var shares = FeatureQuality.ClassShares(points, 1, labels);
        Assert.Equal(3 / 5.0, shares[0]);   // 0, 1, 4 of {0 1 2 3 4}
        Assert.Equal(3 / 5.0, shares[1]);
        Assert.Equal(2 / 5.0, shares[2]);   // 2, 3 of {2 1 3 0 4}
        Assert.Equal(2 / 5.0, shares[3]);
        Assert.Equal(3 / 5.0, shares[4]);   // 4, 1, 0 of {4 3 2 1 0}
        Assert.Equal(4 / 5.0, shares[5]);   // 10, 11, 3, 2 of {10 11 4 3 2}
        Assert.Equal(4 / 5.0, shares[6]);
    }

    [Fact]
    public void Equal_distances_go_to_the_lower_index()
    {
        // 0 has five others at distance 1 in the plane's directions, and room for four of them: those listed first.
        double[] points = [0, 0, 1, 0, -1, 0, 0, 1, 0, -1, 1, 0];
        Assert.Equal(1.0, FeatureQuality.ClassShares(points, 2, [0, 0, 0, 0, 0, 1])[0]);
        Assert.Equal(4 / 5.0, FeatureQuality.ClassShares(points, 2, [0, 1, 0, 0, 0, 0])[0]);
    }

    [Fact]
    public void A_point_counts_itself_though_earlier_ones_lie_in_its_place()
    {
        // Seven points in one place: the last one's five are itself and the first four.
        var shares = FeatureQuality.ClassShares(new double[7], 1, [0, 0, 0, 0, 0, 0, 1]);
        Assert.Equal([1, 1, 1, 1, 1, 1, 1 / 5.0], shares);
    }

    [Fact]
    public void With_fewer_than_five_points_all_are_neighbours() =>
        Assert.Equal([2 / 3.0, 2 / 3.0, 1 / 3.0], FeatureQuality.ClassShares([0, 1, 5], 1, [0, 0, 1]));

    [Theory]
    [InlineData(7, 0.5)]
    [InlineData(33, 0)]
    [InlineData(120, 3)]
    public void The_score_lies_between_one_fifth_and_one(int n, double distance) => Assert.InRange(Score(Clouds(n, 30, 3, distance)), 1 / 5.0, 1);

    [Fact]
    public void Classes_that_lie_apart_score_higher_than_shuffled_ones()
    {
        var apart = Clouds(200, 20, 4, 8);
        int[] shuffled = [.. apart.Labels];
        new Random(1).Shuffle(shuffled);
        Assert.True(Score(apart) > 0.95);
        Assert.True(Score(apart with { Labels = shuffled }) < 0.8);
    }

    private static double Score(FeatureSet set) => Measured.Of(set, "lp").Score!.Value;
}
