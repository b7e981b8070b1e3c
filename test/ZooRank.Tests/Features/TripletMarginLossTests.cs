using System.Globalization;
using ZooRank.Data;
using ZooRank.Features;
using ZooRank.Tests.Metrics;
using static TorchSharp.torch;

namespace ZooRank.Tests.Features;

public class TripletMarginLossTests
{
    /// <summary>Batches with what is special about them.</summary>
    public static TheoryData<string, int, int, int> Batches => new()
    {
        { "two classes", 12, 2, 1 }, { "many classes", 33, 7, 2 }, { "one feature", 10, 2, 3 }, { "a lone class", 9, 8, 4 }, { "larger", 60, 3, 5 },
        { "duplicates", 14, 2, 6 }, { "all the same", 8, 2, 7 }, { "opposite", 10, 2, 8 }, { "of many lengths", 20, 3, 9 },
    };

    private static (Tensor Embeddings, int[] Labels) Make(string kind, int b, int classes, int seed)
    {
        var random = new Random(seed);
        var d = kind == "one feature" ? 1 : 6;
        var values = Enumerable.Range(0, b * d).Select(_ => Points.Normal(random)).ToArray();
        for (var i = 0; i < b; i++)
        {
            var row = values.AsSpan(i * d, d);
            if (kind == "all the same" || (kind == "duplicates" && i % 3 == 1)) values.AsSpan(0, d).CopyTo(row);   // also across classes
            if (kind == "opposite") for (var k = 0; k < d; k++) row[k] = values[k] * (i % 3 == 0 ? 1 : -1);
            if (kind == "of many lengths") for (var k = 0; k < d; k++) row[k] *= Math.Pow(10, i % 7 - 3);
        }
        return (tensor(values, [b, d]), [.. Enumerable.Range(0, b).Select(_ => random.Next(classes))]);
    }

    // All triplets listed, as the definition has it, with autograd's gradient.
    private static (double Value, Tensor Gradient, long Active) Brute(Tensor embeddings, int[] labels)
    {
        var leaf = embeddings.detach().clone().requires_grad_(true);
        var x = leaf / leaf.norm(dim: 1, keepdim: true);
        var distances = (x.unsqueeze(1) - x.unsqueeze(0)).norm(dim: 2);   // its gradient where points coincide is 0
        var b = labels.Length;
        var triplets = (from a in Enumerable.Range(0, b) from p in Enumerable.Range(0, b) from n in Enumerable.Range(0, b) where p != a && labels[p] == labels[a] && labels[n] != labels[a] select (a, p, n)).ToList();
        if (triplets.Count == 0) return (0, zeros_like(embeddings), 0);
        Tensor Pairs(Func<(int A, int P, int N), int> other) => distances.flatten()[tensor(triplets.Select(t => (long)t.a * b + other(t)).ToArray())];
        var losses = (Pairs(t => t.P) - Pairs(t => t.N) + TripletMarginLoss.Margin).clamp_min(0);
        var active = (losses > 0).sum().item<long>();
        if (active == 0) return (0, zeros_like(embeddings), 0);
        var value = losses.sum() / active;
        value.backward();
        return (value.item<double>(), leaf.grad!, active);
    }

    [Theory]
    [MemberData(nameof(Batches))]
    public void Loss_gradient_and_count_are_those_of_all_triplets_listed(string kind, int b, int classes, int seed)
    {
        using var scope = NewDisposeScope();
        var (embeddings, labels) = Make(kind, b, classes, seed);
        var expected = Brute(embeddings, labels);
        var found = TripletMarginLoss.Compute(embeddings, labels);
        Assert.Equal(expected.Active, found.ActiveTriplets);
        // Distances come from scalar products: of points that coincide, √(2 − 2·1) is 2e-8 for a rounding of 2e-16. Others are exact to 1e-15.
        var tolerance = kind is "duplicates" or "all the same" or "opposite" or "one feature" ? 1e-6 : 1e-12;
        Assert.Equal(expected.Value, found.Value, tolerance);
        var scale = Math.Max(1, expected.Gradient.abs().max().item<double>());
        Assert.InRange((expected.Gradient - found.Gradient).abs().max().item<double>(), 0, tolerance * scale);
    }

    [Fact]
    public void The_gradient_is_that_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        var (embeddings, labels) = Make("two classes", 11, 2, 10);
        var gradient = TripletMarginLoss.Compute(embeddings, labels).Gradient;
        const double Step = 1e-6;
        for (var i = 0; i < 11; i++)
        {
            double At(double x)
            {
                var moved = embeddings.clone();
                moved[i, i % 6] += x;
                return TripletMarginLoss.Compute(moved, labels).Value;
            }
            // Central differences: 1e-16/1e-6 of rounding.
            Assert.Equal((At(Step) - At(-Step)) / (2 * Step), gradient[i, i % 6].item<double>(), 1e-8);
        }
    }

    [Fact]
    public void By_hand()
    {
        // On the unit circle at 0, 90 and 180 degrees: d(0,1) = √2, d(0,2) = 2, d(1,2) = √2. Same class: 0 and 1.
        // Anchor 0: √2 − 2 + 0.05 < 0. Anchor 1: √2 − √2 + 0.05. So one triplet is active.
        using var scope = NewDisposeScope();
        var found = TripletMarginLoss.Compute(tensor(new double[] { 3, 0, 0, 0.5, -7, 0 }, [3, 2]), [4, 4, 9]);
        Assert.Equal(1, found.ActiveTriplets);
        Assert.Equal(0.05, found.Value, 1e-15);
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]     // one class: no negative
    [InlineData(0, 1, 2, 3)]     // one image a class: no positive
    public void Without_triplets_there_is_neither_loss_nor_gradient(params int[] labels)
    {
        using var scope = NewDisposeScope();
        var found = TripletMarginLoss.Compute(ones(4, 3) * arange(12).view(4, 3), labels);
        Assert.Equal((0.0, 0L), (found.Value, found.ActiveTriplets));
        Assert.Equal(0, found.Gradient.abs().sum().item<float>());
        Assert.Equal([4, 3], found.Gradient.shape);
    }

    [Fact]
    public void Classes_apart_by_more_than_the_margin_have_no_active_triplet()
    {
        using var scope = NewDisposeScope();
        var found = TripletMarginLoss.Compute(tensor(new double[] { 1, 0, 1, 0.01, 0, 1, 0.01, 1 }, [4, 2]), [0, 0, 1, 1]);
        Assert.Equal((0.0, 0L), (found.Value, found.ActiveTriplets));
        Assert.Equal(0, found.Gradient.abs().sum().item<double>());
    }

    [Fact]
    public void A_row_of_zeros_gives_a_finite_gradient()
    {
        using var scope = NewDisposeScope();
        var found = TripletMarginLoss.Compute(tensor(new double[] { 0, 0, 1, 0, 0, 1, 1, 1 }, [4, 2]), [0, 0, 1, 1]);
        Assert.True(double.IsFinite(found.Value) && found.Gradient.isfinite().all().item<bool>());
    }

    [Fact]
    public void Embeddings_stay_as_they_are_and_the_gradient_has_their_type()
    {
        using var scope = NewDisposeScope();
        var embeddings = Make("many classes", 20, 3, 11).Embeddings.to(ScalarType.Float32).requires_grad_(true);
        var before = embeddings.detach().clone();
        var found = TripletMarginLoss.Compute(embeddings, [.. Enumerable.Range(0, 20).Select(i => i % 3)]);
        Assert.Equal(ScalarType.Float32, found.Gradient.dtype);
        Assert.False(found.Gradient.requires_grad);
        Assert.True(before.equal(embeddings).all().item<bool>());
        Assert.Null(embeddings.grad);
    }

    [Fact]
    public void It_leaves_no_tensor_but_the_gradient()
    {
        var (embeddings, labels) = Make("many classes", 20, 3, 12);
        using (embeddings)
        {
            TripletMarginLoss.Compute(embeddings, labels).Gradient.Dispose();
            var before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            TripletMarginLoss.Compute(embeddings, labels).Gradient.Dispose();
            Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        }
    }

    [Theory]
    [InlineData(40, 512, 2)]
    [InlineData(37, 64, 9)]
    public void PyTorch_gives_the_same_in_single_precision(int b, int d, int classes)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var (values, labels) = Points.Clouds(b, d, classes, 1, seed: b);
        values = [.. values.Select(v => Math.Max(v, 0))];   // as after a ReLU
        NpzWriter.Write(folder["x.npz"], [new("x", NpyArray.Of<float>(values, b, d)), new("y", NpyArray.Of<long>([.. labels.Select(y => (long)y)], b))]);
        var expected = Python.Run("numpy, torch", """
            z = numpy.load(sys.argv[1]); x = torch.tensor(z["x"], requires_grad=True); y = torch.tensor(z["y"])
            e = torch.nn.functional.normalize(x); d = torch.cdist(e, e)
            same = y[:, None] == y[None, :]; itself = torch.eye(len(y), dtype=torch.bool)
            a, p, n = torch.where((same & ~itself)[:, :, None] & ~same[:, None, :])
            loss = torch.relu(d[a, p] - d[a, n] + 0.05); active = (loss > 0).sum(); mean = loss.sum() / active; mean.backward()
            print(mean.item(), active.item(), x.grad.norm().item(), x.grad[3, 5].item(), x.grad[7, 11].item())
            """, folder["x.npz"]).Split(' ').Select(v => double.Parse(v, CultureInfo.InvariantCulture)).ToArray();
        var found = TripletMarginLoss.Compute(tensor(values, [b, d]), labels);
        // Its single precision; a triplet within 1e-7 of the margin may count there and not here.
        Assert.Equal(expected[0], found.Value, 1e-5);
        Assert.InRange(found.ActiveTriplets, expected[1] - 2, expected[1] + 2);
        Assert.Equal(expected[2], found.Gradient.norm().item<float>(), 1e-5 + 1e-4 * expected[2]);
        Assert.Equal(expected[3], found.Gradient[3, 5].item<float>(), 1e-5);
        Assert.Equal(expected[4], found.Gradient[7, 11].item<float>(), 1e-5);
    }
}
