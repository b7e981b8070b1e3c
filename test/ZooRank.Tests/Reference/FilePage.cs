using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ZooRank.Evaluation;
using ZooRank.FineTuning;
using ZooRank.Models;
using ZooRank.Ranking;
using ZooRank.Runs;
using ZooRank.Truth;

namespace ZooRank.Tests.Reference;

/// <summary>docs/reference/files.md: the fields of every file, from the types that are written and read, and their doc comments.</summary>
internal static class FilePage
{
    private sealed record Described(string Title, string Commands, JsonTypeInfo Type, bool IsInput = false);

    private static readonly Described[] Files =
    [
        new("Ranking", "`rank --out`, `rank --json`", RankingJson.Default.Ranking),
        new("Evaluation", "`evaluate --out`, `evaluate --json`", EvaluationJson.Default.MetricEvaluation),
        new("The paper, recomputed", "`paper --json`", PaperJson.Default.PaperReproduction),
        new("Run", "`finetune`: `runs/…/ID.json` in its store", RunsJson.Default.RunRecord),
        new("Zoo", "`zoo.json`, read by `rank` and others", ZooJson.Default.ZooFile, IsInput: true),
        new("Model card", "`pretrain`: in the metadata of its safetensors file, under `zoorank`", ZooJson.Default.SourceModel, IsInput: true),
        new("Grid", "`finetune --grid FILE`", GridJson.Default.FineTuningGrid, IsInput: true),
    ];

    private static readonly NullabilityInfoContext Nullability = new();

    public static string Text()
    {
        var page = new StringBuilder($"# Fields of files\n\n{ReferenceTests.Origin}\n\n");
        foreach (var file in Files) page.Append(CultureInfo.InvariantCulture, $"- [{file.Title}](#{Anchor(file.Title)}): {file.Commands}\n");
        page.Append("- [Table of runs](#table-of-runs): `truth export`\n");

        // The name in JSON of each property, for comments that refer to it.
        var types = Files.Select(f => (File: f, Types: TypesOf(f.Type).ToList())).ToList();
        var names = types.SelectMany(t => t.Types).SelectMany(t => t.Properties).Select(p => (Property: (PropertyInfo)p.AttributeProvider!, p.Name))
            .DistinctBy(p => p.Property).ToDictionary(p => $"P:{p.Property.DeclaringType!.FullName}.{p.Property.Name}", p => p.Name);
        var comments = new XmlComments(Path.Combine(AppContext.BaseDirectory, "ZooRank.xml"), names.GetValueOrDefault);

        var told = new HashSet<Type>();
        foreach (var (file, all) in types)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {file.Title}\n\n{file.Commands}. {comments.Of(file.Type.Type)}\n");
            if (!told.Add(file.Type.Type)) page.Append(CultureInfo.InvariantCulture, $"\nIts fields: [{file.Type.Type.Name}](#{Anchor(file.Type.Type.Name)}).\n");
            else page.Append(CultureInfo.InvariantCulture, $"\n{Table(file, file.Type, comments)}");
            foreach (var type in all.Where(t => told.Add(t.Type)))
                page.Append(CultureInfo.InvariantCulture, $"\n### {type.Type.Name}\n\n{Lead(comments.Of(type.Type))}{Table(file, type, comments)}");
        }
        page.Append(CultureInfo.InvariantCulture, $"\n## Table of runs\n\n`truth export`: a row for each run, as CSV or Parquet; `curve` in Parquet alone.\n\n| column | type | |\n| --- | --- | --- |\n");
        foreach (var (column, property) in RunTable.Columns) page.Append(CultureInfo.InvariantCulture, $"| `{column}` | {Words(property.PropertyType, null, Nullability.Create(property))} | {Meaning(property, comments)} |\n");
        return page.ToString();
    }

    private static string Lead(string summary) => summary.Length > 0 ? summary + "\n\n" : "";

    // The type and, in the order in which they are met, all of ZooRank's own types in it.
    private static IEnumerable<JsonTypeInfo> TypesOf(JsonTypeInfo root)
    {
        var (found, waiting) = (new HashSet<Type>(), new Queue<JsonTypeInfo>([root]));
        while (waiting.TryDequeue(out var type))
        {
            if (!found.Add(type.Type)) continue;
            yield return type;
            foreach (var inner in type.Properties.Select(p => Content(p.PropertyType)).Where(IsOwn)) waiting.Enqueue(root.Options.GetTypeInfo(inner));
        }
    }

    private static string Table(Described file, JsonTypeInfo type, XmlComments comments)
    {
        var table = new StringBuilder("| field | type | |\n| --- | --- | --- |\n");
        foreach (var p in type.Properties.Where(p => p.Get is not null))
        {
            var property = (PropertyInfo)p.AttributeProvider!;
            var absent = (property.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition ?? type.Options.DefaultIgnoreCondition) == JsonIgnoreCondition.WhenWritingNull;
            var words = Words(p.PropertyType, type.Options, Nullability.Create(property));
            if (absent && words.EndsWith(" or null", StringComparison.Ordinal)) words = words[..^" or null".Length].TrimEnd(',') + (file.IsInput ? "" : ", or absent");
            table.Append(CultureInfo.InvariantCulture, $"| `{p.Name}` | {words}{(file.IsInput && p.IsRequired ? ", needed" : "")} | {comments.Of(property)} |\n");
        }
        return table.ToString();
    }

    private static string Words(Type type, JsonSerializerOptions? options, NullabilityInfo nullability)
    {
        var words = Plain(type, options, nullability, several: false);
        return nullability.ReadState != NullabilityState.Nullable ? words : words.Contains(" of ", StringComparison.Ordinal) ? words + ", or null" : words + " or null";
    }

    private static string Plain(Type type, JsonSerializerOptions? options, NullabilityInfo nullability, bool several)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        var s = several ? "s" : "";
        if (plain.IsEnum) return string.Join(" or ", Enum.GetValues(plain).Cast<object>().Select(v => $"`{JsonSerializer.Serialize(v, options!.GetTypeInfo(plain))}`"));
        if (plain == typeof(string)) return "text" + s;
        if (plain == typeof(bool)) return "true or false";
        if (plain == typeof(double) || plain == typeof(float)) return "number" + s;
        if (plain == typeof(DateTimeOffset) || plain == typeof(DateTime)) return "time" + s;
        if (plain.IsPrimitive) return "whole number" + s;
        if (plain.IsGenericType && plain.GetGenericArguments() is [_, var value]) return $"object{s} of {Plural(value, nullability.GenericTypeArguments[1])}";
        if (Element(plain) is { } element) return $"list{s} of {Plural(element, nullability.ElementType ?? nullability.GenericTypeArguments[0])}";
        var told = plain.DeclaringType == typeof(RunTable) ? typeof(EpochRecord) : plain;   // the row's own has the same fields
        return $"[{told.Name}](#{Anchor(Files.FirstOrDefault(f => f.Type.Type == told && !f.IsInput)?.Title ?? told.Name)})";

        string Plural(Type inner, NullabilityInfo known) => Plain(inner, options, known, several: true) + (known.ReadState == NullabilityState.Nullable ? " or nulls" : "");
    }

    // What a list or an object by name holds in the end.
    private static Type Content(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(string)) return plain;
        if (plain.IsGenericType && plain.GetGenericArguments() is [_, var value]) return Content(value);
        return Element(plain) is { } element ? Content(element) : plain;
    }

    private static Type? Element(Type type) => type.IsArray ? type.GetElementType() : type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type) ? type.GetGenericArguments()[0] : null;

    private static bool IsOwn(Type type) => type.Namespace?.StartsWith("ZooRank", StringComparison.Ordinal) == true && !type.IsEnum;

    // A column is called as the property that it is made of.
    private static string Meaning(PropertyInfo column, XmlComments comments) =>
        new[] { typeof(RunRecord), typeof(RunConfiguration), typeof(RunTarget), typeof(RunSource), typeof(RunProvenance) }.Select(t => t.GetProperty(column.Name)).FirstOrDefault(p => p is not null) is { } property ? comments.Of(property) : "";

    private static string Anchor(string title) => title.ToLowerInvariant().Replace(' ', '-').Replace(",", "", StringComparison.Ordinal);
}
