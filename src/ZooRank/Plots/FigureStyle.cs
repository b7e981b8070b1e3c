using ScottPlot;
using ScottPlot.TickGenerators;

namespace ZooRank.Plots;

/// <summary>How all figures look: dark text, few and light lines, colours that the colour-blind and a black-and-white printer tell apart.</summary>
internal static class FigureStyle
{
    public static readonly Color Ink = Color.FromHex("#1b1f24"), Muted = Color.FromHex("#57606a"), Faint = Color.FromHex("#e4e7eb"), Highlight = Color.FromHex("#d5490b");

    // Viridis without its bright end, which is too light for thin lines on white: from dark to light, so order can be seen without colour too.
    private static readonly Color[] Dark2Light = [.. new[] { "#440154", "#414487", "#2a788e", "#22a884", "#6fbf45" }.Select(Color.FromHex)];

    // For grounds: from nearly white on, in one direction of lightness.
    private static readonly Color[] Light2Dark = [.. new[] { "#f4f6f5", "#cfe5dc", "#8cc7b9", "#3f9a98", "#2a6f89", "#3b3f7f" }.Select(Color.FromHex)];

    /// <summary>Colours for values in order, of equal distance.</summary>
    public static Color Ordered(int index, int count) => Between(Dark2Light, count < 2 ? 0.25 : index / (count - 1.0));

    /// <summary>A ground for values from 0 (light) to 1 (dark).</summary>
    public static Color Shade(double share) => Between(Light2Dark, share);

    /// <summary>Letters that can be read on <see cref="Shade"/>: dark or white, whichever has more contrast (WCAG 2's ratio).</summary>
    public static Color On(double share) => Shade(share) is var ground && 1.05 / (Luminance(ground) + 0.05) > (Luminance(ground) + 0.05) / (Luminance(Ink) + 0.05) ? Colors.White : Ink;

    private static double Luminance(Color colour)
    {
        static double Linear(byte channel) => channel / 255.0 is var c && c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
        return (0.2126 * Linear(colour.R)) + (0.7152 * Linear(colour.G)) + (0.0722 * Linear(colour.B));
    }

    private static Color Between(Color[] colours, double share)
    {
        var place = Math.Clamp(share, 0, 1) * (colours.Length - 1);
        var below = Math.Min((int)place, colours.Length - 2);
        return colours[below].InterpolateRgb(colours[below + 1], place - below);
    }

    /// <summary>A plot without axes to draw on: x from 0 to the width, y downwards from 0 to the height, both in units of the figure.</summary>
    public static Plot Sheet(double width, double height)
    {
        var plot = Empty();
        plot.Axes.SetLimits(0, width, height, 0);
        plot.HideGrid();
        plot.Layout.Frameless();
        return plot;
    }

    /// <summary>Words on a plot, at a place in its coordinates.</summary>
    public static void Label(this Plot plot, string words, double x, double y, float size, Alignment alignment, Color colour, bool bold = false, float rotation = 0)
    {
        var text = plot.Add.Text(words, x, y);
        (text.LabelFontName, text.LabelFontSize, text.LabelFontColor, text.LabelBold) = (EmbeddedFonts.Family, size, colour, bold);
        (text.LabelAlignment, text.LabelRotation) = (alignment, rotation);
    }

    /// <summary>A straight line on a plot, in its coordinates.</summary>
    public static void Stroke(this Plot plot, double x1, double y1, double x2, double y2, Color colour, float width = 1.2f)
    {
        var line = plot.Add.Line(x1, y1, x2, y2);
        (line.LineColor, line.LineWidth) = (colour, width);
    }

    /// <summary>How wide words are, in units of the figure.</summary>
    public static float WidthOf(string words, float size, bool bold = false)
    {
        EmbeddedFonts.Register();
        using var font = EmbeddedFonts.Font(bold, size);
        return font.MeasureText(words);
    }

    /// <summary>The size, at most as given, at which words fit.</summary>
    public static float Fitting(IEnumerable<string> words, float size, double room, bool bold = false) => (float)Math.Min(size, size * room / Math.Max(1, words.Select(w => WidthOf(w, size, bold)).DefaultIfEmpty(1).Max()));

    private static Plot Empty()
    {
        EmbeddedFonts.Register();
        var plot = new Plot();
        plot.RenderManager.ClearCanvasBeforeEachRender = false;   // a figure's panels share one canvas
        plot.FigureBackground.Color = plot.DataBackground.Color = Colors.Transparent;
        return plot;
    }

    /// <summary>An empty plot with the axes of the house; its data areas line up below each other.</summary>
    /// <param name="left">Where x begins.</param>
    /// <param name="right">Where x ends.</param>
    /// <param name="bottom">Where y begins.</param>
    /// <param name="top">Where y ends.</param>
    /// <param name="xLabel">Below the axis.</param>
    /// <param name="padding">Around the data area; null: that of a panel as wide as the figure.</param>
    /// <param name="size">Of the numbers at the axes.</param>
    public static Plot Axes(double left, double right, double bottom, double top, string? xLabel = null, PixelPadding? padding = null, float size = 15)
    {
        var plot = Empty();
        plot.Axes.SetLimits(left, right, bottom, top);
        plot.Axes.Right.IsVisible = plot.Axes.Top.IsVisible = false;
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Axes.Bottom.FrameLineStyle.Color = Muted;
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom })
        {
            axis.TickLabelStyle.FontName = axis.Label.FontName = EmbeddedFonts.Family;
            (axis.TickLabelStyle.FontSize, axis.TickLabelStyle.ForeColor) = (size, Muted);
            (axis.Label.FontSize, axis.Label.Bold, axis.Label.ForeColor) = (size + 1, false, Ink);
            axis.TickGenerator = new NumericAutomatic { TickDensity = 0.6 };
            axis.MinorTickStyle.Length = 0;
            axis.MajorTickStyle.Color = Muted;
        }
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Grid.MajorLineColor = Faint;
        if (xLabel is not null) plot.Axes.Bottom.Label.Text = xLabel;
        plot.Layout.Fixed(padding ?? new PixelPadding(66, 24, xLabel is null ? 30 : 60, 8));
        return plot;
    }
}
