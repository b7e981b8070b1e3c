using ZooRank.Ranking;

namespace ZooRank.Tests.Ranking;

public class ResampledChoiceTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 40).Select(i => i % 4)];

    private static ResampledTerms Model(double share, double ratio, int seed = 1)
    {
        var random = new Random(seed);
        return new([.. Labels.Select(_ => Math.Clamp(share + 0.2 * (random.NextDouble() - 0.5), 0, 1))], [1, 1, 1, 1, 1, 1], [.. Enumerable.Range(0, 6).Select(_ => ratio * (0.9 + 0.2 * random.NextDouble()))]);
    }

    [Theory]
    [InlineData(Scenario.Source)]
    [InlineData(Scenario.Architecture)]
    public void Probabilities_sum_to_one_and_hang_on_the_seed_alone(Scenario scenario)
    {
        ResampledTerms[] models = [Model(0.5, 1, 1), Model(0.52, 1.05, 2), Model(0.48, 1.1, 3)];
        var found = ResampledChoice.ProbabilityBest(models, Labels, scenario, 24)!;
        Assert.Equal(1, found.Sum(), 1e-9);   // a thousand shares added up
        Assert.All(found, p => Assert.InRange(p, 0, 1));
        Assert.Equal(found, ResampledChoice.ProbabilityBest(models, Labels, scenario, 24));
        Assert.NotEqual(found, ResampledChoice.ProbabilityBest(models, Labels, scenario, 25));
    }

    [Fact]
    public void A_clear_winner_wins_always()
    {
        ResampledTerms[] models = [Model(0.3, 0.5), Model(0.9, 3), Model(0.4, 1)];
        Assert.Equal([0, 1, 0], ResampledChoice.ProbabilityBest(models, Labels, Scenario.Source, 24));
        // Reversed, the same numbers make the first the best.
        Assert.Equal([1, 0, 0], ResampledChoice.ProbabilityBest(models, Labels, Scenario.Architecture, 24));
    }

    [Fact]
    public void Twins_share_their_wins()
    {
        var (twin, weak) = (Model(0.8, 2), Model(0.3, 0.5));
        Assert.Equal([0.5, 0.5, 0], ResampledChoice.ProbabilityBest([twin, twin, weak], Labels, Scenario.Source, 24));
    }

    [Fact]
    public void Where_no_resample_decides_there_is_no_probability()
    {
        var twin = Model(0.8, 2);
        Assert.Null(ResampledChoice.ProbabilityBest([twin, twin], Labels, Scenario.Source, 24));
        ResampledTerms dead = new(twin.Probabilities, [0, 0], [0, 0]);
        Assert.Null(ResampledChoice.ProbabilityBest([dead, dead], Labels, Scenario.Source, 24));
    }

    [Fact]
    public void Images_are_drawn_within_their_classes()
    {
        // Each model is perfect on half of the classes and hopeless on the others: stratified, every resample gives each the same S_LP, and S_FU decides.
        ResampledTerms even = new([.. Labels.Select(y => y % 2 == 0 ? 1.0 : 0)], [1], [1]), odd = new([.. Labels.Select(y => y % 2 == 1 ? 1.0 : 0)], [1], [2]);
        Assert.Equal([0, 1], ResampledChoice.ProbabilityBest([even, odd], Labels, Scenario.Source, 24));
    }

    [Fact]
    public void A_batch_that_moves_nothing_can_be_drawn_six_times()
    {
        // Half of the batches are dead in the second model: it wins where it is measured at all, and no draw fails.
        ResampledTerms first = new([.. Labels.Select(_ => 0.5)], [1, 1], [1, 1]), second = new([.. Labels.Select(_ => 0.6)], [0, 1], [0, 3]);
        Assert.Equal(1, ResampledChoice.ProbabilityBest([first, second], Labels, Scenario.Source, 24)!.Sum(), 1e-9);
    }
}
