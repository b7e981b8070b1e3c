using ZooRank.Models;
using ZooRank.Ranking;

namespace ZooRank.Tests.Ranking;

public sealed class TrainedOnTargetTests
{
    [Theory]
    [InlineData("pneumonia3_64", "pneumonia3,radiology,medical")]   // the joins hold it too
    [InlineData("pneumoniamnist", "pneumonia3,radiology,medical")]  // the same pictures under another name
    [InlineData("my-knees", "")]
    public void Models_that_saw_the_target_are_named_by_their_cards(string target, string expected)
    {
        var models = ShippedZoo.Open().Models.Select(m => LoadedModel.Open(m).Source);
        var named = models.Select(m => TrainedOnTarget.Of(m, target)).OfType<Caveat>().Select(c => c.About);
        Assert.Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(), named.Order());
    }

    [Fact]
    public void Without_a_card_the_source_is_what_it_saw_and_random_weights_saw_nothing()
    {
        SourceModel Of(string? source) => new() { Id = "m", Checkpoint = "", Source = source };
        Assert.NotNull(TrainedOnTarget.Of(Of("busi"), "busi_64"));
        Assert.Null(TrainedOnTarget.Of(Of("imagenet"), "busi_64"));
        Assert.Null(TrainedOnTarget.Of(Of("untrained"), "busi_64"));
        Assert.Null(TrainedOnTarget.Of(Of(null), "busi_64"));
    }
}
