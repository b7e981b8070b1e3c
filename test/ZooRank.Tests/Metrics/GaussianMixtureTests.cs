using System.Globalization;
using System.Text.Json;
using ZooRank.Metrics.Numerics;
using static TorchSharp.torch;

namespace ZooRank.Tests.Metrics;

/// <summary>Against scikit-learn from the same start: its k-means++ draws other numbers, so the start is given to both.</summary>
public class GaussianMixtureTests
{
    private const int N = 240, Width = 6, K = 7;

    private static readonly float[] Values = Points.Clouds(N, Width, 4, 4, seed: 5).Values;

    private static Tensor Cloud()
    {
        var x = tensor(Values, [N, Width]).to(ScalarType.Float64);
        return x - x.mean([0L]);
    }

    private static JsonElement Reference(string script)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "points.json");
        File.WriteAllText(path, JsonSerializer.Serialize(Array.ConvertAll(Values, v => (double)v)));
        using var document = JsonDocument.Parse(Python.Run("numpy, sklearn.cluster, sklearn.mixture", $"import json\nnp = numpy\nX = np.array(json.load(open(sys.argv[1]))).reshape(-1, {Width})\nX = X - X.mean(0)\n{script}", path));
        return document.RootElement.Clone();
    }

    private static double[] Numbers(Tensor t) => [.. t.to(ScalarType.Float64).contiguous().data<double>()];

    private static double[] Numbers(JsonElement e) => [.. e.EnumerateArray().Select(v => v.GetDouble())];

    [Fact]
    public void K_means_walks_the_same_path_as_scikit_learn_from_the_same_centres()
    {
        var expected = Reference($"m = sklearn.cluster.KMeans({K}, init=X[:{K}], n_init=1).fit(X)\nprint(json.dumps([m.labels_.tolist(), m.cluster_centers_.ravel().tolist(), m.n_iter_]))");
        using var scope = NewDisposeScope();
        var x = Cloud();
        var found = KMeans.FromCentres(x, x[TensorIndex.Slice(0, K)]);
        Assert.Equal(Numbers(expected[0]), Numbers(found.Labels));
        Assert.Equal(expected[2].GetInt32(), found.Iterations);
        Assert.All(Numbers(expected[1]).Zip(Numbers(found.Centres)), p => Assert.Equal(p.First, p.Second, 1e-12));
    }

    [Fact]
    public void An_empty_cluster_takes_the_farthest_point_as_in_scikit_learn()
    {
        // Two of the centres are so far off that no point is theirs.
        var expected = Reference("C = np.vstack([X[:3], X[:2] + 1e3])\nm = sklearn.cluster.KMeans(5, init=C, n_init=1).fit(X)\nprint(json.dumps([m.labels_.tolist(), sorted(np.bincount(m.labels_, minlength=5).tolist())]))");
        using var scope = NewDisposeScope();
        var x = Cloud();
        var labels = Numbers(KMeans.FromCentres(x, cat([x[TensorIndex.Slice(0, 3)], x[TensorIndex.Slice(0, 2)] + 1e3])).Labels);
        // In which order it fills several empty clusters is not told there, so sizes are compared.
        Assert.Equal(Numbers(expected[1]), (double[])[.. Enumerable.Range(0, 5).Select(c => (double)labels.Count(l => l == c)).Order()]);
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(100)]   // one component and few rows at a time
    public void A_mixture_is_that_of_scikit_learn_from_the_same_clusters(long blockElements)
    {
        var expected = Reference($"""
            class Given(sklearn.mixture.GaussianMixture):
                def _initialize_parameters(self, X, random_state): self._initialize(X, np.eye({K})[np.arange({N}) % {K}])
            m = Given({K}).fit(X)
            print(json.dumps([m.predict_proba(X).ravel().tolist(), m.lower_bound_, m.n_iter_]))
            """);
        using var scope = NewDisposeScope();
        var found = GaussianMixture.Fit(Cloud(), arange(N) % K, K, blockElements)!;
        Assert.Equal(expected[2].GetInt32(), found.LogLikelihoods.Count);
        Assert.Equal(expected[1].GetDouble(), found.LogLikelihoods[^1], 1e-9);
        Assert.All(Numbers(expected[0]).Zip(Numbers(found.Posteriors)), p => Assert.Equal(p.First, p.Second, 1e-7));   // rounding, grown over the iterations
    }

    [Fact]
    public void The_likelihood_never_falls_and_posteriors_sum_to_one()
    {
        using var scope = NewDisposeScope();
        var found = GaussianMixture.Fit(Cloud(), arange(N) % K, K)!;
        Assert.True(found.LogLikelihoods.Count > 2, found.LogLikelihoods.Count.ToString(CultureInfo.InvariantCulture));
        // 1e-6 added to the variances makes it the ascent of a slightly different function.
        Assert.All(found.LogLikelihoods.Zip(found.LogLikelihoods.Skip(1)), p => Assert.True(p.Second >= p.First - 1e-5));
        Assert.All(Numbers(found.Posteriors.sum(dim: 1)), s => Assert.Equal(1, s, 1e-12));
    }

    [Fact]
    public void Clusters_far_apart_are_found()
    {
        var (values, labels) = Points.Clouds(150, 5, 3, 60, seed: 2);
        using var scope = NewDisposeScope();
        var x = tensor(values, [150, 5]).to(ScalarType.Float64);
        var found = Numbers(GaussianMixture.Fit(x - x.mean([0L]), 3, new Random(1))!.Posteriors.argmax(1));
        Assert.Equal(3, labels.Zip(found).Distinct().Count());   // each class is one component and each component one class
        Assert.Equal(3, found.Distinct().Count());
    }

    [Theory]
    [InlineData(0)]     // all points are one
    [InlineData(1)]     // on a line in five dimensions
    public void A_degenerate_cloud_has_finite_posteriors(int rank)
    {
        using var scope = NewDisposeScope();
        var x = arange(40).to(ScalarType.Float64).unsqueeze(1) * ones(1, 5, ScalarType.Float64) * rank;
        var found = GaussianMixture.Fit(x - x.mean([0L]), 4, new Random(1))!;
        Assert.True(found.Posteriors.isfinite().all().item<bool>());
    }
}
