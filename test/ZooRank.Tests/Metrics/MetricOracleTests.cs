namespace ZooRank.Tests.Metrics;

/// <summary>The values that the published definitions give on the reference inputs (../shared/oracle, made with NumPy 1.24, SciPy 1.10 and scikit-learn 1.2; its README).</summary>
public class MetricOracleTests
{
    private static readonly string[] Files = ["binary_small", "nine_class", "five_imbalanced", "eleven_class"];

    // Relative tolerances. Closed forms: 1e-6, and LEEP's softmax was float32 there. PARC: ranks of half a million distances, of which some fall together within rounding.
    // SFDA: features mixed in float32 there.
    private static readonly (string Metric, string Expected, double Tolerance)[] Values =
    [
        ("leep", "leep", 1e-6), ("logme", "logme", 1e-6), ("logme:published", "logme_published", 1e-6), ("parc", "parc", 1e-4), ("parc:published", "parc_published_randomised_pca", 1e-3), ("sfda:published", "sfda", 1e-5),
    ];

    public static TheoryData<string, string, string, double> Cases()
    {
        var data = new TheoryData<string, string, string, double>();
        foreach (var file in Files)
            foreach (var (metric, expected, tolerance) in Values) data.Add(file, metric, expected, tolerance);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_metric_gives_the_value_of_its_definition(string file, string metric, string expected, double tolerance)
    {
        var right = OracleFeatures.Expected(file).GetProperty(expected).GetDouble();
        Assert.Equal(right, Measured.Of(OracleFeatures.Read(file), metric).Score!.Value, tolerance * Math.Abs(right));
    }

    [Theory]
    [InlineData("binary_small")]
    [InlineData("nine_class")]
    [InlineData("five_imbalanced")]
    [InlineData("eleven_class")]
    public void The_parts_of_NCTI_are_those_of_its_definition(string file)
    {
        foreach (var (metric, property) in new[] { ("ncti", "ncti"), ("ncti:published", "ncti_published_randomised_pca") })
        {
            var expected = OracleFeatures.Expected(file).GetProperty(property);
            foreach (var (part, value) in Measured.Of(OracleFeatures.Read(file), metric).Parts) Assert.Equal(expected.GetProperty(part).GetDouble(), value, 1e-4 * Math.Abs(value));
        }
    }

    [Fact]
    public void SFDA_is_undefined_where_it_is_saturated() => Assert.Contains("D ≥ n", Measured.Of(OracleFeatures.Read("binary_small"), "sfda").Undefined);
}
