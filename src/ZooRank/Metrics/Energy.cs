namespace ZooRank.Metrics;

/// <summary>Energy: how sure the source is of the images, whatever their labels.</summary>
/// <remarks>−ln Σ exp is the free energy that tells images like the source's own from others (Liu, Wang, Owens and Li, NeurIPS 2020); it is negated, so that more is better.</remarks>
public static class Energy
{
    public static Metric Metric { get; } = new()
    {
        Name = "energy",
        Meaning = "Minus the mean free energy of the images under the source's head, ln Σ_z exp(logit_z): high where they look like the source's own. Labels have no say.",
        Source = "Gholami, Akbari, Wang, Kamranian and Zhang, ETran: Energy-Based Transferability Estimation, ICCV 2023, arXiv 2308.02027, the energy score; Liu, Wang, Owens and Li, Energy-based Out-of-distribution Detection, NeurIPS 2020, arXiv 2010.03759, the free energy",
        Range = "unbounded",
        Needs = MetricNeeds.Logits,
        MultiLabel = true,
        Measure = space => MetricOutcome.Of(space.Logits.logsumexp(1).mean().item<double>()),
        Workspace = (n, _, _) => 2 * n,
    };

    public static Metric Features { get; } = Metric with
    {
        Name = "energy:features",
        Meaning = "As energy, of the features instead of the logits, as ETran has it: defined for a model without a head.",
        Needs = MetricNeeds.None,
        Measure = space => MetricOutcome.Of(space.X.logsumexp(1).mean().item<double>()),
        Workspace = (n, d, _) => n * d,
    };
}
