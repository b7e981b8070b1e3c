using ScottPlot;
using ScottPlot.TickGenerators;

namespace ZooRank.Plots;

/// <summary>How all figures look: dark text, few and light lines, colours that the colour-blind and a black-and-white printer tell apart.</summary>
internal static class FigureStyle
{
    public static readonly Color Ink = Color.FromHex("#1b1f24"), Muted = Color.FromHex("#57606a"), Faint = Color.FromHex("#e4e7eb"), Highlight = Color.FromHex("#d5490b");

    // Viridis without its bright end, which is too light for thin lines on white: from dark to light, so order can be seen without colour too.
    private static readonly Color[] Dark2Light = [.. new[] { "#440154", "#414487", "#2a788e", "#22a884", "#6fbf45" }.Select(Color.FromHex)];

    /// <summary>Colours for values in order, of equal distance.</summary>
    public static Color Ordered(int index, int count)
    {
        var place = count < 2 ? 1 : index * (Dark2Light.Length - 1.0) / (count - 1);
        var below = Math.Min((int)place, Dark2Light.Length - 2);
        return Dark2Light[below].InterpolateRgb(Dark2Light[below + 1], place - below);
    }

    /// <summary>An empty plot with the axes of the house; its data areas line up below each other.</summary>
    public static Plot Axes(double left, double right, double bottom, double top, string? xLabel = null)
    {
        EmbeddedFonts.Register();
        var plot = new Plot();
        plot.RenderManager.ClearCanvasBeforeEachRender = false;   // a figure's panels share one canvas
        plot.FigureBackground.Color = plot.DataBackground.Color = Colors.Transparent;
        plot.Axes.SetLimits(left, right, bottom, top);
        plot.Axes.Right.IsVisible = plot.Axes.Top.IsVisible = false;
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Axes.Bottom.FrameLineStyle.Color = Muted;
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom })
        {
            axis.TickLabelStyle.FontName = axis.Label.FontName = EmbeddedFonts.Family;
            (axis.TickLabelStyle.FontSize, axis.TickLabelStyle.ForeColor) = (15, Muted);
            (axis.Label.FontSize, axis.Label.Bold, axis.Label.ForeColor) = (16, false, Ink);
            axis.TickGenerator = new NumericAutomatic { TickDensity = 0.6 };
            axis.MinorTickStyle.Length = 0;
            axis.MajorTickStyle.Color = Muted;
        }
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Grid.MajorLineColor = Faint;
        if (xLabel is not null) plot.Axes.Bottom.Label.Text = xLabel;
        plot.Layout.Fixed(new PixelPadding(66, 24, xLabel is null ? 30 : 60, 8));
        return plot;
    }
}
