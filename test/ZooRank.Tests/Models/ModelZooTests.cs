using System.Globalization;
using ZooRank.Imaging;
using ZooRank.Models;

namespace ZooRank.Tests.Models;

public sealed class ModelZooTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Write(string json)
    {
        File.WriteAllText(folder["zoo.json"], json);
        return folder["zoo.json"];
    }

    private string Refusal(string json)
    {
        var message = Assert.Throws<InvalidInputException>(() => ModelZoo.Open(Write(json))).Message;
        Assert.DoesNotContain('\n', message);
        Assert.StartsWith(folder["zoo.json"], message, StringComparison.Ordinal);
        return message;
    }

    [Fact]
    public void A_folder_of_checkpoints_is_a_zoo_in_the_order_of_their_names()
    {
        foreach (var name in new[] { "b.pth", "a.safetensors", "sub/c.pt", "d.pth.tar", "readme.md", "log.csv", ".hidden.pth", "UPPER.PTH" }) File.WriteAllText(folder[name], "");
        var zoo = ModelZoo.Open(folder.Path);
        Assert.Equal(["UPPER", "a", "b", "d", "sub/c"], zoo.Models.Select(m => m.Id));
        Assert.Equal(folder["sub/c.pt"], zoo.Models[^1].Checkpoint);
        Assert.True(ModelZoo.IsZoo(folder.Path));
    }

    [Fact]
    public void Two_formats_of_one_name_keep_their_extensions()
    {
        foreach (var name in new[] { "a.pth", "a.safetensors", "b.pth" }) File.WriteAllText(folder[name], "");
        Assert.Equal(["a.pth", "a.safetensors", "b"], ModelZoo.Open(folder.Path).Models.Select(m => m.Id));
    }

    [Fact]
    public void One_checkpoint_is_a_zoo_of_one()
    {
        File.WriteAllText(folder["net.pth.tar"], "");
        Assert.Equal("net", Assert.Single(ModelZoo.Open(folder["net.pth.tar"]).Models).Id);
    }

    [Fact]
    public void Nothing_there_is_told()
    {
        Assert.Contains("no such file or folder", Assert.Throws<InvalidInputException>(() => ModelZoo.Open(folder["none"])).Message, StringComparison.Ordinal);
        Assert.Contains("no checkpoint in it", Assert.Throws<InvalidInputException>(() => ModelZoo.Open(folder.Path)).Message, StringComparison.Ordinal);
        Assert.False(ModelZoo.IsZoo(folder.Path));
    }

    [Fact]
    public void Every_field_of_a_zoo_json_is_read_comments_and_trailing_commas_allowed()
    {
        var sha = new string('A', 64);
        var zoo = ModelZoo.Open(Write($$"""
            {
              // what there is
              "models": [
                { "id": "x", "checkpoint": "sub/x.pth", "architecture": "ResNet18", "source": "imagenet", "url": "https://example.org/x.pth", "sha256": "{{sha}}",
                  "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 1], "inputSize": 64, "resize": "crop", "transformInput": true, "classes": ["a", "b"], },
                { "checkpoint": "y.pth", "id": "y" },
              ],
            }
            """));
        var x = zoo.Models[0];
        Assert.Equal(("x", "ResNet18", "imagenet", "https://example.org/x.pth", sha, 64, ResizeMode.Crop, true), (x.Id, x.Architecture, x.Source, x.Url, x.Sha256, x.InputSize, x.Resize, x.TransformInput));
        Assert.Equal([0.1f, 0.2f, 0.3f], x.Mean!);
        Assert.Equal([0.4f, 0.5f, 1], x.Std!);
        Assert.Equal(["a", "b"], x.Classes!);
        Assert.Equal(folder["sub/x.pth"], x.Checkpoint);   // relative to the zoo.json
        Assert.Equal(new SourceModel { Id = "y", Checkpoint = folder["y.pth"] }, zoo.Models[1]);
        // A folder that has one is read by it, whatever else lies there.
        File.WriteAllText(folder["other.pth"], "");
        Assert.Equal(["x", "y"], ModelZoo.Open(folder.Path).Models.Select(m => m.Id));
    }

    [Fact]
    public void A_misspelt_field_is_refused_with_its_line()
    {
        var message = Refusal("{\n \"models\": [\n  { \"id\": \"x\",\n    \"checkpoint\": \"x.pth\",\n    \"maen\": [0.5, 0.5, 0.5] } ] }");
        Assert.StartsWith($"{folder["zoo.json"]}, line 5: ", message, StringComparison.Ordinal);
        Assert.Contains("maen", message, StringComparison.Ordinal);
        Assert.Contains("mean, std", message, StringComparison.Ordinal);   // what is allowed
    }

    [Theory]
    [InlineData("""{ "models": [ { "id": "x" } ] }""", "models[0] has no 'checkpoint'")]
    [InlineData("""{ "models": [ { "checkpoint": "x.pth" } ] }""", "models[0] has no 'id'")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "inputSize": "64" } ] }""", "inputSize")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "resize": "zoom" } ] }""", "resize")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth" } """, "line 1: not JSON: ")]
    [InlineData("", "line 1: not JSON: ")]
    [InlineData("[]", "not a zoo.json, which is")]
    [InlineData("{}", "it names no models")]
    [InlineData("null", "it names no models")]
    [InlineData("""{ "models": [] }""", "it names no models")]
    [InlineData("""{ "models": [ null ] }""", "one of its models is null")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth" }, { "id": "x", "checkpoint": "y.pth" } ] }""", "the id 'x' is given to 2 models")]
    [InlineData("""{ "models": [ { "id": " ", "checkpoint": "x.pth" } ] }""", "its id is empty")]
    [InlineData("""{ "models": [ { "id": null, "checkpoint": "x.pth" } ] }""", "its id is empty")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "" } ] }""", "model 'x': its checkpoint is empty")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "architecture": "resnet19" } ] }""", "model 'x'")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "mean": [0.5, 0.5, 0.5] } ] }""", "mean and std belong together")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "std": [0.5, 0.5, 0.5] } ] }""", "mean and std belong together")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "mean": [0.5], "std": [0.5, 0.5, 0.5] } ] }""", "mean must be three numbers")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "mean": [123.7, 116.3, 103.5], "std": [0.5, 0.5, 0.5] } ] }""", "got [123.7, 116.3, 103.5]. On a scale of 0 to 255, divide by 255.")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0, 0.5] } ] }""", "got [0.5, 0, 0.5]")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "mean": [0.5, 0.5, 1e99], "std": [0.5, 0.5, 0.5] } ] }""", "mean")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "inputSize": 15 } ] }""", "from 16 to 2048 pixels; got 15")]
    [InlineData("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "sha256": "abc" } ] }""", "64 hexadecimal digits; got 3 characters")]
    public void What_is_wrong_is_told_with_its_file(string json, string expected) => Assert.Contains(expected, Refusal(json), StringComparison.Ordinal);

    [Theory]
    [InlineData("de-DE")]
    [InlineData("tr-TR")]
    public void Numbers_are_read_and_told_alike_under_every_culture(string culture)
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
        try
        {
            Assert.Contains("got [0.5, 1.5, 0.5]", Refusal("""{ "models": [ { "id": "x", "checkpoint": "x.pth", "mean": [0.5, 1.5, 0.5], "std": [0.5, 0.5, 0.5] } ] }"""), StringComparison.Ordinal);
            Assert.Equal([0.5f, 0.25f, 0.5f], ModelZoo.Open(Write("""{ "models": [ { "id": "I", "checkpoint": "x.pth", "architecture": "EFFICIENTNET_V2_S", "mean": [0.5, 0.25, 0.5], "std": [0.5, 0.5, 0.5] } ] }""")).Models[0].Mean!);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
