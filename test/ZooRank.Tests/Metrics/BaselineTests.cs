using System.Globalization;
using System.Text.Json;
using ZooRank.Features;
using ZooRank.Metrics;
using static TorchSharp.torch;

namespace ZooRank.Tests.Metrics;

public class BaselineTests
{
    private static FeatureSet Line(params (float At, int Label)[] points) => new() { Width = 1, Values = [.. points.Select(p => p.At)], Labels = [.. points.Select(p => p.Label)], ClassCount = 3 };

    private static string Written(FeatureSet set) => JsonSerializer.Serialize(new { x = Array.ConvertAll(set.Values, v => (double)v), y = set.Labels, width = set.Width });

    [Fact]
    public void Nearest_neighbours_vote_without_the_image_itself()
    {
        // By hand: two groups of six far apart, and one image in the middle of the other class's group. It is wrong itself and outvoted everywhere.
        var set = Line((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (2.5f, 1), (100, 1), (101, 1), (102, 1), (103, 1), (104, 1), (105, 1));
        Assert.Equal(12 / 13.0, Measured.Of(set, "knn").Score);
    }

    [Fact]
    public void Of_equally_many_votes_those_of_the_nearest_neighbour_win()
    {
        // By hand: the five others of the image at 0 are 1, 2 | 3, 4 | 2 of class 0, 1 | 1, 0 | 2: classes 0 and 1 have two votes, and class 0 has the nearest.
        var set = Line((0, 0), (1, 0), (-2, 1), (3, 1), (-4, 0), (5, 2));
        // 1: two of 0, two of 1, nearest 0 of class 0: right. -2: nearest -4 at 2 and 0 at 2, both class 0, three votes for class 0: wrong.
        // 3: nearest 1 at 2 and 5 at 2; class 0 has three votes: wrong. -4: two of 0, two of 1, nearest -2 of class 1: wrong. 5: class 0 has three: wrong. 0: right.
        Assert.Equal(2 / 6.0, Measured.Of(set, "knn").Score);
    }

    [Theory]
    [InlineData(300, 20, 4)]
    [InlineData(300, 20, 2)]
    [InlineData(90, 200, 3)]    // more features than images
    public void The_neighbours_are_those_of_scikit_learn(int n, int width, int classes)
    {
        var set = Cloud(n, width, classes);
        // Ties: by hand from kneighbors, which leaves the point itself out when it is given no query.
        var expected = Scikit("numpy, sklearn.neighbors", set, """
            _, I = sklearn.neighbors.NearestNeighbors(n_neighbors=5).fit(X).kneighbors()
            def vote(v): c = np.bincount(v); return next(u for u in v if c[u] == c.max())
            print(np.mean([vote(y[i]) == t for i, t in zip(I, y)]))
            """);
        Assert.Equal(expected[0], Measured.Of(set, "knn").Score!.Value, 1e-12);
    }

    // The reference gets the space's rows and its folds.
    [Theory]
    [InlineData(200, 12, 3)]
    [InlineData(200, 12, 2)]
    [InlineData(60, 150, 3)]    // principal coordinates
    public void The_probe_is_scikit_learns_logistic_regression(int n, int width, int classes)
    {
        var set = Cloud(n, width, classes);
        using var space = new FeatureSpace(set, seed: 3);
        var ordered = set with { Values = [.. space.X.to(ScalarType.Float32).data<float>()], Labels = space.Labels };
        var expected = Scikit("numpy, sklearn.linear_model, sklearn.metrics, sklearn.preprocessing", ordered, """
            Z = sklearn.preprocessing.StandardScaler().fit_transform(X)
            fold = np.array([FOLDS])
            p = np.empty((len(y), y.max() + 1))
            for f in range(5):
                m = sklearn.linear_model.LogisticRegression(C=1, tol=1e-8, max_iter=10000).fit(Z[fold != f], y[fold != f])
                p[fold == f] = m.predict_proba(Z[fold == f])
            auc = sklearn.metrics.roc_auc_score
            print(auc(y, p[:, 1]) if p.shape[1] == 2 else np.mean([auc(y == c, p[:, c]) for c in range(p.shape[1])]), np.mean(p.argmax(1) == y))
            """.Replace("FOLDS", string.Join(", ", Probe.FoldsOf(space)), StringComparison.Ordinal));
        // One pair of images that changes places moves the AUC by 1/(n_c (n − n_c)): 1e-4.
        Assert.Equal(expected[0], Measured.Of(set, "probe", new() { Seed = 3 }).Score!.Value, 1e-4);
        Assert.Equal(expected[1], Measured.Of(set, "probe:accuracy", new() { Seed = 3 }).Score!.Value, 1e-12);
    }

    [Fact]
    public void A_class_of_one_image_is_named()
    {
        var set = Line((0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2));
        Assert.Contains("class 2", Measured.Of(set, "probe").Undefined);
    }

    [Theory]
    // By hand: 2 positives over 2 negatives, 4 pairs.
    [InlineData(new[] { 1.0, 2, 3, 4 }, new[] { false, false, true, true }, 1)]
    [InlineData(new[] { 1.0, 2, 3, 4 }, new[] { false, true, false, true }, 0.75)]
    [InlineData(new[] { 1.0, 1, 1, 1 }, new[] { false, true, false, true }, 0.5)]
    [InlineData(new[] { 1.0, 2, 2, 3 }, new[] { true, true, false, false }, 0.125)]
    public void The_AUC_counts_ties_half(double[] scores, bool[] positive, double expected) => Assert.Equal(expected, Probe.Auc(scores, positive));

    private static FeatureSet Cloud(int n, int width, int classes)
    {
        var (values, labels) = Points.Clouds(n, width, classes, 1.5, seed: 11);
        return new() { Width = width, Values = values, Labels = labels, ClassCount = classes };
    }

    private static double[] Scikit(string modules, FeatureSet set, string script)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "features.json");
        File.WriteAllText(path, Written(set));
        var output = Python.Run(modules, $"import json\nnp = numpy\nd = json.load(open(sys.argv[1]))\nX, y = np.array(d['x']).reshape(-1, d['width']), np.array(d['y'])\n{script}", path);
        return [.. output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
    }
}
