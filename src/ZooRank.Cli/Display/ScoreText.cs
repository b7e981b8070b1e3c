using System.Globalization;
using System.Text.Json.Nodes;
using CsvHelper;
using ZooRank.Ranking;

namespace ZooRank.Cli.Display;

/// <summary>Scores of feature files for machines.</summary>
internal static class ScoreText
{
    /// <summary>One file is an object of its scores; several are a list of such, and beside it the scores over the zoo.</summary>
    public static JsonObject Json(FeatureScoring scored)
    {
        if (scored.Models is [var only])
        {
            var one = Model(only);
            if (only.Scores.Halves.Values.Any(h => h.Count > 0)) one["intervals"] = new JsonObject(scored.Metrics.Select(m => KeyValuePair.Create<string, JsonNode?>(m.Name, Interval(scored.Zoo[m.Name][0].Doubt))));
            one["caveats"] = JsonOutput.Caveats(scored.Caveats);
            return one;
        }
        return new()
        {
            ["schema"] = 1,
            ["models"] = new JsonArray([.. scored.Models.Select(Model)]),
            ["zoo"] = new JsonObject(scored.Metrics.Select(m => KeyValuePair.Create<string, JsonNode?>(m.Name, new JsonArray([.. scored.Zoo[m.Name].Select((z, i) => Zoo(scored.Models[i].Id, z))])))),
            ["caveats"] = JsonOutput.Caveats(scored.Caveats),
        };
    }

    /// <summary>A row for each model, a column for each score over the zoo (of one file, its own) and each part.</summary>
    public static string Csv(FeatureScoring scored)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, new CsvWriterOptions { NewLine = "\n" }, leaveOpen: true))
        {
            var parts = scored.Metrics.SelectMany(m => scored.Models.SelectMany(x => x.Scores.Outcomes[m.Name].Parts.Keys).Distinct().Select(part => (m.Name, part))).ToList();
            csv.WriteRecord((string[])["id", .. scored.Metrics.Select(m => m.Name), .. parts.Select(p => $"{p.Name}.{p.part}")]);
            foreach (var (model, i) in scored.Models.Select((m, i) => (m, i)))
            {
                csv.WriteRecord((string[])
                [
                    model.Id, .. scored.Metrics.Select(m => Number(scored.Zoo[m.Name][i].Score)),
                    .. parts.Select(p => Number(model.Scores.Outcomes[p.Name].Parts.TryGetValue(p.part, out var v) ? v : null)),
                ]);
            }
        }
        return text.ToString();
    }

    private static JsonObject Model(ScoredFeatures model)
    {
        JsonObject scores = [], undefined = [], seconds = [];
        foreach (var (name, outcome) in model.Scores.Outcomes)
        {
            if (outcome.Undefined is { } why) undefined[name] = why;
            else scores[name] = outcome.Score is { } score ? score : new JsonObject(outcome.Parts.Select(p => KeyValuePair.Create<string, JsonNode?>(p.Key, p.Value)));
            seconds[name] = Math.Round(model.Scores.Seconds[name], 4);
        }
        return new()
        {
            ["id"] = model.Id,
            ["file"] = model.File,
            ["images"] = model.Images,
            ["width"] = model.Width,
            ["classes"] = model.Classes,
            ["logits"] = model.LogitWidth,
            ["scores"] = scores,
            ["undefined"] = undefined,
            ["seconds"] = seconds,
        };
    }

    private static JsonObject Zoo(string id, ZooScore z) => new()
    {
        ["id"] = id,
        ["score"] = z.Score,
        ["rank"] = z.Rank,
        ["interval"] = Interval(z.Doubt),
        ["probability_best"] = z.Doubt.ProbabilityBest,
        ["group"] = z.Doubt.Group,
    };

    private static JsonArray? Interval(ModelDoubt doubt) => doubt.Interval is { } i ? new JsonArray(i.Low, i.High) : null;

    private static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
