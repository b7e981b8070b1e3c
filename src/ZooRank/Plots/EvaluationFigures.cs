using ZooRank.Evaluation;

namespace ZooRank.Plots;

/// <param name="Name">Of its files, without ending.</param>
/// <param name="Shows">In a few words.</param>
/// <param name="Figure">To be saved.</param>
public sealed record EvaluationFigure(string Name, string Shows, Figure Figure)
{
    /// <summary>Writes it into a folder as SVG, PDF and PNG.</summary>
    /// <returns>The files.</returns>
    public IReadOnlyList<string> Save(string folder)
    {
        var files = Figure.Endings.Select(ending => Path.Combine(folder, Name + ending)).ToList();
        foreach (var file in files) Figure.Save(file);
        return files;
    }
}

/// <summary>All figures that can be drawn of an evaluation.</summary>
public static class EvaluationFigures
{
    private static readonly (string Name, string Shows, Func<MetricEvaluation, Figure> Draw)[] Known =
    [
        ("auc", "AUC after fine-tuning", HeatMap.Draw),
        ("quality-and-update", "feature quality and feature update, with lines of equal score", QualityAndUpdate.Draw),
        ("ablation", "weighted τ of feature quality, feature update and their product", Ablation.Draw),
        ("critical-difference", "average ranks of the metrics, and which cannot be told apart", CriticalDifference.Draw),
        ("score-against-auc", "scores against AUC", e => ScoreAgainstAuc.Draw(e)),
    ];

    /// <returns>The figures, and of those that cannot be drawn why.</returns>
    public static (IReadOnlyList<EvaluationFigure> Figures, IReadOnlyList<string> LeftOut) Of(MetricEvaluation evaluation)
    {
        var (figures, leftOut) = (new List<EvaluationFigure>(), new List<string>());
        foreach (var (name, shows, draw) in Known)
        {
            try
            {
                figures.Add(new(name, shows, draw(evaluation)));
            }
            catch (InvalidInputException e)
            {
                leftOut.Add($"{name}: {e.Message}");
            }
        }
        return (figures, leftOut);
    }
}
