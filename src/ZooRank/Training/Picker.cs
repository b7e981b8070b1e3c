using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// Takes the batches of an epoch out of images that lie in several sets, each by itself. Which image comes when is brought to the sets' devices once; what a set gives to a batch is then one stretch
/// of its own list. Belongs to the dispose scope in which it is made.
/// </summary>
internal sealed class Picker
{
    private readonly List<(ResidentImages Set, int[] Places, Tensor Indices)> sets = [];
    private readonly Device device;

    /// <param name="images">The sets.</param>
    /// <param name="order">Of each place in the epoch the image, numbered through all sets.</param>
    /// <param name="device">Where batches are wanted.</param>
    public Picker(IReadOnlyList<ResidentImages> images, int[] order, Device device)
    {
        this.device = device;
        var first = 0;
        foreach (var set in images)
        {
            var (from, end) = (first, first += set.Count);
            int[] places = [.. Enumerable.Range(0, order.Length).Where(place => order[place] >= from && order[place] < end)];
            sets.Add((set, places, tensor(Array.ConvertAll(places, place => (long)order[place] - from), device: set.Pixels.device)));
        }
    }

    /// <summary>Of each set that has images among these places: their pixels and labels on the device, and where in the epoch they stand.</summary>
    public IEnumerable<(Tensor Pixels, Tensor Labels, int[] Places)> Batch(int start, int count)
    {
        foreach (var (set, places, indices) in sets)
        {
            var (from, end) = (Before(places, start), Before(places, start + count));
            if (from == end) continue;
            var here = indices.narrow(dim: 0, from, end - from);
            yield return (set.Pixels.index_select(dim: 0, here).to(device), set.Labels.index_select(dim: 0, here).to(device), places[from..end]);
        }
    }

    // How many of them lie before a place.
    private static int Before(int[] places, int place) => Array.BinarySearch(places, place) is var at && at >= 0 ? at : ~at;
}
