using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using ZooRank.Cli.Display;
using ZooRank.Data;
using ZooRank.Features;
using ZooRank.Metrics;
using ZooRank.Ranking;
using ZooRank.Tests.Metrics;

namespace ZooRank.Tests.Cli;

public sealed class ScoreCommandTests : IDisposable
{
    private readonly CommandLine program = new();

    private TemporaryFolder Folder => program.Folder;

    public void Dispose() => program.Dispose();

    private string Saved(string name, FeatureSet set)
    {
        FeatureFile.Write(Folder[name], set);
        return Folder[name];
    }

    // Three models on the same images: what b sees stands farthest apart.
    private string[] Zoo() => [Saved("zoo/a.npz", MadeFeatures.Of(1)), Saved("zoo/b.npz", MadeFeatures.Of(6)), Saved("zoo/c.npz", MadeFeatures.Of(0.5))];

    private Outcome Score(params string[] arguments)
    {
        var outcome = program.Run(["score", "--threads", "2", "--device", "cpu", .. arguments]);
        Assert.True(outcome.Code == 0, outcome.Error);
        return outcome;
    }

    private static string[] Keys(JsonNode? node) => [.. node!.AsObject().Select(p => p.Key)];

    private static string Written(FeatureScoring scored, int width)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No });
        console.Profile.Width = width;
        ScoresTable.Print(scored, console);
        return output.ToString();
    }

    private static FeatureScoring Scored(IReadOnlyList<string> files, string metrics, int halves = 0, Scenario scenario = Scenario.Source) =>
        FeatureScoring.Of(files, MetricList.Parse(metrics), new() { Halves = halves, Seed = 24 }, scenario, cancellation: TestContext.Current.CancellationToken);

    [Fact]
    public void One_file_gives_the_JSON_that_is_promised_with_every_metric()
    {
        var file = Saved("a.npz", MadeFeatures.Of(2));
        var json = Score(file, "--json").Json;
        Assert.Equal(["id", "file", "images", "width", "classes", "logits", "scores", "undefined", "seconds", "caveats"], Keys(json));
        Assert.Equal(("a", file, 48, 10, 3, 4), ((string)json["id"]!, (string)json["file"]!, (int)json["images"]!, (int)json["width"]!, (int)json["classes"]!, (int)json["logits"]!));
        string[] all = [.. MetricList.All.Select(m => m.Name)];
        Assert.Equal(all, Keys(json["scores"]));   // everything that a metric may need is in the file
        Assert.Empty(json["undefined"]!.AsObject());
        Assert.Equal(all, Keys(json["seconds"]));
        // Parts, where one number needs a zoo.
        Assert.Equal(["seli", "ncc", "vc"], Keys(json["scores"]!["ncti"]));
        Assert.Equal(["lp", "fu"], Keys(json["scores"]!["lp_fu"]));
        Assert.Equal((double)json["scores"]!["lp"]!, (double)json["scores"]!["lp_fu"]!["lp"]!);
        Assert.Equal(11.75 / 5.5, (double)json["scores"]!["fu"]!, 1e-12);   // by hand: the sums of the norms above
        Assert.Equal("[]", json["caveats"]!.ToJsonString());
    }

    [Fact]
    public void Arrays_that_a_user_has_saved_give_the_metrics_that_they_allow_and_the_reasons_for_the_rest()
    {
        var (values, labels) = Points.Clouds(40, 6, 2, 3, seed: 5);
        double[] doubles = [.. values.Select(v => (double)v)];
        // Class numbers as they come: 3 and 8, and the last three images are of class 11.
        NpzWriter.Write(Folder["mine.npz"], [new("features", NpyArray.Of<double>(doubles, 40, 6)), new("labels", NpyArray.Of<int>([.. labels.Select((y, i) => i >= 37 ? 11 : 3 + 5 * y)], 40))]);
        var text = Score(Folder["mine.npz"], "--metrics", "logme,leep,fu,knn").Output;
        Assert.StartsWith($"{Folder["mine.npz"]}: 40 images of 3 classes.", text, StringComparison.Ordinal);
        Assert.Contains("undefined: leep: these features came without logits.", text, StringComparison.Ordinal);
        Assert.Contains("undefined: fu: these features came without gradient norms.", text, StringComparison.Ordinal);
        Assert.Contains("class 2 has 3 images; fewer than 5 say little", text, StringComparison.Ordinal);

        var json = Score(Folder["mine.npz"], "--metrics", "logme,leep,fu,knn", "--json").Json;
        Assert.Equal(["logme", "knn"], Keys(json["scores"]));
        Assert.Equal(["fu", "leep"], Keys(json["undefined"]));
        Assert.Equal(0, (int)json["logits"]!);
        Assert.Equal("small-class", (string)Assert.Single(json["caveats"]!.AsArray())!["code"]!);
        foreach (var name in new[] { "logme", "knn" })
        {
            var value = (double)json["scores"]![name]!;
            Assert.Equal(value, Measured.Of(FeatureFile.Read(Folder["mine.npz"]), name, new() { Seed = 24 }).Score!.Value, 1e-9);   // threads move the last digits
            Assert.Matches($@"\b{name}\b.*{value.ToString("G6", CultureInfo.InvariantCulture)}", text);
        }
    }

    [Fact]
    public void Metrics_are_those_asked_for_in_the_order_of_the_list()
    {
        var file = Saved("a.npz", MadeFeatures.Of(2));
        Assert.Equal(["leep", "logme:published", "knn"], Keys(Score(file, "--metrics", "KNN, logme:published,leep,knn", "--json").Json["scores"]));
    }

    [Fact]
    public void Halves_give_one_file_its_intervals()
    {
        var file = Saved("a.npz", MadeFeatures.Of(2));
        var json = Score(file, "--metrics", "logme,knn,ncti", "--resamples", "4", "--json").Json;
        Assert.Equal(["logme", "ncti", "knn"], Keys(json["intervals"]));
        foreach (var name in new[] { "logme", "knn" })
        {
            var (low, score, high) = ((double)json["intervals"]![name]![0]!, (double)json["scores"]![name]!, (double)json["intervals"]![name]![1]!);
            Assert.True(low <= score && score <= high, FormattableString.Invariant($"{name}: {low} {score} {high}"));
        }
        Assert.Null(json["intervals"]!["ncti"]);   // one model has no score there, so none about it
        Assert.Contains("90 % interval", Score(file, "--metrics", "logme", "--resamples", "4").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_files_are_a_zoo_and_so_is_a_folder_of_them_with_the_same_digits()
    {
        var files = Zoo();
        string[] how = ["--metrics", "lp_fu,leep,logme,ncti,knn", "--resamples", "4"];
        var json = Score([.. files, .. how, "--json"]).Json;
        Assert.Equal(["schema", "models", "zoo", "caveats"], Keys(json));
        Assert.Equal(files, json["models"]!.AsArray().Select(m => (string)m!["file"]!));
        Assert.All(json["models"]!.AsArray(), m => Assert.Equal(["lp_fu", "leep", "logme", "ncti", "knn"], Keys(m!["scores"])));
        Assert.Equal(["lp_fu", "leep", "logme", "ncti", "knn"], Keys(json["zoo"]));
        foreach (var (metric, scores) in json["zoo"]!.AsObject())
        {
            var models = scores!.AsArray();
            Assert.All(models, m => Assert.Equal(["id", "score", "rank", "interval", "probability_best", "group"], Keys(m)));
            Assert.Equal(["a", "b", "c"], models.Select(m => (string)m!["id"]!));
            double[] values = [.. models.Select(m => (double)m!["score"]!)];
            Assert.Equal(values.Select(v => 1 + values.Count(o => o > v)), models.Select(m => (int)m!["rank"]!));
            Assert.Equal(1, (int)models[1]!["rank"]!);   // made to stand farthest apart
            Assert.All(models.Where(m => m!["interval"] is not null), m => Assert.True((double)m!["interval"]![0]! <= (double)m["interval"]![1]!));
            // Of a score that is 1 in every half no spread is known, and then nothing is said of who is the best.
            if (models.Any(m => m!["interval"] is null)) Assert.All(models, m => Assert.Null(m!["probability_best"]));
            else Assert.Equal((1, 1), ((int)models[1]!["group"]!, Math.Round(models.Sum(m => (double)m!["probability_best"]!), 9)));
            if (metric != "knn") Assert.All(models, m => Assert.NotNull(m!["interval"]));
            if (metric is "leep" or "logme" or "knn") Assert.Equal(values, json["models"]!.AsArray().Select(m => (double)m!["scores"]![metric]!));
        }

        // A second run, on the folder, and the same numbers as a table for machines.
        var again = Score([Path.Combine(Folder.Path, "zoo"), .. how, "--json", "--csv", Folder["out/scores.csv"]]);
        Assert.Equal(json["zoo"]!.ToJsonString(), again.Json["zoo"]!.ToJsonString());
        Assert.Contains($"written: {Folder["out/scores.csv"]}", again.Error, StringComparison.Ordinal);
        var lines = File.ReadAllText(Folder["out/scores.csv"]).TrimEnd('\n').Split('\n').Select(l => l.Split(',')).ToList();
        Assert.Equal("id,lp_fu,leep,logme,ncti,knn,lp_fu.lp,lp_fu.fu,ncti.seli,ncti.ncc,ncti.vc", string.Join(',', lines[0]));
        Assert.Equal(4, lines.Count);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal((string)json["models"]![i]!["id"]!, lines[i + 1][0]);
            for (var column = 1; column < lines[0].Length; column++)
            {
                var name = lines[0][column].Split('.');
                var expected = name is [var metric, var part] ? json["models"]![i]!["scores"]![metric]![part]! : json["zoo"]![name[0]]![i]!["score"]!;
                Assert.Equal((double)expected, double.Parse(lines[i + 1][column], CultureInfo.InvariantCulture));   // to the last digit
            }
        }
    }

    [Fact]
    public void The_table_of_a_zoo_says_what_each_metric_prefers_and_how_sure_that_is()
    {
        var text = Score([.. Zoo(), "--metrics", "leep,logme"]).Output;   // resampled without being asked: there is a choice to make
        Assert.StartsWith("3 models: 48 images of 3 classes.", text, StringComparison.Ordinal);
        Assert.Matches(@"\bleep +b +100 % +none\b", text);
        Assert.Matches(@"\bmodel +leep +logme\b", text);
    }

    [Fact]
    public void Where_memory_does_not_suffice_the_metric_is_undefined_and_says_how_much_it_needs()
    {
        var file = Saved("a.npz", MadeFeatures.Of(2));
        var json = Score(file, "--metrics", "nleep,logme", "--memory", "0.02", "--json").Json;
        // By hand: N-LEEP's four million numbers of 8 bytes are 0.032 GB.
        Assert.Equal("it would need about 0.032 GB, and 0.02 GB may be used. Measure fewer images, or allow more memory", (string)json["undefined"]!["nleep"]!);
        Assert.Equal(["logme"], Keys(json["scores"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void In_eighty_columns_nothing_of_one_files_table_is_cut(int halves)
    {
        var scored = Scored([Saved("a.npz", MadeFeatures.Of(2))], "all", halves);
        var text = Written(scored, 80);
        Assert.DoesNotContain("…", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n').Skip(1), line => Assert.InRange(line.TrimEnd().Length, 0, 80));   // the first names the file, as long as its path is
        foreach (var (name, outcome) in scored.Models[0].Scores.Outcomes)
        {
            Assert.Matches($@"(?m)^ +{name}[. ]", text);   // parts: ncti.seli
            Assert.All(outcome.Numbers.Values, v => Assert.Contains(v.ToString("G6", CultureInfo.InvariantCulture), text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void In_eighty_columns_a_zoos_metrics_go_on_below_and_nothing_is_cut()
    {
        var scored = Scored([Saved("zoo/resnet18_imagenet_v1.npz", MadeFeatures.Of(1)), Saved("zoo/resnet18_radimagenet_long_run.npz", MadeFeatures.Of(6))], "all", halves: 2);
        var text = Written(scored, 80);
        Assert.DoesNotContain("…", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
        foreach (var metric in scored.Metrics)
        {
            Assert.Matches($@"(?m)^ +{metric.Name} ", text);                // what it prefers
            Assert.Matches($@"(?m)^ +model .*\b{metric.Name}\b", text);    // a column of its own
            Assert.All(scored.Zoo[metric.Name], z => Assert.Contains(z.Score!.Value.ToString("G4", CultureInfo.InvariantCulture), text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void What_cannot_be_scored_is_refused_in_one_line()
    {
        var file = Saved("a.npz", MadeFeatures.Of(2));
        Assert.Contains("Unknown metric 'logmee'. Did you mean logme?", program.Refusal("score", file, "--metrics", "logmee"), StringComparison.Ordinal);
        Assert.Contains("--resamples must be 0 or at least 2; got 1", program.Refusal("score", file, "--resamples", "1"), StringComparison.Ordinal);
        Assert.Contains("--memory must be above 0 GB; got 0", program.Refusal("score", file, "--memory", "0"), StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(Folder.Path, "empty"));
        Assert.Contains("a folder without .npz files", program.Refusal("score", Path.Combine(Folder.Path, "empty")), StringComparison.Ordinal);
        Assert.Contains("two files are called 'a'", program.Refusal("score", file, Saved("other/a.npz", MadeFeatures.Of(1))), StringComparison.Ordinal);
        Assert.Contains("See 'zoorank score --help'", program.Refusal("score"), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_cannot_be_read_or_compared_are_refused_by_their_name()
    {
        var file = Saved("a.npz", MadeFeatures.Of(2));
        File.WriteAllText(Folder["text.npz"], "no arrays");
        // Progress of the files before stands above the refusal: of the first file alone there is none yet.
        string Last(params string[] arguments)
        {
            var (code, output, error) = program.Run(["score", "--metrics", "knn", .. arguments]);
            Assert.Equal((2, ""), (code, output));
            return error.TrimEnd('\n').Split('\n')[^1];
        }
        Assert.StartsWith($"zoorank: {Folder["text.npz"]}: ", Last(Folder["text.npz"]), StringComparison.Ordinal);
        Assert.StartsWith($"zoorank: {Folder["none.npz"]}: no such file", Last(Folder["none.npz"]), StringComparison.Ordinal);
        var others = MadeFeatures.Of(1);
        var swapped = Saved("swapped.npz", others with { Labels = [.. others.Labels.Select((y, i) => i < 2 ? 1 - y : y)] });
        Assert.StartsWith($"zoorank: {swapped}: its labels are not those of {file} (48 and 48 images)", Last(file, swapped), StringComparison.Ordinal);
        var fewer = Saved("fewer.npz", MadeFeatures.Of(1, n: 45));
        Assert.StartsWith($"zoorank: {fewer}: its labels are not those of {file} (45 and 48 images)", Last(file, fewer), StringComparison.Ordinal);
    }
}
