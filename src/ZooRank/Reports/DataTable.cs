using System.Globalization;
using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <param name="Content">What is shown.</param>
/// <param name="Value">What it is sorted by; null where there is no number, which sorts last.</param>
/// <param name="Heat">Colour of its ground, −1 to 1: towards orange below 0, towards blue above; null for none.</param>
internal readonly record struct Cell(Markup Content, double? Value = null, double? Heat = null)
{
    public static Cell Number(double? value, int decimals, double? heat = null) => new(Html($"{Words.Fixed(value, decimals)}"), value, heat);

    public static Cell Whole(long value) => new(Html($"{Words.Whole(value)}"), value);

    public static Cell Text(string text) => new(Html($"{text}"));

    public static Cell Name(string name) => new(Words.Name(name));
}

/// <param name="Heading">Above it.</param>
/// <param name="Cell">Of a row.</param>
/// <param name="Numeric">Numbers stand right.</param>
/// <param name="Hint">What the heading means.</param>
/// <param name="Upright">The heading is a name from outside, written upwards, so that the column is no wider than its numbers.</param>
internal sealed record Column<T>(Markup Heading, Func<T, Cell> Cell, bool Numeric = true, string? Hint = null, bool Upright = false)
{
    public static Column<T> Of(string name, Func<T, Cell> cell) => new(Words.Name(name), cell, Upright: true);

    public Column(string heading, Func<T, Cell> cell, bool numeric = true, string? hint = null) : this(Html($"{heading}"), cell, numeric, hint)
    {
    }
}

/// <summary>A table with a caption, which scrolls where it is wider than the page; the script makes it sortable.</summary>
internal static class DataTable
{
    /// <param name="caption">What it shows.</param>
    /// <param name="rows">In the order shown.</param>
    /// <param name="columns">The first names the row.</param>
    /// <param name="strong">Rows that stand out.</param>
    /// <param name="foot">Rows below, which stay there when it is sorted.</param>
    public static Markup Of<T>(Markup caption, IReadOnlyList<T> rows, IReadOnlyList<Column<T>> columns, Func<T, bool>? strong = null, IReadOnlyList<T>? foot = null) => Html($"""
        <div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="data{(rows.Count > 1 ? " sortable" : "")}">
        <caption>{caption}</caption>
        <thead><tr>{columns.Select((c, i) => Html($"""<th scope="col"{Class(c.Upright ? "n up" : c.Numeric && i > 0 ? "n" : "")}{Title(c.Hint)}>{c.Heading}</th>"""))}</tr></thead>
        <tbody>
        {rows.Select(r => Row(r, columns, strong?.Invoke(r) == true))}</tbody>
        {(foot is null ? default : Html($"<tfoot>{foot.Select(r => Row(r, columns, false))}</tfoot>"))}</table></div>

        """);

    private static Markup Row<T>(T row, IReadOnlyList<Column<T>> columns, bool strong) => Html($"""
        <tr{Class(strong ? "strong" : "")}>{columns.Select((c, i) => Data(c.Cell(row), i == 0, c.Numeric && i > 0))}</tr>

        """);

    private static Markup Data(Cell cell, bool heading, bool numeric)
    {
        var sort = cell.Value is { } v ? Html($" data-v=\"{v.ToString("R", CultureInfo.InvariantCulture)}\"") : default;
        var ground = cell.Heat is { } h ? Html($" style=\"--heat:{Math.Round(100 * Math.Min(1, Math.Abs(h)))}%\"") : default;
        var kind = Class(string.Join(' ', new[] { numeric ? "n" : "", cell.Heat is { } heat ? heat < 0 ? "low" : "high" : "" }.Where(k => k.Length > 0)));
        return heading ? Html($"""<th scope="row"{kind}{sort}>{cell.Content}</th>""") : Html($"<td{kind}{sort}{ground}>{cell.Content}</td>");
    }

    private static Markup Class(string own) => own.Length > 0 ? Html($" class=\"{own}\"") : default;

    private static Markup Title(string? text) => text is null ? default : Html($" title=\"{text}\"");
}
