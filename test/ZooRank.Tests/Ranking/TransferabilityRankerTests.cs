using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ZooRank.Cli.Display;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Evaluation;
using ZooRank.Features;
using ZooRank.Metrics;
using ZooRank.Models;
using ZooRank.Ranking;
using ZooRank.Runs;
using ZooRank.Tests.Features;
using ZooRank.Tests.Runs;

namespace ZooRank.Tests.Ranking;

public sealed class TransferabilityRankerTests : IDisposable
{
    private const string ShuffleNet = "shufflenet_v2_x0_5";

    private readonly TemporaryFolder folder = new();
    private readonly ImageDataset dataset;

    public TransferabilityRankerTests() => dataset = Pictures.Drawn(folder, Motif.Brightness, 8);

    public void Dispose()
    {
        dataset.Dispose();
        folder.Dispose();
    }

    // Models by name, architecture and seed of their weights.
    private ModelZoo Zoo(params (string Name, string Architecture, int Seed)[] models)
    {
        foreach (var (name, architecture, seed) in models) Pictures.Checkpoint(folder[$"zoo/{name}.safetensors"], architecture, seed: seed);
        return ModelZoo.Open(Path.Combine(folder.Path, "zoo"));
    }

    private ModelZoo ThreeSources() => Zoo(("a", ShuffleNet, 0), ("b", ShuffleNet, 3), ("c", ShuffleNet, 11));

    private ZooRank.Ranking.Ranking Rank(ModelZoo zoo, RankingOptions? options = null, ImageDataset? data = null, IProgress<RankingProgress>? progress = null) =>
        TransferabilityRanker.Rank(data ?? dataset, zoo, (options ?? new()) with { Probe = new ProbeOptions { PerClass = 8 }, Overrides = new ModelOverrides { InputSize = 32 } }, progress, TestContext.Current.CancellationToken);

    // Without what differs from run to run by its nature.
    private static string Timeless(ZooRank.Ranking.Ranking ranking)
    {
        var json = JsonNode.Parse(RankingText.Json(ranking))!;
        foreach (var model in json["models"]!.AsArray()) model!["seconds"] = model["cached"] = null;
        json["provenance"]!["seconds"] = json["provenance"]!["started"] = null;
        return json.ToJsonString();
    }

    [Fact]
    public void Models_come_in_the_order_of_their_scores_which_are_the_papers_combination_of_their_terms()
    {
        var ranking = Rank(ThreeSources());
        Assert.Equal(["a", "b", "c"], ranking.Models.Select(m => m.Id).Order());
        Assert.Equal(ranking.Models.Select(m => m.Score).OrderDescending(), ranking.Models.Select(m => m.Score));
        foreach (var m in ranking.Models)
        {
            Assert.Equal(1 + ranking.Models.Count(o => o.Score > m.Score), m.Rank);
            double Scaled(string term)
            {
                var values = ranking.Models.Select(o => o.Measures[term]!.Value).ToList();
                return (m.Measures[term]!.Value - values.Min()) / (values.Max() - values.Min());
            }
            Assert.Equal(Scaled("lp") * Scaled("fu"), m.Score!.Value, 1e-12);   // eq. 5 and 6
            Assert.InRange(m.Measures["lp"]!.Value, 0.2, 1);
            Assert.InRange(m.Measures["nca_objective"]!.Value, 0, 1);
            Assert.Equal((ShuffleNet, 32, "squash", false), (m.Architecture, m.Preprocessing.InputSize, m.Preprocessing.Resize, m.Cached));
        }
        Assert.Equal(1, ranking.Models.Sum(m => m.ProbabilityBest!.Value), 1e-9);
        Assert.Equal(("source", "all 3 models are shufflenet_v2_x0_5: their sources are compared"), (ranking.Scenario, ranking.ScenarioReason));
        Assert.Equal([8, 8, 8, 8], ranking.Target.ProbeClassCounts);
        Assert.Empty(ranking.Skipped);
    }

    [Fact]
    public void The_JSON_has_the_shape_that_is_promised()
    {
        File.WriteAllText(folder["zoo/broken.pth"], "no checkpoint");
        var json = JsonNode.Parse(RankingText.Json(Rank(Zoo(("a", ShuffleNet, 0), ("b", ShuffleNet, 3)))))!.AsObject();
        static string[] Keys(JsonNode? node) => [.. node!.AsObject().Select(p => p.Key)];
        Assert.Equal(["schema", "target", "metric", "scenario", "scenario_reason", "models", "skipped", "advice", "caveats", "provenance", "data", "history", "structure"], Keys(json));
        Assert.Equal(["name", "path", "description", "classes", "probe_images", "probe_class_counts", "probe_sha256"], Keys(json["target"]));
        Assert.Equal(
            ["id", "rank", "score", "interval", "probability_best", "group", "measures", "undefined", "imagenet_top1", "prior", "seconds", "cached", "architecture", "source", "parameters", "checkpoint", "checkpoint_sha256", "preprocessing"], Keys(json["models"]![0]));
        Assert.Equal(["lp_fu", "lp", "nca_objective", "fu", "knn"], Keys(json["models"]![0]!["measures"]));
        Assert.Equal(["input_size", "resize", "mean", "std"], Keys(json["models"]![0]!["preprocessing"]));
        Assert.Equal(["id", "reason"], Keys(Assert.Single(json["skipped"]!.AsArray())));
        Assert.Equal(["code", "message", "about"], Keys(json["caveats"]![0]));
        Assert.Equal(
            ["zoorank", "libtorch", "runtime", "platform", "device", "threads", "zoo", "seed", "fold", "probe_per_class", "sampling", "layer", "metrics", "halves", "started", "seconds", "command"], Keys(json["provenance"]));
        Assert.Equal(JsonValueKind.Number, json["models"]![0]!["score"]!.GetValueKind());
        Assert.Equal(2, json["schema"]!.GetValue<int>());
    }

    [Fact]
    public void Two_runs_agree_to_the_last_digit_and_the_second_is_read_from_the_cache()
    {
        var zoo = ThreeSources();
        var options = new RankingOptions { Cache = new FeatureCache(folder["cache"]) };
        var (first, second, third) = (Rank(zoo), Rank(zoo, options), Rank(zoo, options));
        Assert.Equal(Timeless(first), Timeless(second));
        Assert.Equal(Timeless(first), Timeless(third));
        Assert.All(second.Models, m => Assert.False(m.Cached));
        Assert.All(third.Models, m => Assert.True(m.Cached));
    }

    [Fact]
    public void A_broken_checkpoint_among_good_ones_is_skipped_with_its_reason()
    {
        File.WriteAllText(folder["zoo/b.pth"], "no checkpoint");
        ZooRank.Checkpoints.Safetensors.Write(folder["zoo/d.safetensors"], [("conv.weight", TorchSharp.torch.ones(4, 3, 3, 3))]);
        var with = Rank(Zoo(("a", ShuffleNet, 0), ("c", ShuffleNet, 3)));
        Assert.Equal(["b", "d"], with.Skipped.Select(s => s.Id));
        Assert.All(with.Skipped, s => Assert.Contains($"{s.Id}.", s.Reason, StringComparison.Ordinal));
        File.Delete(folder["zoo/b.pth"]);
        File.Delete(folder["zoo/d.safetensors"]);
        var without = Rank(ModelZoo.Open(Path.Combine(folder.Path, "zoo")));
        Assert.Equal(without.Models.Select(m => (m.Id, m.Score)), with.Models.Select(m => (m.Id, m.Score)));
    }

    [Fact]
    public void Without_any_model_that_can_be_measured_the_first_reason_is_told()
    {
        File.WriteAllText(folder["zoo/a.pth"], "no checkpoint");
        File.WriteAllText(folder["zoo/b.pth"], "no checkpoint");
        Assert.StartsWith("none of the 2 models could be measured. a: ", Assert.Throws<InvalidInputException>(() => Rank(ModelZoo.Open(Path.Combine(folder.Path, "zoo")))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Architectures_are_compared_where_no_two_models_share_one_and_their_terms_are_reversed()
    {
        var ranking = Rank(Zoo(("a", ShuffleNet, 0), ("b", "mobilenet_v3_small", 0), ("c", "resnet18", 0)));
        Assert.Equal("architecture", ranking.Scenario);
        Assert.StartsWith("3 models of as many architectures: architectures are compared, with both terms reversed", ranking.ScenarioReason, StringComparison.Ordinal);
        foreach (var m in ranking.Models)
        {
            double Reversed(string term)
            {
                var values = ranking.Models.Select(o => o.Measures[term]!.Value).ToList();
                return values.Max() > values.Min() ? (values.Max() - m.Measures[term]!.Value) / (values.Max() - values.Min()) : 1;
            }
            Assert.Equal(Reversed("lp") * Reversed("fu"), m.Score!.Value, 1e-12);   // eq. 8
        }
        var asked = Rank(ModelZoo.Open(Path.Combine(folder.Path, "zoo")), new RankingOptions { Scenario = Scenario.Source });
        Assert.Equal(("source", "sources are compared, as asked"), (asked.Scenario, asked.ScenarioReason));
    }

    [Fact]
    public void A_mixed_zoo_is_ranked_as_sources_with_a_caveat()
    {
        var ranking = Rank(Zoo(("a", ShuffleNet, 0), ("b", ShuffleNet, 3), ("c", "mobilenet_v3_small", 0)));
        Assert.Equal("source", ranking.Scenario);
        Assert.Contains(ranking.Caveats, c => c.Code == "mixed-zoo");
    }

    [Fact]
    public void One_model_is_measured_and_there_is_nothing_to_choose()
    {
        var ranking = Rank(Zoo(("a", ShuffleNet, 0)));
        var model = Assert.Single(ranking.Models);
        Assert.Equal((null, null, null), (model.Rank, model.Score, model.ProbabilityBest));
        Assert.NotNull(model.Measures["lp"]);
        Assert.NotNull(model.Measures["fu"]);
        Assert.Contains("nothing to choose", ranking.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_metric_ranks_where_it_is_asked_for_and_all_that_were_asked_for_are_shown()
    {
        var ranking = Rank(ThreeSources(), new RankingOptions { By = MetricList.Get("logme"), Metrics = MetricList.Parse("ncti,leep"), Halves = 4 });
        Assert.Equal("logme", ranking.Metric);
        Assert.Equal(["lp", "nca_objective", "fu", "leep", "logme", "ncti", "knn"], ranking.Provenance.Metrics);
        foreach (var m in ranking.Models)
        {
            Assert.Equal(["lp", "nca_objective", "fu", "leep", "logme", "ncti", "ncti.seli", "ncti.ncc", "ncti.vc", "knn"], m.Measures.Keys);
            Assert.All(m.Measures.Values, v => Assert.NotNull(v));
            Assert.Equal(m.Measures["logme"], m.Score);
            Assert.Equal(1 + ranking.Models.Count(o => o.Score > m.Score), m.Rank);
            Assert.True(m.Interval![0] <= m.Score && m.Score <= m.Interval[1]);
            Assert.InRange(m.Group!.Value, 1, 3);
        }
        Assert.Equal(1, ranking.Models[0].Group);
        Assert.Equal(1, ranking.Models.Sum(m => m.ProbabilityBest!.Value), 1e-9);
        Assert.Equal(4, ranking.Provenance.Halves);
        Assert.EndsWith("How far logme agrees with fine-tuning on such data is not known here: see the baselines beside it.", ranking.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_halves_nothing_is_said_of_its_doubt()
    {
        var ranking = Rank(ThreeSources(), new RankingOptions { Halves = 0 });
        Assert.All(ranking.Models, m => Assert.Equal((null, null, null), (m.Interval, m.ProbabilityBest, m.Group)));
        Assert.NotNull(ranking.Models[0].Score);
        if (ranking.Models[0].Score > 0) Assert.StartsWith($"Fine-tune {ranking.Models[0].Id}; how sure that is was not measured.", ranking.Advice, StringComparison.Ordinal);
        var byLogMe = Rank(ModelZoo.Open(Path.Combine(folder.Path, "zoo")), new RankingOptions { Halves = 0, By = MetricList.Get("logme") });
        Assert.StartsWith($"Fine-tune {byLogMe.Models[0].Id}; how sure that is was not measured.", byLogMe.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_that_the_paper_has_brings_what_is_known_of_it_without_a_look_at_the_images()
    {
        Pictures.Checkpoint(folder["zoo/a.safetensors"], "resnet18");
        Pictures.Checkpoint(folder["zoo/b.safetensors"], "resnet18", seed: 3);
        File.WriteAllText(folder["zoo/zoo.json"], """{ "models": [ { "id": "a", "checkpoint": "a.safetensors", "source": "imagenet" }, { "id": "b", "checkpoint": "b.safetensors", "source": "my own" } ] }""");
        using var breast = Pictures.Drawn(folder, Motif.Brightness, 8, "breastmnist_64.npz");
        var ranking = Rank(ModelZoo.Open(Path.Combine(folder.Path, "zoo")), new RankingOptions { Halves = 0 }, breast);
        var (known, own) = (ranking.Models.Single(m => m.Id == "a"), ranking.Models.Single(m => m.Id == "b"));
        Assert.Equal(69.758, known.ImagenetTop1);   // torchvision's own figure for resnet18-f37072fd.pth
        // By hand from the paper's table 4: its places on the eleven targets other than breastmnist add up to 32.
        Assert.Equal((15, 11), (known.Prior!.Of, known.Prior.Targets));
        Assert.Equal(32 / 11.0, known.Prior.MeanRank, 1e-12);
        Assert.Equal((null, null), (own.ImagenetTop1, own.Prior));
    }

    // AUCs on three other targets, and on the one asked about, where b is hopeless.
    private HistorySource History(string target)
    {
        File.WriteAllText(folder["history.csv"], $"source,x,y,z,{target}\nb,0.9,0.9,0.9,0.1\nc,0.8,0.7,0.6,0.9\nelsewhere,0.5,0.5,0.95,0.2\n");
        return HistorySource.Open(folder["history.csv"]);
    }

    [Fact]
    public void History_has_its_share_in_the_order_but_not_what_it_says_of_the_target_itself()
    {
        var (zoo, source) = (ThreeSources(), History(dataset.Name));
        var ranking = Rank(zoo, new RankingOptions { History = [source] });
        Assert.Equal("lp_fu+history", ranking.Metric);
        Assert.Equal(["x", "y", "z"], ranking.History!.Targets);
        Assert.Equal(["a"], ranking.History.Without);
        Assert.Contains(ranking.Caveats, c => c.Code == "models-without-history" && c.Message.StartsWith("a:", StringComparison.Ordinal));
        Assert.Equal(1, ranking.History.Weights.Values.Sum(), 1e-12);
        // Mean ranks on x, y, z: b 1, 1, 2; c 2, 2, 3. From −1 to 1: (n + 1 − 2r)/(n − 1) with n = 3.
        double? Standing(string id) => ranking.Models.Single(m => m.Id == id).Measures["history"];
        Assert.Equal(2 - (4 / 3.0), Standing("b")!.Value, 1e-12);
        Assert.Equal(2 - (7 / 3.0), Standing("c")!.Value, 1e-12);
        Assert.Null(Standing("a"));

        // The score is the weighted mean of ranks scaled to −1…1; a, without history, is judged by the two others.
        var weights = ranking.History.Weights;
        double Place(string term, string id)
        {
            var known = ranking.Models.Select(m => m.Measures[term]).OfType<double>().ToList();
            var mine = ranking.Models.Single(m => m.Id == id).Measures[term]!.Value;
            return (known.Count(v => v < mine) - (double)known.Count(v => v > mine)) / (known.Count - 1);
        }
        double Mean(string id, params string[] terms) => terms.Sum(t => weights[t] * Place(t, id)) / terms.Sum(t => weights[t]);
        Assert.Equal(Mean("b", "history", "lp_fu", "lp"), ranking.Models.Single(m => m.Id == "b").Score!.Value, 1e-12);
        Assert.Equal(Mean("a", "lp_fu", "lp"), ranking.Models.Single(m => m.Id == "a").Score!.Value, 1e-12);
        Assert.Contains("history (", ranking.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_of_runs_is_a_history_in_which_a_model_is_known_by_its_checkpoint()
    {
        var zoo = ThreeSources();
        string Sha(string id) => LoadedModel.Open(zoo.Models.Single(m => m.Id == id)).Sha256;
        var store = RunStore.Open(folder["truth"]);
        void Add(string name, string? sha, string target, double auc)
        {
            var run = PlainRuns.Configuration(name, target);
            store.Add(PlainRuns.Record(run with { Source = run.Source with { Sha256 = sha } }, testAuc: auc));
        }
        // What is called b on y is another model; a is called otherwise on both.
        Add("b", Sha("b"), "x", 0.9);
        Add("once-a", Sha("a"), "x", 0.8);
        Add("b", new string('0', 64), "y", 0.9);
        Add("then-a", Sha("a"), "y", 0.8);
        var ranking = Rank(zoo, new RankingOptions { History = [HistorySource.Open(folder["truth"])] });
        double? Standing(string id) => ranking.Models.Single(m => m.Id == id).Measures["history"];
        Assert.Equal((1, -1, null), (Standing("b"), Standing("a"), Standing("c")));
        Assert.Equal(["x", "y"], ranking.History!.Targets);
    }

    [Fact]
    public void Without_any_history_the_metric_ranks_alone_and_the_result_says_so()
    {
        var zoo = Zoo(("p", ShuffleNet, 1), ("q", ShuffleNet, 2));
        File.WriteAllText(folder["history.csv"], "source,x,y\nstranger,0.9,0.9\nother,0.8,0.7\n");
        var ranking = Rank(zoo, new RankingOptions { History = [HistorySource.Open(folder["history.csv"])] });
        Assert.Equal(("lp_fu", null), (ranking.Metric, ranking.History));
        Assert.Contains(ranking.Caveats, c => c.Code == "no-history");
        Assert.Equal(Rank(zoo).Models.Select(m => m.Score), ranking.Models.Select(m => m.Score));
    }

    [Fact]
    public void What_is_said_of_the_blend_s_worth_is_what_evaluation_finds()
    {
        foreach (var (scenario, said) in new[] { (Scenario.Source, 0.57), (Scenario.Architecture, 0.51) })
        {
            var study = PublishedStudy.Of(scenario);
            Assert.Equal(said, Evaluator.Evaluate(study.Scores, study.Truth, new() { Scenario = scenario }).History!.BlendSummary!.MeanTauW!.Value, 0.005);
        }
    }

    [Fact]
    public void The_class_structure_is_that_of_the_best_model_and_its_mean_share_is_S_LP()
    {
        var ranking = Rank(ThreeSources());
        var (best, structure) = (ranking.Models[0], ranking.Structure!);
        Assert.Equal(best.Id, structure.Model);
        Assert.Equal(ranking.Target.ProbeImages, structure.Points.Count);
        Assert.Equal(best.Measures["lp"]!.Value, structure.Points.Average(p => p.OwnShare), 1e-9);
        Assert.Equal(ranking.Target.ProbeClassCounts, Enumerable.Range(0, ranking.Target.Classes.Count).Select(c => structure.Points.Count(p => p.Label == c)));
        Assert.All(structure.Points, p => Assert.Null(p.Thumbnail));
        Assert.InRange(structure.VarianceBefore, 0, 1);
        var pictured = Rank(ThreeSources(), new RankingOptions { Thumbnails = true }).Structure!;
        Assert.All(pictured.Points, p => Assert.Equal([0xff, 0xd8, 0xff], Convert.FromBase64String(p.Thumbnail!["data:image/jpeg;base64,".Length..]).AsSpan(0, 3).ToArray()));
        Assert.Equal(structure.Points.Select(p => (p.After[0], p.After[1])), pictured.Points.Select(p => (p.After[0], p.After[1])));
    }

    [Fact]
    public void Images_with_several_labels_are_ranked_by_LogME_alone()
    {
        var labels = NpyArray.Of<byte>([.. Enumerable.Range(0, 60).Select(k => (byte)(k % 2 == 0 || k % 7 == 0 ? 1 : 0))], 20, 3);
        NpzWriter.Write(folder["chest.npz"], [new("train_images", new NpyArray(NpyType.UInt8, [20, 8, 8], [.. Enumerable.Range(0, 1280).Select(i => (byte)(i * i))])), new("train_labels", labels)]);
        using var chest = ImageDatasets.Open(folder["chest.npz"]);
        var ranking = Rank(Zoo(("a", ShuffleNet, 0), ("b", ShuffleNet, 3)), new RankingOptions { Halves = 4 }, chest);
        Assert.Equal("logme", ranking.Metric);
        Assert.All(ranking.Models, m => Assert.Equal(["logme"], m.Measures.Keys));
        Assert.All(ranking.Models, m => Assert.NotNull(m.Group));
        Assert.Contains("lp_fu is not defined", Assert.Throws<InvalidInputException>(() => Rank(ModelZoo.Open(Path.Combine(folder.Path, "zoo")), new RankingOptions { By = FeatureCombination.Metric }, chest)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Twins_share_their_rank()
    {
        var zoo = ThreeSources();
        File.Copy(folder["zoo/a.safetensors"], folder["zoo/twin.safetensors"]);
        var ranking = Rank(ModelZoo.Open(zoo.Path));
        var (a, twin) = (ranking.Models.Single(m => m.Id == "a"), ranking.Models.Single(m => m.Id == "twin"));
        Assert.Equal((a.Rank, a.Score, a.ProbabilityBest), (twin.Rank, twin.Score, twin.ProbabilityBest));
    }

    [Fact]
    public void Progress_goes_forward_through_all_models()
    {
        var seen = new List<RankingProgress>();
        Rank(ThreeSources(), progress: new Told(seen.Add));
        Assert.Equal(["a", "b", "c"], seen.Select(p => p.Model).Distinct());
        Assert.Equal(seen.Select(p => p.Index + p.Fraction).Order(), seen.Select(p => p.Index + p.Fraction));
        Assert.All(seen, p => Assert.InRange(p.Fraction, 0, 1));
    }

    private sealed class Told(Action<RankingProgress> tell) : IProgress<RankingProgress>
    {
        public void Report(RankingProgress value) => tell(value);
    }

    [Fact]
    public void Cancellation_ends_it()
    {
        using var source = new CancellationTokenSource();
        var progress = new Told(p =>
        {
            if (p.Index == 1) source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => TransferabilityRanker.Rank(dataset, ThreeSources(),
            new RankingOptions { Probe = new ProbeOptions { PerClass = 8 }, Overrides = new ModelOverrides { InputSize = 32 } }, progress, source.Token));
    }

    [Fact]
    public void Ranking_leaves_no_tensor_behind()
    {
        var zoo = Zoo(("a", ShuffleNet, 0), ("b", ShuffleNet, 3));
        Rank(zoo);
        var before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Rank(zoo);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData("de-DE")]
    [InlineData("tr-TR")]
    public void Its_texts_are_the_same_under_every_culture(string culture)
    {
        var zoo = Zoo(("a", ShuffleNet, 0), ("b", ShuffleNet, 3));
        var expected = Rank(zoo);
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
        try
        {
            var found = Rank(zoo);
            Assert.Equal(Timeless(expected), Timeless(found));
            Assert.Equal(expected.Models.Count + 1, RankingText.Csv(found).TrimEnd().Split('\n').Length);
            Assert.All(RankingText.Csv(found).TrimEnd().Split('\n'), line => Assert.Equal(19, line.Split(',').Length));
            using var output = new StringWriter(CultureInfo.InvariantCulture);
            RankingTable.Print(found, Spectre.Console.AnsiConsole.Create(new Spectre.Console.AnsiConsoleSettings { Out = new Spectre.Console.AnsiConsoleOutput(output) }));
            Assert.Contains(found.Models[0].Measures["lp"]!.Value.ToString("0.0000", CultureInfo.InvariantCulture), output.ToString(), StringComparison.Ordinal);
            Assert.DoesNotMatch(@"\d,\d", output.ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
