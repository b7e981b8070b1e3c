namespace ZooRank.Reports;

/// <summary>An axis whose ends and ticks are round numbers.</summary>
internal sealed record Scale(double Low, double High, double Step)
{
    public double Place(double value) => (value - Low) / (High - Low);

    public IEnumerable<double> Ticks => Enumerable.Range(0, (int)Math.Round((High - Low) / Step) + 1).Select(i => Low + (i * Step));

    public string Label(double tick)
    {
        var decimals = Step >= 1 ? 0 : (int)Math.Ceiling(-Math.Log10(Step) - 1e-9);
        return Words.Fixed(tick, Math.Abs((Step * Math.Pow(10, decimals)) - Math.Round(Step * Math.Pow(10, decimals))) > 1e-6 ? decimals + 1 : decimals);
    }

    /// <summary>Around these numbers, with about so many steps.</summary>
    public static Scale Around(IEnumerable<double> values, int steps = 5)
    {
        var known = values.Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        var (low, high) = (known.Min(), known.Max());
        if (high - low < 1e-9 * Math.Max(1, Math.Abs(high))) (low, high) = (low - (Math.Abs(low) * 0.1) - 0.1, high + (Math.Abs(high) * 0.1) + 0.1);
        var raw = (high - low) / steps;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = power * new[] { 1, 2, 2.5, 5, 10 }.First(m => m * power >= raw * 0.999);
        return new(Math.Floor((low / step) + 1e-9) * step, Math.Ceiling((high / step) - 1e-9) * step, step);
    }
}
