using System.Globalization;
using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <summary>Numbers and names as pages write them.</summary>
internal static class Words
{
    public const string None = "–";

    /// <summary>With so many decimals and a true minus; – where there is none.</summary>
    public static string Fixed(double? value, int decimals) => value is { } v ? Minus(v.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)) : None;

    public static string Signed(double value, int decimals) => (value >= 0 ? "+" : "") + Fixed(value, decimals);

    /// <summary>Four digits that count, however large it is.</summary>
    public static string Short(double? value) => value is { } v ? Minus(v.ToString("G4", CultureInfo.InvariantCulture)) : None;

    public static string Whole(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Percent(double? share) => share is { } s ? Math.Round(100 * s, MidpointRounding.AwayFromZero).ToString(CultureInfo.InvariantCulture) + " %" : None;

    public static string Range(double low, double high, int decimals) => Fixed(low, decimals).StartsWith('−') ? $"{Fixed(low, decimals)} to {Fixed(high, decimals)}" : $"{Fixed(low, decimals)}–{Fixed(high, decimals)}";

    public static string P(double p) => p < 0.0005 ? "< 0.0005" : Fixed(p, 3);

    /// <summary>In whole or tenths of the unit that fits.</summary>
    public static string Duration(double seconds) => seconds < 90 ? $"{Fixed(seconds, seconds < 10 ? 1 : 0)} s" : seconds < 5400 ? $"{Fixed(seconds / 60, 0)} min" : $"{Fixed(seconds / 3600, 1)} h";

    /// <summary>A name from outside: isolated, so that its direction of writing is its own.</summary>
    public static Markup Name(string name) => Html($"""<bdi class="name">{name}</bdi>""");

    public static Markup Names(IEnumerable<string> names) => Join(Html($", "), names.Select(Name));

    /// <summary>Cut for a drawing, between what is seen as letters; without marks that turn the direction of writing.</summary>
    public static string Cut(string name, int letters)
    {
        var plain = string.Concat(name.Where(c => c is not (>= '\u202A' and <= '\u202E') and not (>= '\u2066' and <= '\u2069')));
        var elements = new StringInfo(plain);
        return elements.LengthInTextElements <= letters ? plain : elements.SubstringByTextElements(0, letters - 1) + "…";
    }

    /// <summary>A command line that a shell would read back.</summary>
    public static string Command(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(a => a.Length > 0 && a.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,+@%~".Contains(c)) ? a : $"'{a.Replace("'", "'\\''")}'"));

    private static string Minus(string number) => number.StartsWith('-') && number.Any(c => c is >= '1' and <= '9') ? '−' + number[1..] : number.TrimStart('-');
}
