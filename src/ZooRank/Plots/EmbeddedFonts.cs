using ScottPlot;
using SkiaSharp;

namespace ZooRank.Plots;

/// <summary>
/// Open Sans, which travels with the program: a cluster's node or a container may have no font at all, and a figure must look the same everywhere. Cut to Latin,
/// Greek, Cyrillic and some signs; in a name of another script the signs it lacks show as boxes.
/// </summary>
internal sealed class EmbeddedFonts : IFontResolver
{
    public const string Family = "Open Sans";

    static EmbeddedFonts() => Fonts.FontResolvers.Insert(0, new EmbeddedFonts());

    private EmbeddedFonts()
    {
    }

    /// <summary>Makes the family known to ScottPlot, once.</summary>
    public static void Register()
    {
    }

    /// <summary>The font at a size. Widths are not rounded to pixels: figures are scaled.</summary>
    public static SKFont Font(bool bold, float size) => new(Fonts.GetTypeface(Family, bold, italic: false), size) { Subpixel = true, LinearMetrics = true, Hinting = SKFontHinting.None };

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Family ? Read(weight >= FontWeight.SemiBold ? "OpenSans-Bold.ttf" : "OpenSans-Regular.ttf") : null;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);

    private static SKTypeface Read(string name)
    {
        using var data = SKData.Create(typeof(EmbeddedFonts).Assembly.GetManifestResourceStream(name)!);
        return SKTypeface.FromData(data);
    }
}
