using System.Globalization;
using ZooRank.Data;
using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Tests.Metrics;

public class NeighborhoodComponentsTests
{
    [Fact]
    public void As_published_it_walks_the_path_of_scikit_learn()
    {
        // The one oracle whose start scikit-learn finds exactly (PCA there is randomised above 500 points or features) and whose end is not beyond thirty steps,
        // after which rounding decides: the remarks of NeighborhoodComponents.
        var set = OracleFeatures.Read("five_imbalanced");
        var expected = OracleFeatures.Expected("five_imbalanced").GetProperty("lp");
        var found = NeighborhoodComponents.Fit(set.Values, set.Labels, options: NeighborhoodComponents.Published);
        Assert.Equal(expected.GetProperty("n_iter").GetInt32(), found.Iterations + 1);   // its n_iter_ starts at 1
        Assert.Equal(expected.GetProperty("nca_objective").GetDouble(), found.Objective, 1e-6 * expected.GetProperty("nca_objective").GetDouble());
    }

    [Theory]
    [InlineData(60, 10, 4)]
    [InlineData(40, 60, 3)]
    public void The_gradient_is_that_of_finite_differences(int n, int width, int d)
    {
        using var scope = NewDisposeScope();
        var (values, labels) = Points.Clouds(n, width, 3, 2, seed: 1);
        var f = new Affinities(tensor(values, [n, width]).to(ScalarType.Float64), labels, d);
        var random = new Random(2);
        var a = Enumerable.Range(0, d * width).Select(_ => 0.1 * Points.Normal(random)).ToArray();
        var (gradient, ignored) = (new double[a.Length], new double[a.Length]);
        f.Start(a, gradient);
        const double Step = 1e-5;
        for (var i = 0; i < a.Length; i += 7)
        {
            double At(double x)
            {
                double[] moved = [.. a];
                moved[i] += x;
                return f.Start(moved, ignored);
            }
            // Central differences err by step² times the third derivative, here about 1e-8.
            Assert.Equal((At(Step) - At(-Step)) / (2 * Step), gradient[i], 1e-6);
        }
    }

    [Fact]
    public void Its_objective_is_the_sum_of_the_definition()
    {
        var (values, labels) = Points.Clouds(70, 20, 3, 1, seed: 3);
        var found = NeighborhoodComponents.Fit(values, labels, dimensions: 5);
        // Both sum 70 terms in float64.
        Assert.Equal(Points.Objective(found.Embedding, 5, labels), found.Objective, 1e-9);
    }

    [Fact]
    public void Blocks_of_rows_give_what_one_block_gives()
    {
        using var scope = NewDisposeScope();
        var (values, labels) = Points.Clouds(101, 12, 4, 1, seed: 4);
        var x = tensor(values, [101, 12]).to(ScalarType.Float64);
        var a = Enumerable.Range(0, 36).Select(i => 0.2 * Math.Sin(i)).ToArray();
        var (whole, parts) = (new double[36], new double[36]);
        var f = new Affinities(x, labels, 3).Start(a, whole);
        foreach (var blockElements in new[] { 1, 101 * 7, 101 * 100 })   // a row at once; 14 blocks of 7 and one of 3; a last block of one row
        {
            var g = new Affinities(x, labels, 3, blockElements).Start(a, parts);
            // The same sums in another order.
            Assert.Equal(f, g, 1e-10);
            Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
        }
    }

    [Fact]
    public void With_more_features_than_images_it_learns_what_it_learns_without_the_detour()
    {
        // 90 points of 40 features go the plain way. Spread over 200 features by a rotation, they go by QR, and all distances are as before.
        var (values, labels) = Points.Clouds(90, 40, 3, 2, seed: 5);
        float[] wide;
        using (NewDisposeScope())
        {
            random.manual_seed(6);
            var rotation = linalg.qr(randn(200, 40, ScalarType.Float64)).Q;   // 200 x 40, orthonormal columns
            wide = tensor(values, [90, 40]).to(ScalarType.Float64).matmul(rotation.T).to(ScalarType.Float32).contiguous().data<float>().ToArray();
        }
        var plain = NeighborhoodComponents.Fit(values, labels, dimensions: 10, options: new LbfgsOptions(8, 0, 0));
        var detour = NeighborhoodComponents.Fit(wide, labels, dimensions: 10, options: new LbfgsOptions(8, 0, 0));
        // The rotated features are rounded to float32, 1e-7 each; few steps keep that from growing.
        Assert.Equal(plain.Objective, detour.Objective, 1e-4);
        // Zeros beside the features change no distance at all.
        var padded = Enumerable.Range(0, 90).SelectMany(i => values[(i * 40)..(i * 40 + 40)].Concat(new float[160])).ToArray();
        Assert.Equal(plain.Objective, NeighborhoodComponents.Fit(padded, labels, dimensions: 10, options: new LbfgsOptions(8, 0, 0)).Objective, 1e-8);
    }

    [Fact]
    public void It_gives_no_more_dimensions_than_there_are_features()
    {
        var (values, labels) = Points.Clouds(80, 6, 3, 2, seed: 7);
        var found = NeighborhoodComponents.Fit(values, labels);
        Assert.Equal(6, found.Dimensions);
        Assert.Equal(80 * 6, found.Embedding.Length);
    }

    [Fact]
    public void Up_to_fifty_images_start_from_the_features_themselves()
    {
        // scikit-learn's third rule: the identity, cut to d rows. Without a step the embedding is the first features, centred or not.
        var (values, labels) = Points.Clouds(50, 80, 3, 2, seed: 8);
        var found = NeighborhoodComponents.Fit(values, labels, options: new LbfgsOptions(0, 0, 0));
        Assert.Equal(50, found.Dimensions);
        for (var i = 0; i < 50; i++)
            for (var k = 0; k < 50; k++) Assert.Equal(values[i * 80 + k], found.Embedding[i * 50 + k], 1e-12);
    }

    [Fact]
    public void One_image_more_starts_from_principal_components()
    {
        var (values, labels) = Points.Clouds(51, 80, 3, 2, seed: 9);
        var found = NeighborhoodComponents.Fit(values, labels, options: new LbfgsOptions(0, 0, 0));
        // Of 51 points 50 components keep all: the squared distances to the first point stay what they were.
        for (var i = 1; i < 51; i++)
        {
            double Squared(double[] x, int width) => Enumerable.Range(0, width).Sum(k => Math.Pow(x[i * width + k] - x[k], 2));
            Assert.Equal(Squared([.. values.Select(v => (double)v)], 80), Squared(found.Embedding, 50), 1e-8);
        }
    }

    [Theory]
    [InlineData(156, 64, 52, 0)]     // the start itself
    [InlineData(156, 64, 52, 3)]
    [InlineData(240, 90, 60, 5)]
    [InlineData(70, 60, 52, 3)]      // 18 dimensions of spread within the classes: fewer directions than asked
    public void With_many_classes_it_starts_from_the_discriminants_as_scikit_learn_does(int n, int width, int classes, int steps)
    {
        using var folder = new TemporaryFolder();
        var (values, labels) = Points.Clouds(n, width, classes, 6, seed: n);
        NpzWriter.Write(folder["x.npz"], [new("x", NpyArray.Of<float>(values, n, width)), new("y", NpyArray.Of<long>([.. labels.Select(y => (long)y)], n))]);
        var output = Python.Run("numpy, scipy, sklearn.neighbors, sklearn.discriminant_analysis, warnings", """
            warnings.simplefilter("ignore")
            z = numpy.load(sys.argv[1]); x = z["x"].astype(numpy.float64); y = z["y"]; steps = int(sys.argv[2])
            if steps:
                nca = sklearn.neighbors.NeighborhoodComponentsAnalysis(n_components=50, init="auto", max_iter=steps, tol=1e-12).fit(x, y)
                a = nca.components_
            else:
                a = sklearn.discriminant_analysis.LinearDiscriminantAnalysis(n_components=50).fit(x, y).scalings_.T[:50]
            e = x @ a.T
            d = scipy.spatial.distance.cdist(e, e, "sqeuclidean"); numpy.fill_diagonal(d, numpy.inf)
            p = scipy.special.softmax(-d, axis=1)
            print(len(a), repr(float((p * (y[:, None] == y[None, :])).sum())))
            """, folder["x.npz"], steps.ToString(CultureInfo.InvariantCulture)).Split(' ');
        var found = NeighborhoodComponents.Fit(values, labels, options: new LbfgsOptions(steps, 0, 0));
        Assert.Equal(int.Parse(output[0], CultureInfo.InvariantCulture), found.Dimensions);
        // Two singular value decompositions in float64, and what a few steps make of their rounding.
        Assert.Equal(double.Parse(output[1], CultureInfo.InvariantCulture), found.Objective, 1e-5);
    }

    [Fact]
    public void Classes_without_any_spread_have_no_discriminants_and_do_not_stop_it()
    {
        // 60 points, two of each of 30 classes and both in one place: nothing to whiten.
        var (values, _) = Points.Clouds(30, 20, 30, 5, seed: 10);
        int[] labels = [.. Enumerable.Range(0, 60).Select(i => i % 30)];
        var found = NeighborhoodComponents.Fit([.. values, .. values], labels, dimensions: 10);
        Assert.Equal(60, found.Objective, 1e-3);   // each finds its twin
    }

    [Fact]
    public void The_features_are_not_changed_and_a_second_call_gives_the_same_bits()
    {
        var (values, labels) = Points.Clouds(120, 70, 4, 1, seed: 11);
        float[] before = [.. values];
        var first = NeighborhoodComponents.Fit(values, labels);
        var second = NeighborhoodComponents.Fit(values, labels);
        Assert.Equal(before, values);
        Assert.Equal(first.Embedding, second.Embedding);
        Assert.Equal(first.Objective, second.Objective);
    }

    [Fact]
    public void It_starts_from_the_principal_directions_it_is_given_as_from_its_own()
    {
        using var scope = NewDisposeScope();
        var (values, labels) = Points.Clouds(90, 20, 3, 2, seed: 13);
        var x = tensor(values, [90, 20]).to(ScalarType.Float64);
        var principal = linalg.svd(x - x.mean([0]), fullMatrices: false).Vh;
        var options = new LbfgsOptions(5, 0, 0);
        // The signs of the directions are free, and distances do not see them; five steps keep rounding small.
        Assert.Equal(NeighborhoodComponents.Fit(values, labels, 6, options).Objective, NeighborhoodComponents.Fit(x, labels, 6, options, principal).Objective, 1e-8);
    }

    [Fact]
    public void It_leaves_no_tensor_behind()
    {
        var (values, labels) = Points.Clouds(60, 100, 3, 1, seed: 12);
        NeighborhoodComponents.Fit(values, labels);
        var before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        NeighborhoodComponents.Fit(values, labels);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }
}
