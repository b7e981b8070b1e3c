using System.Globalization;
using ZooRank.Downloads;
using ZooRank.Ranking;

namespace ZooRank.Cli.Display;

/// <summary>Where a ranking stands, on standard error.</summary>
internal sealed class RankingProgressDisplay : IProgress<RankingProgress>, IProgress<DownloadProgress>, IDisposable
{
    private readonly StatusLine line = new();
    private int model = -1;

    public void Report(RankingProgress value)
    {
        var left = line.TimeLeft((value.Index + value.Fraction) / value.Count);
        var share = value.Fraction > 0 ? string.Create(CultureInfo.InvariantCulture, $" {100 * value.Fraction:0} %") : "";
        line.Show($"[{value.Index + 1}/{value.Count}] {value.Model}: {value.Stage}{share}{left}", important: value.Index != model);
        model = value.Index;
    }

    /// <summary>A checkpoint that has to be fetched first.</summary>
    public void Report(DownloadProgress value) => line.Show(DownloadDisplay.Line(value));

    public void Dispose() => line.Dispose();
}
