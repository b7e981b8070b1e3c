using System.Globalization;
using System.Text.Json.Nodes;
using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Metrics;
using ZooRank.Models;
using ZooRank.Ranking;
using ZooRank.Truth;
using static TorchSharp.torch;

namespace ZooRank.Tests.Models;

/// <summary>What comes with ZooRank is small, complete, traceable and free to be passed on.</summary>
public class ShippedZooTests
{
    public static TheoryData<string> Ids => [.. ShippedZoo.Open().Models.Select(m => m.Id)];

    [Fact]
    public void It_is_a_dozen_models_in_half_precision_of_at_most_16_MB()
    {
        var zoo = ModelZoo.Open("shipped");
        Assert.Equal("shipped", zoo.Path);
        Assert.Equal(12, zoo.Models.Count);
        Assert.All(zoo.Models, m => Assert.InRange(new FileInfo(m.Checkpoint).Length, 100_000, 1_500_000));
        Assert.InRange(Directory.EnumerateFiles(ShippedZoo.Folder).Sum(f => new FileInfo(f).Length), 1_000_000, 16_000_000);
        Assert.All(zoo.Models, m => Assert.True(ShippedZoo.Holds(m)));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Each_has_the_hash_that_is_stated_and_a_card_that_says_how_it_came_about(string id)
    {
        var entry = ShippedZoo.Open().Models.Single(m => m.Id == id);
        var model = LoadedModel.Open(entry);
        Assert.Equal(entry.Sha256, model.Sha256);
        Assert.Empty(model.Caveats);
        var card = model.Source;
        Assert.Equal(("shufflenet_v2_x0_5", 64), (model.ArchitectureName, model.Preprocessing.InputSize));
        Assert.False(string.IsNullOrWhiteSpace(card.License));
        Assert.Equal("float16", card.Training!.StoredAs);
        Assert.All(card.Training.Data, d => Assert.True(d.TrainImages >= 500 && d.TrainSha256.Length == 64, d.Name));
        Assert.DoesNotContain(card.Training.Data, d => d.Name is "ham10000" or "sarsct");   // non-commercial
        Assert.InRange(card.Training.Outcome!.ValidationAuc!.Value, 0.6, 1);
        Assert.StartsWith("zoorank pretrain ", string.Join(' ', card.Training.Outcome.Command!), StringComparison.Ordinal);
        Assert.DoesNotContain(card.Training.Outcome.Command!, a => a.Contains('/'));   // of a machine that nobody else has
        using var checkpoint = Checkpoint.Open(entry.Checkpoint);
        Assert.All(checkpoint.Tensors.Where(t => t.DType != ScalarType.Int64), t =>
        {
            Assert.Equal(ScalarType.Float16, t.DType);
            Assert.True(checkpoint.Read(t).isfinite().all().item<bool>(), t.Name);
        });
    }

    [Fact]
    public void Its_history_is_of_these_very_models_and_each_was_tried_on_targets_that_it_was_not_trained_on()
    {
        var models = ShippedZoo.Open().Models.ToDictionary(m => m.Sha256!);
        var truth = StoredTruth.Read(ShippedZoo.History);
        Assert.Equal(11, truth.Targets.Count);
        Assert.All(truth.Targets, t => Assert.Equal(64, t.TrainSha256!.Length));
        foreach (var (target, source) in truth.Targets.SelectMany(t => t.Sources.Select(s => (t.Target, s))))
        {
            Assert.Equal(models[source.Sha256!].Id, source.Source);
            Assert.InRange(source.P, 0.3, 1);
            Assert.True(source.Seeds >= 5 && source.StandardError is >= 0 and < 0.1);
            Assert.DoesNotContain(LoadedModel.Open(models[source.Sha256!]).Source.Training!.Data, d => target.StartsWith(d.Name, StringComparison.Ordinal));
        }
        Assert.All(models.Keys, hash => Assert.True(truth.Targets.Count(t => t.Sources.Any(s => s.Sha256 == hash)) >= 4));
    }

    [Fact]
    public void A_ranking_of_it_says_that_larger_ones_do_better_and_its_history_may_have_a_say()
    {
        using var folder = new TemporaryFolder();
        Drawings.Write(folder["cells.npz"], Motif.CellsByNucleus, perClass: 10, seed: 1);
        using var dataset = ImageDatasets.Open(folder["cells.npz"]);
        var few = ShippedZoo.Open();
        few = few with { Models = [.. few.Models.Where(m => m.Id is "kneeoa" or "medical" or "cifar10")] };
        var ranking = TransferabilityRanker.Rank(dataset, few, new() { Probe = new() { PerClass = 10 }, Halves = 0, History = [HistorySource.Open("shipped")], Cache = null }, cancellation: TestContext.Current.CancellationToken);
        var said = Assert.Single(ranking.Caveats, c => c.Code == "shipped-zoo").Message;
        var study = JsonNode.Parse(File.ReadAllText(Path.Combine(HouseTests.Root(), "docs", "study", "results", "sources.json")))!;
        string Found(JsonNode? tau) => tau!.GetValue<double>().ToString("0.00", CultureInfo.InvariantCulture);
        string Mean(string metric) => Found(study["summary"]![metric]!["mean_tau_w"]);
        Assert.Contains($"only {Mean("lp_fu")}, S_LP alone at {Mean("lp")}, LEEP (--by leep) at {Mean("leep")}", said, StringComparison.Ordinal);
        Assert.Contains($"(--history shipped) at {Found(study["history"]!["blend_summary"]!["mean_tau_w"])}", said, StringComparison.Ordinal);
        Assert.EndsWith($"agrees with itself at {Found(study["noise_ceiling"]!.AsObject().Average(t => t.Value!["between_halves"]!.GetValue<double>()))}.", said, StringComparison.Ordinal);
        Assert.Equal("lp_fu+history", ranking.Metric);
        Assert.Empty(ranking.History!.Without);
        Assert.Equal(11, ranking.History.Targets.Count);
    }

    [Theory]
    [InlineData(Scenario.Source, "sources")]
    [InlineData(Scenario.Architecture, "architectures")]
    public void The_advice_of_any_ranking_says_what_the_study_found_of_its_metric(Scenario scenario, string results)
    {
        RankedModel Model(string id, int rank) => new()
        {
            Id = id,
            Rank = rank,
            Score = 1.0 / rank,
            Group = 1,
            ProbabilityBest = 0.5,
            Measures = new Dictionary<string, double?> { ["lp"] = 0.5, ["fu"] = 0.5 },
            Seconds = 1,
            Cached = false,
            Architecture = "resnet18",
            Parameters = 1,
            Checkpoint = "",
            CheckpointSha256 = "",
            Preprocessing = null!,
        };
        var said = Advice.InWords([Model("a", 1), Model("b", 2)], FeatureCombination.Metric, 100, moreImages: false, scenario);
        var found = JsonNode.Parse(File.ReadAllText(Path.Combine(HouseTests.Root(), "docs", "study", "results", results + ".json")))!["summary"]!["lp_fu"]!["mean_tau_w"]!.GetValue<double>();
        Assert.Contains($"it agreed at {found.ToString("0.00", CultureInfo.InvariantCulture).Replace('-', '−')}, ", said, StringComparison.Ordinal);
    }
}
