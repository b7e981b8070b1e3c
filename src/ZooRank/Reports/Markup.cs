using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace ZooRank.Reports;

/// <summary>
/// A piece of a page that is safe as it stands. It is made of a program's own text and holes, <c>Html($"&lt;td&gt;{name}&lt;/td&gt;")</c>, and every hole is escaped unless it is markup itself: there is no way
/// from data to markup that does not escape. It is well-formed XML too.
/// </summary>
public readonly struct Markup
{
    private readonly string? text;

    private Markup(string text) => this.text = text;

    public bool IsEmpty => string.IsNullOrEmpty(text);

    /// <summary>Text with holes; each hole is escaped.</summary>
    public static Markup Html(MarkupWriter written) => new(written.Text);

    /// <summary>One after the other.</summary>
    public static Markup Join(IEnumerable<Markup> pieces) => new(string.Concat(pieces.Select(p => p.text)));

    /// <summary>What is between them is a program's own, as every literal.</summary>
    public static Markup Join(Markup between, IEnumerable<Markup> pieces) => new(string.Join(between.text, pieces.Select(p => p.text)));

    /// <summary>A resource of the program itself.</summary>
    internal static Markup Own(string resource) => new(resource);

    public override string ToString() => text ?? "";
}

/// <summary>What the compiler makes of <c>$"…"</c> where markup is expected.</summary>
[InterpolatedStringHandler]
public readonly struct MarkupWriter
{
    private readonly StringBuilder text;

    public MarkupWriter(int literalLength, int formattedCount) => text = new(literalLength + (16 * formattedCount));

    internal string Text => text.ToString();

    public void AppendLiteral(string own) => text.Append(own);

    public void AppendFormatted(Markup markup) => text.Append(markup.ToString());

    public void AppendFormatted(IEnumerable<Markup> pieces)
    {
        foreach (var piece in pieces) AppendFormatted(piece);
    }

    public void AppendFormatted(int number) => text.Append(CultureInfo.InvariantCulture, $"{number}");

    /// <summary>A place in a drawing, to a hundredth.</summary>
    public void AppendFormatted(double number) => text.Append(CultureInfo.InvariantCulture, $"{number:0.##}");

    /// <summary>Data: what means something in HTML or XML, in an element or between quotes, is escaped; what may not stand in XML at all becomes �.</summary>
    public void AppendFormatted(string? data)
    {
        for (var i = 0; i < data?.Length; i++)
        {
            var c = data[i];
            _ = c switch
            {
                '&' => text.Append("&amp;"),
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                '"' => text.Append("&quot;"),
                '\'' => text.Append("&#39;"),
                _ when char.IsHighSurrogate(c) && i + 1 < data.Length && char.IsLowSurrogate(data[i + 1]) => text.Append(c).Append(data[++i]),
                _ when char.IsSurrogate(c) || c is '\uFFFE' or '\uFFFF' || (char.IsControl(c) && c is not ('\t' or '\n')) => text.Append('\uFFFD'),
                _ => text.Append(c),
            };
        }
    }
}
