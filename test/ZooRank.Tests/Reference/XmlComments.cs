using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace ZooRank.Tests.Reference;

/// <summary>The doc comments of the library, from the file that the compiler writes beside it, as Markdown for a table's cell.</summary>
internal sealed partial class XmlComments(string file, Func<string, string?> nameOf)
{
    // In place of a backtick around what is a name in the code alone: in brackets it goes, in a sentence it stays.
    private const char Code = '\u0001';

    private readonly Dictionary<string, XElement> members = XDocument.Load(file).Descendants("member").ToDictionary(m => (string)m.Attribute("name")!);

    public string Of(Type type) => Markdown(members.GetValueOrDefault($"T:{Name(type)}")?.Element("summary"));

    /// <summary>Its own, or the type's parameter of that name, if the type is written as a list of parameters.</summary>
    public string Of(PropertyInfo property) => Markdown(members.GetValueOrDefault($"P:{Name(property.DeclaringType!)}.{property.Name}")?.Element("summary")
        ?? members.GetValueOrDefault($"T:{Name(property.DeclaringType!)}")?.Elements("param").FirstOrDefault(p => (string)p.Attribute("name")! == property.Name));

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    private string Markdown(XElement? comment) => comment is null ? "" : Spaces().Replace(Aside().Replace(string.Concat(comment.Nodes().Select(Markdown)), "").Replace(Code, '`'), " ").Trim();

    private string Markdown(XNode node) => node switch
    {
        XText text => text.Value.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal),
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement element when ((string?)element.Attribute("cref") ?? (string?)element.Attribute("name")) is { } target =>
            nameOf(target) is { } name ? $"`{name}`" : $"{Code}{target.Split('(')[0].Split(':')[^1].Split('.')[^1]}{Code}",
        XElement element => string.Concat(element.Nodes().Select(Markdown)),
        _ => "",
    };

    [GeneratedRegex(@"\s*\(\u0001[^)]*\u0001\)")]
    private static partial Regex Aside();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
