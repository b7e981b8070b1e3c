using ZooRank.Evaluation;
using ZooRank.Metrics;
using ZooRank.Ranking;

namespace ZooRank.Tests.Ranking;

public class PublishedHistoryTests
{
    // The paper's files name architectures by their family.
    private static readonly Dictionary<string, string> Families = new()
    {
        ["densenet121"] = "densenet",
        ["efficientnet_v2_s"] = "efficientnet",
        ["googlenet"] = "googlenet",
        ["mnasnet1_0"] = "mnasnet",
        ["mobilenet_v3_small"] = "mobilenet",
        ["vgg11"] = "vgg",
        ["convnext_tiny"] = "convnext",
        ["shufflenet_v2_x0_5"] = "shufflenet",
        ["resnet18"] = "resnet",
    };

    private static StaticPrior? Prior(string target, string source, string architecture = "resnet18") => PublishedHistory.For(target, Scenario.Source).Of(architecture, source);

    // Mean over the targets of 1 + how many are better + half of how many are as good, straight from the paper's file.
    private static (double Mean, int Targets) MeanRank(string file, string row, params string[] without)
    {
        var table = PublishedTables.Read(file);
        double sum = 0;
        var count = 0;
        foreach (var (target, mine) in table[row])
        {
            if (without.Contains(target)) continue;
            var rank = 1.0;
            foreach (var (other, aucs) in table)
            {
                if (other == row || !aucs.TryGetValue(target, out var theirs)) continue;
                rank += theirs > mine ? 1 : theirs == mine ? 0.5 : 0;
            }
            sum += rank;
            count++;
        }
        return (sum / count, count);
    }

    private static void Same((double Mean, int Targets) expected, int of, StaticPrior? found)
    {
        Assert.Equal(expected.Mean, found!.MeanRank, 1e-12);
        Assert.Equal((of, expected.Targets), (found.Of, found.Targets));
    }

    [Theory]
    [InlineData("imagenet", "bloodmnist")]
    [InlineData("radimagenet", "octmnist")]
    [InlineData("medmnist", "tissuemnist")]
    [InlineData("breastmnist", "pathmnist")]
    [InlineData("pathmnist", "breastmnist")]
    public void A_source_has_its_mean_rank_on_the_other_targets(string source, string target)
    {
        Same(MeanRank("AUCs_dataset", source, target), 15, Prior(target, source));
        Same(MeanRank("AUCs_dataset", source), 15, Prior("xrays", source));   // a target that the paper has not: all count
    }

    [Theory]
    [InlineData("resnet18", "dermamnist")]
    [InlineData("convnext_tiny", "retinamnist")]
    [InlineData("mnasnet1_0", "bloodmnist")]
    public void So_has_an_architecture(string architecture, string target) =>
        Same(MeanRank("AUCs_model", Families[architecture], target), 9, PublishedHistory.For(target, Scenario.Architecture).Of(architecture, "imagenet"));

    [Theory]
    [InlineData("breastmnist_64", "breastmnist")]
    [InlineData("BreastMNIST", "breastmnist")]
    [InlineData("busi", "breastmnist")]            // the pictures that BreastMNIST was made of
    [InlineData("BUSI_224", "breastmnist")]
    [InlineData("organamnist_128", "organamnist")]
    public void The_target_asked_about_is_left_out_under_its_other_names_too(string name, string left)
    {
        Assert.Equal(Prior(left, "imagenet"), Prior(name, "imagenet"));
        Assert.Equal(Prior("xrays", "imagenet")!.Targets - 1, Prior(name, "imagenet")!.Targets);
    }

    [Fact]
    public void A_target_that_is_a_source_too_keeps_that_source_among_those_compared()
    {
        // Its own column is left out, its row is not: what it did elsewhere is known.
        Assert.Equal(11, Prior("breastmnist", "breastmnist")!.Targets);
        Assert.Equal(15, Prior("breastmnist", "breastmnist")!.Of);
    }

    [Fact]
    public void What_the_paper_has_not_has_no_prior()
    {
        Assert.Null(Prior("bloodmnist", "cifar10"));
        Assert.Null(Prior("bloodmnist", "imagenet", "resnet50"));
        Assert.Null(Prior("bloodmnist", "imagenet", "densenet121"));   // its sources are compared under ResNet18
        Assert.Null(PublishedHistory.For("bloodmnist", Scenario.Source).Of("resnet18", null));
        var architectures = PublishedHistory.For("bloodmnist", Scenario.Architecture);
        Assert.Null(architectures.Of("resnet50", "imagenet"));
        Assert.Null(architectures.Of("resnet18", "radimagenet"));   // and its architectures under ImageNet
        Assert.NotNull(architectures.Of("resnet18", "ImageNet"));
    }

    public static TheoryData<string, string> Tables
    {
        get
        {
            var data = new TheoryData<string, string> { { "published/sources/auc.csv", "AUCs_dataset.csv" }, { "published/architectures/auc.csv", "AUCs_model.csv" } };
            foreach (var metric in PublishedStudy.MetricNames)
            {
                data.Add($"published/sources/{metric}.csv", $"{metric}_dataset.csv");
                data.Add($"published/architectures/{metric}.csv", $"{metric}_model.csv");
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void Its_tables_are_the_papers_digit_for_digit(string resource, string file)
    {
        var published = File.ReadAllLines(SharedFolder.Require("paper", file)).Select(l => l.Split(',')[1..]).ToList();   // without the row numbers
        using var text = new StreamReader(typeof(PublishedHistory).Assembly.GetManifestResourceStream(resource)!);
        var ours = text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('\r').Split(',')).ToList();
        Assert.Equal(published.Count, ours.Count);
        Assert.Equal(published[0], ours[0]);
        foreach (var (theirs, row) in published.Zip(ours).Skip(1))
        {
            Assert.Equal(theirs[0], Families.GetValueOrDefault(row[0], row[0]));
            Assert.Equal(theirs[1..], row[1..]);
        }
    }
}
