using ScottPlot;
using ZooRank.Evaluation;

namespace ZooRank.Plots;

/// <summary>AUC after fine-tuning: sources and targets, the colours scaled within each target, the best number of each bold.</summary>
public static class HeatMap
{
    private const int Row = 28, Edge = 12;
    private const float NameSize = 15, NumberSize = 14.5f;

    public static Figure Draw(MetricEvaluation evaluation)
    {
        var (truth, sources, targets) = (evaluation.Truth, evaluation.Truth.Sources, evaluation.Truth.Targets);
        var nameSize = FigureStyle.Fitting(sources, NameSize, 200);
        var left = Figure.Margin + sources.Max(s => FigureStyle.WidthOf(s, nameSize)) + Edge;
        // Headings stand upright where they have room, else slanted; the last then reaches beyond its column.
        var wide = Math.Min(110, (Figure.Width - Figure.Margin - left) / targets.Count);
        var longest = targets.Max(t => FigureStyle.WidthOf(t, NameSize));
        var slanted = longest > wide - 6;
        var headingSize = slanted ? FigureStyle.Fitting(targets, NameSize, 170) : NameSize;
        longest = targets.Max(t => FigureStyle.WidthOf(t, headingSize));
        if (slanted) wide = Math.Min(110, (Figure.Width - 14 - left - (0.71f * FigureStyle.WidthOf(targets[^1], headingSize))) / (targets.Count - 0.5f));
        var top = slanted ? (0.71f * longest) + 20 : 30;
        var numberSize = FigureStyle.Fitting(["100.00"], NumberSize, wide - 4, bold: true);

        var height = (int)Math.Ceiling(top + (Row * sources.Count) + 8);
        var plot = FigureStyle.Sheet(Figure.Width, height);
        foreach (var (s, source) in sources.Index()) plot.Label(source, left - Edge, top + (Row * (s + 0.5)), nameSize, Alignment.MiddleRight, FigureStyle.Ink);
        var numbers = new List<Action>();   // above all cells, so that none covers a number of its neighbour in a wider font
        foreach (var (t, target) in targets.Index())
        {
            var x = left + (wide * t);
            if (slanted) plot.Label(target, x + (wide / 2), top - 8, headingSize, Alignment.MiddleLeft, FigureStyle.Ink, rotation: -45);
            else plot.Label(target, x + (wide / 2), top - 8, headingSize, Alignment.LowerCenter, FigureStyle.Ink);
            var column = truth.Column(target, sources);
            var (low, high) = (column.Min() ?? 0, column.Max() ?? 1);
            foreach (var (s, value) in column.Index())
            {
                if (value is not { } auc) continue;
                var share = high > low ? (auc - low) / (high - low) : 1;
                var cell = plot.Add.Rectangle(x + 0.75, x + wide - 0.75, top + (Row * s) + 0.75, top + (Row * (s + 1)) - 0.75);
                (cell.FillColor, cell.LineWidth) = (FigureStyle.Shade(share), 0);
                var y = top + (Row * (s + 0.5));
                numbers.Add(() => plot.Label(Figure.Number(auc * 100, "0.00"), x + (wide / 2), y, numberSize, Alignment.MiddleCenter, FigureStyle.On(share), bold: auc == high));
            }
        }
        numbers.ForEach(draw => draw());
        return new("AUC × 100 after fine-tuning", $"{char.ToUpperInvariant(evaluation.Scenario[0])}{evaluation.Scenario[1..]}s in rows, targets in columns. Dark: the target's best (bold); light: its worst; blank: no AUC.", [new("", plot, height)]);
    }
}
