using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace ZooRank.Plots;

/// <summary>
/// Makes Skia's SVG fit for sharing: it scales with the page, has a title for screen readers, and its text is text. Skia places every letter for its own font; here a
/// line of text keeps its beginning and its length, so that it fits its place in whatever font the reader has.
/// </summary>
internal static partial class SvgDocument
{
    private const string Families = "'Open Sans', 'Helvetica Neue', Helvetica, Arial, sans-serif";

    public static void Finish(Stream drawn, Stream finished, string title, float width, float height)
    {
        var document = XDocument.Load(drawn);
        var root = document.Root!;
        var ns = root.Name.Namespace;
        root.SetAttributeValue("viewBox", FormattableString.Invariant($"0 0 {width:0.##} {height:0.##}"));
        root.SetAttributeValue("role", "img");
        root.AddFirst(new XElement(ns + "title", title));
        foreach (var text in root.Descendants(ns + "text")) Settle(text);
        foreach (var d in root.Descendants().Attributes("d")) d.Value = Number().Replace(d.Value, m => double.Parse(m.Value, CultureInfo.InvariantCulture).ToString("0.#", CultureInfo.InvariantCulture));
        document.Save(finished, SaveOptions.DisableFormatting);
    }

    private static void Settle(XElement text)
    {
        text.SetAttributeValue("font-family", Families);
        var content = text.Value.Trim();
        var bold = (string?)text.Attribute("font-weight") is { } weight && weight != "normal";
        using var font = EmbeddedFonts.Font(bold, (float)text.Attribute("font-size")!);
        text.SetAttributeValue("x", ((string?)text.Attribute("x"))?.Split(',', ' ')[0]);
        text.SetAttributeValue("y", ((string?)text.Attribute("y"))?.Split(',', ' ')[0]);
        if (content.Length > 1) text.SetAttributeValue("textLength", font.MeasureText(content).ToString("0.##", CultureInfo.InvariantCulture));
        text.Value = content;
    }

    [GeneratedRegex(@"-?\d+\.\d{2,}(e-?\d+)?")]
    private static partial Regex Number();
}
