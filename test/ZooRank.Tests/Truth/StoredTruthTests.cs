using ZooRank.Truth;

namespace ZooRank.Tests.Truth;

public sealed class StoredTruthTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_not_needed_is_passed_over()
    {
        File.WriteAllText(folder["truth.json"], """{"targets": [{"target": "x", "train_sha256": "ab", "summary": "…", "sources": [{"source": "a", "sha256": null, "p": 0.75, "standard_error": 0.01, "seeds": 3, "best": 0.8}]}], "hours": 1}""");
        var target = Assert.Single(StoredTruth.Read(folder["truth.json"]).Targets);
        Assert.Equal(("x", "ab"), (target.Target, target.TrainSha256));
        Assert.Equal(new StoredSource("a", null, 0.75, 0.01, 3), Assert.Single(target.Sources));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"targets": []}""")]
    [InlineData("""{"targets": [null]}""")]
    [InlineData("""{"targets": [{"target": "x"}]}""")]
    [InlineData("""{"targets": [{"target": null, "sources": []}]}""")]
    [InlineData("""{"targets": [{"target": "x", "sources": [null]}]}""")]
    [InlineData("""{"targets": [{"target": "x", "sources": [{"source": "a", "p": "high"}]}]}""")]
    public void Anything_else_is_refused_in_one_line_that_names_the_file_and_the_command_that_writes_one(string text)
    {
        File.WriteAllText(folder["truth.json"], text);
        var message = Assert.Throws<InvalidInputException>(() => StoredTruth.Read(folder["truth.json"])).Message;
        Assert.Contains("truth.json", message, StringComparison.Ordinal);
        Assert.Contains("zoorank truth show STORE --json", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
