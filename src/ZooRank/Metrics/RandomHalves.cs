using ZooRank.Features;

namespace ZooRank.Metrics;

/// <summary>
/// Random halves of a probe: in each pair every image is in one of the two, class by class (of a class of odd size, the odd one in either), and every gradient batch. The spread of a statistic
/// over such halves estimates its standard error on the whole (the delete-half jackknife: Shao and Wu, Annals of Statistics 17(3), 1989): a sample of half the size has
/// twice the variance, and half of that is due to what the halves have in common. Unlike a bootstrap it doubles no image, which a nearest-neighbour rule would see.
/// </summary>
/// <param name="Rows">Rows of the feature set, ascending.</param>
/// <param name="Batches">Its gradient batches, ascending.</param>
public sealed record RandomHalves(IReadOnlyList<int> Rows, IReadOnlyList<int> Batches)
{
    /// <param name="features">Of which only the labels and the number of batches are looked at: models measured on one probe get the same halves.</param>
    /// <param name="count">How many; rounded up to pairs.</param>
    /// <param name="seed">Of the draw.</param>
    public static IReadOnlyList<RandomHalves> Of(FeatureSet features, int count, int seed)
    {
        var random = new Random(seed);
        var strata = Enumerable.Range(0, features.Count).GroupBy(i => features.IsMultiLabel ? 0 : features.Labels[i]).OrderBy(g => g.Key).Select(g => g.ToArray()).ToList();
        var batches = Enumerable.Range(0, features.Conv1GradientNorms.Count).ToArray();
        var halves = new List<RandomHalves>();
        while (halves.Count < count)
        {
            var (first, second) = (new List<int>(), new List<int>());
            foreach (var stratum in strata) Split(stratum, first, second);
            var (one, two) = (new List<int>(), new List<int>());
            Split(batches, one, two);
            halves.Add(new([.. first.Order()], [.. one.Order()]));
            halves.Add(new([.. second.Order()], [.. two.Order()]));
        }
        return halves;

        void Split(int[] members, List<int> first, List<int> second)
        {
            random.Shuffle(members);
            var middle = members.Length / 2 + (members.Length % 2 == 1 ? random.Next(2) : 0);
            // One that is alone in its class belongs to both: a half without the class would be another task.
            first.AddRange(members.Length == 1 ? members : members[..middle]);
            second.AddRange(members.Length == 1 ? members : members[middle..]);
        }
    }
}
