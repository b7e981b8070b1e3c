using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <summary>Average ranks on a line, and below it a bar for each set of methods that cannot be told apart (Demšar, JMLR 2006, figure 1).</summary>
internal static class CriticalDifferenceDiagram
{
    private const double Width = 660, Left = 150, Right = 510, Axis = 56;

    public static Markup Of(IReadOnlyDictionary<string, double> averageRanks, double difference, IReadOnlyList<IReadOnlyList<string>> notTold)
    {
        var order = averageRanks.OrderBy(m => m.Value).ThenBy(m => m.Key, StringComparer.Ordinal).ToList();
        double Place(double rank) => Left + ((rank - 1) * (Right - Left) / Math.Max(1, order.Count - 1));
        var half = (order.Count + 1) / 2;
        var below = Axis + 20 + (12 * notTold.Count);
        double Line(int i) => below + (18 * (i < half ? i : order.Count - 1 - i));
        var told = string.Join("; ", notTold.Select(g => string.Join(", ", g)));
        return Html($"""
            <div class="scroll" tabindex="0" role="group" aria-label="Critical-difference diagram"><svg class="plot cd" role="img" viewBox="0 0 {Width} {below + (18 * half) + 4}" aria-label="Average ranks, 1 is the best: {string.Join(", ", order.Select(m => $"{m.Key} {Words.Fixed(m.Value, 2)}"))}. Critical difference {Words.Fixed(difference, 2)}. Not told apart: {(told.Length > 0 ? told : "none")}.">
            <g class="axes"><path class="base" d="M{Place(1)} {Axis}H{Place(order.Count)}"/>{Enumerable.Range(1, order.Count).Select(r => Html($"""<path class="base" d="M{Place(r)} {Axis}v-6"/><text x="{Place(r)}" y="{Axis - 10}" text-anchor="middle">{r}</text>"""))}</g>
            <g class="bar"><path d="M{Place(1)} 12H{Math.Min(Place(1 + difference), Right + 100)}m0 -4v8M{Place(1)} 8v8"/><text x="{Place(1) - 8}" y="16" text-anchor="end">critical difference {Words.Fixed(difference, 2)}</text></g>
            <g class="sets">{notTold.Select((g, i) => Html($"""<path d="M{Place(g.Min(m => averageRanks[m])) - 4} {Axis + 12 + (12 * i)}H{Place(g.Max(m => averageRanks[m])) + 4}"/>"""))}</g>
            {order.Select((m, i) => i < half
                ? Html($"""<path class="lead" d="M{Place(m.Value)} {Axis}V{Line(i)}H{Left - 14}"/><text x="{Left - 20}" y="{Line(i) + 4}" text-anchor="end">{Words.Cut(m.Key, 16)} <tspan class="soft">{Words.Fixed(m.Value, 2)}</tspan><title>{m.Key}</title></text>""")
                : Html($"""<path class="lead" d="M{Place(m.Value)} {Axis}V{Line(i)}H{Right + 14}"/><text x="{Right + 20}" y="{Line(i) + 4}">{Words.Cut(m.Key, 16)} <tspan class="soft">{Words.Fixed(m.Value, 2)}</tspan><title>{m.Key}</title></text>"""))}</svg></div>

            """);
    }
}
