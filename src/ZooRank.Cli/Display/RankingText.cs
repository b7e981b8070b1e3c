using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using ZooRank.Ranking;

namespace ZooRank.Cli.Display;

/// <summary>A ranking for machines.</summary>
internal static class RankingText
{
    // Results are read by people too: τ stays τ. They are never put into a web page unescaped.
    private static readonly RankingJson Context = new(new JsonSerializerOptions(RankingJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Json(Ranking.Ranking ranking) => JsonSerializer.Serialize(ranking, Context.Ranking);

    public static string Csv(Ranking.Ranking ranking)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, new CsvWriterOptions { NewLine = "\n" }, leaveOpen: true))
        {
            string[] measures = [.. ranking.Models.SelectMany(m => m.Measures.Keys).Distinct()];
            csv.WriteRecord((string[])["rank", "id", "score", "interval_low", "interval_high", "probability_best", "group", .. measures, "architecture", "source", "parameters", "imagenet_top1", "prior_mean_rank", "seconds", "skipped"]);
            foreach (var m in ranking.Models)
            {
                csv.WriteRecord((string[])
                [
                    Number(m.Rank), m.Id, Number(m.Score), Number(m.Interval?[0]), Number(m.Interval?[1]), Number(m.ProbabilityBest), Number(m.Group),
                    .. measures.Select(name => Number(m.Measures.GetValueOrDefault(name))),
                    m.Architecture, m.Source ?? "", Number(m.Parameters), Number(m.ImagenetTop1), Number(m.Prior?.MeanRank), Number(m.Seconds), "",
                ]);
            }
            foreach (var s in ranking.Skipped) csv.WriteRecord((string[])["", s.Id, .. Enumerable.Repeat("", measures.Length + 11), s.Reason]);
        }
        return text.ToString();
    }

    // The shortest text that reads back as the same number.
    private static string Number(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "";
}
