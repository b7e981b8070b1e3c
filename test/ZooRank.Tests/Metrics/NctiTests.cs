using System.Globalization;
using System.Text.Json;
using ZooRank.Features;

namespace ZooRank.Tests.Metrics;

public class NctiTests
{
    // Features so spread that the shrinkage e^(−trace) vanishes: there the published code takes scikit-learn's discriminant with its svd solver.
    [Theory]
    [InlineData(120, 10, 3)]
    [InlineData(50, 90, 4)]     // more features than images
    public void Without_shrinkage_its_parts_are_those_of_scikit_learns_discriminant(int n, int width, int classes)
    {
        var (values, labels) = Points.Clouds(n, width, classes, 3, seed: 4);
        var set = new FeatureSet { Width = width, Values = [.. values.Select(v => 10 * v)], Labels = labels, ClassCount = classes };
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "features.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new { x = Array.ConvertAll(set.Values, v => (double)v), y = labels }));
        var output = Python.Run("numpy, sklearn.decomposition, sklearn.discriminant_analysis", $"""
            import json
            np = numpy
            d = json.load(open(sys.argv[1]))
            X, y = np.array(d['x']).reshape(-1, {width}), np.array(d['y'])
            X = sklearn.decomposition.PCA(min(64, {width}, {n} - 1), svd_solver='full').fit_transform(X)
            lda = sklearn.discriminant_analysis.LinearDiscriminantAnalysis().fit(X, y)
            nuclear = lambda m: np.linalg.norm(m, 'nuc')
            z, p = lda.transform(X), lda.predict_proba(X)
            print(nuclear(z - z.mean(0)), p[np.arange(len(y)), y].mean(), np.log(sum(nuclear(p[y == c]) for c in range({classes}))))
            """, path);
        double[] expected = [.. output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
        var parts = Measured.Of(set, "ncti").Parts;
        foreach (var (part, right) in new[] { "seli", "ncc", "vc" }.Zip(expected)) Assert.Equal(right, parts[part], 1e-6 * Math.Abs(right));
    }
}
