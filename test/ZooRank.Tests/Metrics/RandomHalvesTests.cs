using ZooRank.Features;
using ZooRank.Metrics;

namespace ZooRank.Tests.Metrics;

public class RandomHalvesTests
{
    // Classes of 6, 5 and 1 images, and of 4 gradient batches.
    private static readonly FeatureSet Set = new()
    {
        Width = 1,
        Values = new float[12],
        Labels = [0, 1, 0, 1, 0, 1, 2, 0, 1, 0, 1, 0],
        ClassCount = 3,
        Conv1GradientNorms = [1, 2, 3, 4],
        Conv2GradientNorms = [1, 2, 3, 4],
    };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_pair_divides_each_class_and_the_batches_and_has_a_lone_image_in_both(int seed)
    {
        var halves = RandomHalves.Of(Set, 6, seed);
        Assert.Equal(6, halves.Count);
        for (var pair = 0; pair < 6; pair += 2)
        {
            var (one, two) = (halves[pair], halves[pair + 1]);
            Assert.Equal([6], one.Rows.Intersect(two.Rows));
            Assert.Equal(Enumerable.Range(0, 12), one.Rows.Union(two.Rows).Order());
            Assert.All([one, two], half =>
            {
                Assert.Equal(half.Rows.Order(), half.Rows);
                Assert.Equal(3, half.Rows.Count(i => Set.Labels[i] == 0));
                Assert.InRange(half.Rows.Count(i => Set.Labels[i] == 1), 2, 3);
                Assert.Equal(2, half.Batches.Count);
            });
            Assert.Equal(Enumerable.Range(0, 4), one.Batches.Concat(two.Batches).Order());
        }
        Assert.NotEqual(halves[0].Rows, halves[2].Rows);
    }

    [Fact]
    public void An_odd_class_is_larger_now_in_one_half_and_now_in_the_other()
    {
        var sizes = RandomHalves.Of(Set, 40, 1).Where((_, i) => i % 2 == 0).Select(h => h.Rows.Count(i => Set.Labels[i] == 1)).ToList();
        Assert.Contains(2, sizes);
        Assert.Contains(3, sizes);
    }

    [Fact]
    public void Models_of_the_same_labels_get_the_same_halves_and_another_seed_gives_others()
    {
        static string Written(IEnumerable<RandomHalves> halves) => string.Join(" | ", halves.Select(h => string.Join(' ', h.Rows) + ", " + string.Join(' ', h.Batches)));
        var other = Set with { Width = 2, Values = [.. Enumerable.Range(0, 24).Select(i => (float)i)] };
        Assert.Equal(Written(RandomHalves.Of(Set, 4, 1)), Written(RandomHalves.Of(other, 4, 1)));
        Assert.NotEqual(Written(RandomHalves.Of(Set, 4, 1)), Written(RandomHalves.Of(Set, 4, 2)));
    }

    [Fact]
    public void An_odd_number_is_rounded_up_to_pairs() => Assert.Equal(4, RandomHalves.Of(Set, 3, 1).Count);

    [Fact]
    public void Findings_are_halved_without_classes()
    {
        var halves = RandomHalves.Of(Set with { Labels = [], MultiLabels = new byte[36] }, 2, 1);
        Assert.Equal([6, 6], halves.Select(h => h.Rows.Count));
        Assert.Empty(halves[0].Rows.Intersect(halves[1].Rows));
    }
}
