using ScottPlot;
using SkiaSharp;
using ZooRank.Evaluation;
using ZooRank.Files;
using ZooRank.Native;

namespace ZooRank.Plots;

/// <param name="Heading">What the panel shows, above its left edge.</param>
/// <param name="Plot">The curves or points with their axes.</param>
/// <param name="Height">In units of the figure, of which it is 800 wide.</param>
/// <param name="Columns">Panels of so many columns stand side by side, each as wide as the figure through their number.</param>
internal sealed record Panel(string Heading, Plot Plot, int Height, int Columns = 1);

/// <param name="Name">What the line's colour stands for.</param>
/// <param name="Colour">Of the line; null: the name alone, as a heading of those after it.</param>
/// <param name="Marker">A point of this shape in place of the line.</param>
internal sealed record KeyEntry(string Name, Color? Colour = null, MarkerShape? Marker = null);

/// <summary>
/// One picture, described once and written as SVG, PDF or PNG: a title, what the colours mean, and panels below each other, narrow ones side by side. It is 800 units wide with letters of 15 to
/// 22, so it can be read in one column of a page and across a phone.
/// </summary>
public sealed class Figure
{
    internal const int Width = 800, Margin = 20;
    private const int PixelsPerUnit = 2;

    private readonly string title, subtitle;
    private readonly IReadOnlyList<KeyEntry> key;
    private readonly IReadOnlyList<Panel> panels;

    internal Figure(string title, string subtitle, IReadOnlyList<Panel> panels, IReadOnlyList<KeyEntry>? key = null) =>
        (this.title, this.subtitle, this.panels, this.key) = (title, subtitle, panels, key ?? []);

    /// <summary>Writes the figure; the ending of the name says how: .svg, .pdf or .png.</summary>
    /// <exception cref="InvalidInputException">Another ending; the place cannot be written; Skia cannot be loaded.</exception>
    public void Save(string path)
    {
        Action<Stream> write = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".svg" => WriteSvg,
            ".pdf" => WritePdf,
            ".png" => WritePng,
            var other => throw new InvalidInputException($"{path}: no figure is written as '{other}'. Choose .svg, .pdf or .png."),
        };
        try
        {
            AtomicFile.Write(path, write);
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException })
        {
            throw new InvalidInputException($"{path}: Skia, which draws figures, could not be loaded ({(e.InnerException ?? e).Message.Split('\n')[0]}). {NativePackage.Skia(NativeLibraries.Rid).Remedy}.", e);
        }
    }

    private void WritePng(Stream stream)
    {
        using var surface = SKSurface.Create(new SKImageInfo(Width * PixelsPerUnit, (int)Math.Ceiling(Height()) * PixelsPerUnit));
        surface.Canvas.Scale(PixelsPerUnit);
        Draw(surface.Canvas);
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        data.SaveTo(stream);
    }

    private void WritePdf(Stream stream)
    {
        // 800 units become the width of a printed page's text, 170 mm.
        const float PointsPerUnit = 170 / 25.4f * 72 / Width;
        using var document = SKDocument.CreatePdf(stream, new SKDocumentPdfMetadata { Title = title, Creator = "ZooRank" });
        var canvas = document.BeginPage(Width * PointsPerUnit, Height() * PointsPerUnit);
        canvas.Scale(PointsPerUnit);
        Draw(canvas);
        document.EndPage();
        document.Close();
    }

    private void WriteSvg(Stream stream)
    {
        var height = Height();
        using var drawn = new MemoryStream();
        using (var canvas = SKSvgCanvas.Create(SKRect.Create(Width, height), drawn)) Draw(canvas);
        drawn.Position = 0;
        SvgDocument.Finish(drawn, stream, title, Width, height);
    }

    // Drawn on nothing, which also spares the real canvas ScottPlot's first drawing: it draws a plot twice then.
    private float Height()
    {
        using var nowhere = new SKNoDrawCanvas(Width, Width);
        return Draw(nowhere);
    }

    /// <summary>Draws all, and returns the height of it.</summary>
    private float Draw(SKCanvas canvas)
    {
        canvas.Clear(SKColors.White);
        var y = (float)Margin;
        y = Text(canvas, title, y, 22, bold: true, FigureStyle.Ink);
        foreach (var line in subtitle.Split('\n', StringSplitOptions.RemoveEmptyEntries)) y = Text(canvas, line, y + 2, 16, bold: false, FigureStyle.Muted);
        if (key.Count > 0) y = Key(canvas, y + 10);
        var (column, below) = (0, y);
        foreach (var panel in panels)
        {
            if (column % panel.Columns == 0) (column, y) = (0, below);
            var (width, left) = ((float)Width / panel.Columns, (float)Width / panel.Columns * column++);
            var top = panel.Heading.Length == 0 ? y + 8 : Text(canvas, panel.Heading, y + 16, panel.Columns > 1 ? 15 : 17, bold: true, FigureStyle.Ink, left + Margin, width - Margin * (panel.Columns > 1 ? 1.2f : 2));
            panel.Plot.Render(canvas, new PixelRect(left, left + width, top + panel.Height, top));
            below = Math.Max(below, top + panel.Height);
        }
        return below + Margin / 2f;
    }

    private float Key(SKCanvas canvas, float y)
    {
        const float Size = 16, Line = 26, Swatch = 28, Gap = 7;
        using var font = EmbeddedFonts.Font(bold: false, Size);
        using var stroke = new SKPaint { StrokeWidth = 4, IsAntialias = true, Style = SKPaintStyle.Stroke };
        using var points = Paint.NewDisposablePaint();
        var x = (float)Margin;
        foreach (var entry in key)
        {
            var swatch = entry.Colour is null ? 0 : entry.Marker is null ? Swatch + Gap : (Swatch / 2) + Gap + 6;
            var width = swatch + font.MeasureText(entry.Name);
            if (x + width > Width - Margin) (x, y) = (Margin, y + Line);
            if (entry is { Colour: { } filled, Marker: { } shape }) new MarkerStyle(shape, 12, filled).Render(canvas, new Pixel(x + Swatch / 2, y + Size * 0.65f), points);
            else if (entry.Colour is { } colour)
            {
                stroke.Color = new SKColor(colour.ARGB);
                canvas.DrawLine(x, y + Size * 0.65f, x + Swatch, y + Size * 0.65f, stroke);
            }
            Glyphs(canvas, entry.Name, x + swatch, y + Size, font, entry.Colour is null ? FigureStyle.Muted : FigureStyle.Ink);
            x += width + 20;
        }
        return y + Line;
    }

    // A line of text, at the left margin if not elsewhere, made smaller where it is too long; returns where the next may begin.
    private static float Text(SKCanvas canvas, string text, float y, float size, bool bold, Color colour, float x = Margin, float room = Width - (2 * Margin))
    {
        using var font = EmbeddedFonts.Font(bold, size);
        if (font.MeasureText(text) is var width && width > room) font.Size *= room / width;
        Glyphs(canvas, text, x, y + size, font, colour);
        return y + size * 1.3f;
    }

    private static void Glyphs(SKCanvas canvas, string text, float x, float y, SKFont font, Color colour)
    {
        using var paint = new SKPaint { Color = new SKColor(colour.ARGB), IsAntialias = true };
        canvas.DrawText(text, x, y, font, paint);
    }

    /// <summary>The file endings that <see cref="Save"/> knows.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".svg", ".pdf", ".png"];

    /// <summary>With a minus sign; what rounds to zero has none.</summary>
    internal static string Number(double value, string format) => ResultTables.Number(value, format);
}
