using ZooRank.Metrics;

namespace ZooRank.Reports;

/// <summary>The two terms of the paper's score, each as it enters it: min–max scaled over the zoo, reversed where architectures are compared.</summary>
internal static class QualityUpdatePlane
{
    /// <summary>By model the place on the plane; null where fewer than two models have both terms, or one of them is the same for all.</summary>
    public static IReadOnlyList<(T Model, double Quality, double Update)>? Places<T>(IEnumerable<T> models, Func<T, double?> quality, Func<T, double?> update, bool reversed)
    {
        var known = models.Where(m => quality(m) is not null && update(m) is not null).ToList();
        double[]? Scaled(Func<T, double?> term) => known.Count > 1 ? CombinedScores.Scale([.. known.Select(m => reversed ? -term(m) : term(m))]) : null;
        return Scaled(quality) is { } q && Scaled(update) is { } u ? [.. known.Select((m, i) => (m, q[i], u[i]))] : null;
    }

    public static Scatter Plane(string title, IReadOnlyList<Point> points, bool reversed, bool small = false) => new()
    {
        Title = title,
        Description = $"Feature quality across and feature update up, both scaled to 0 to 1{(reversed ? " and reversed" : "")}; the score is their product. {points.Count} models.",
        Points = points,
        X = new(0, 1, small ? 0.5 : 0.25),
        Y = new(0, 1, small ? 0.5 : 0.25),
        XLabel = small ? "" : reversed ? "1 − S_LP, scaled" : "S_LP, scaled",
        YLabel = small ? "" : reversed ? "1 − S_FU, scaled" : "S_FU, scaled",
        Width = small ? 250 : 480,
        Height = small ? 220 : 430,
        Named = small ? 0 : 24,
        Products = small ? [0.25, 0.5] : [0.1, 0.25, 0.5, 0.75],
    };
}
