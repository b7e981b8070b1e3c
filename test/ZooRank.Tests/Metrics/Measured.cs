using ZooRank.Features;
using ZooRank.Metrics;

namespace ZooRank.Tests.Metrics;

/// <summary>Metrics by name on a feature set, as the tool computes them.</summary>
internal static class Measured
{
    public static MetricOutcome Of(FeatureSet set, string metric, MetricOptions? options = null) =>
        MetricScores.Of(set, [MetricList.Get(metric)], options, cancellation: TestContext.Current.CancellationToken).Outcomes[metric];
}
