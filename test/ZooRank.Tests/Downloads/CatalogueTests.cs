using ZooRank.Downloads;
using ZooRank.Files;

namespace ZooRank.Tests.Downloads;

public class CatalogueTests
{
    [Fact]
    public void All_files_of_MedMNIST_are_known()
    {
        Assert.Equal(12, MedMnistCatalogue.All.Count);
        Assert.All(MedMnistCatalogue.All, set =>
        {
            Assert.Equal(MedMnistCatalogue.Sizes, set.Md5.Keys.Order());
            Assert.All(set.Md5.Values, md5 => Assert.Equal(md5, new FileHash(HashAlgorithmKind.Md5, md5).Hex));
            Assert.Equal(set.Task == "binary", set.Classes.Count == 2);
        });
        Assert.Equal(48, MedMnistCatalogue.All.SelectMany(set => set.Md5.Values).Distinct().Count());
    }

    [Fact]
    public void Files_are_named_and_placed_as_by_the_Python_package()
    {
        var original = MedMnistCatalogue.DownloadOf("PathMNIST", 28);
        Assert.Equal("https://zenodo.org/records/10519652/files/pathmnist.npz?download=1", original.Url);
        Assert.Equal(Path.Combine(Folders.MedMnist, "pathmnist.npz"), original.Destination);
        Assert.Equal("MD5 a8b06965200029087d5bd730944a56c1", original.Hash!.ToString());   // medmnist 3.0, info.py

        var large = MedMnistCatalogue.DownloadOf("breastmnist", 224, folder: "sets");
        Assert.Equal(Path.Combine("sets", "breastmnist_224.npz"), large.Destination);
        Assert.EndsWith("/breastmnist_224.npz?download=1", large.Url, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://mirror.example.org/medmnist")]
    [InlineData("https://mirror.example.org/medmnist/")]
    public void A_mirror_holds_the_files_by_their_names(string from)
    {
        Assert.Equal("https://mirror.example.org/medmnist/octmnist_64.npz", MedMnistCatalogue.DownloadOf("octmnist", 64, from).Url);
        Assert.Equal("https://mirror.example.org/medmnist/vgg11-8a719046.pth", TorchvisionCatalogue.DownloadOf("vgg11", from).Url);
    }

    [Fact]
    public void A_mirror_must_be_an_address()
    {
        var error = Assert.Throws<InvalidInputException>(() => MedMnistCatalogue.DownloadOf("octmnist", 64, "/data/medmnist"));
        Assert.StartsWith("--from /data/medmnist: not an http or https address.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistyped_name_is_answered_with_the_nearest()
    {
        Assert.StartsWith("Unknown MedMNIST set 'organmnist'. Did you mean organamnist or organcmnist or organsmnist? Known: pathmnist, ",
            Assert.Throws<InvalidInputException>(() => MedMnistCatalogue.Get("organmnist")).Message, StringComparison.Ordinal);
        Assert.StartsWith("Unknown torchvision checkpoint 'resnet81'. Did you mean resnet18? Known: ",
            Assert.Throws<InvalidInputException>(() => TorchvisionCatalogue.Get("resnet81")).Message, StringComparison.Ordinal);
        Assert.StartsWith("Unknown torchvision checkpoint 'something else'. Known: ",
            Assert.Throws<InvalidInputException>(() => TorchvisionCatalogue.Get("something else")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_that_MedMNIST_lacks_is_answered_with_those_it_has() =>
        Assert.Equal("MedMNIST has no images of size 32. Sizes: 28, 64, 128, 224.", Assert.Throws<InvalidInputException>(() => MedMnistCatalogue.DownloadOf("octmnist", 32)).Message);

    [Fact]
    public void Checkpoints_carry_their_hash_in_their_names()
    {
        Assert.Equal(9, TorchvisionCatalogue.All.Count);
        var hashes = TorchvisionCatalogue.All.Select(checkpoint => checkpoint.Hash.Hex);
        Assert.Equal(["f37072fd", "a639ec97", "dd5fe13b", "1378be20", "f206786ef8", "047dcff4", "8a719046", "983f1562", "f707e7126e"], hashes);

        var download = TorchvisionCatalogue.DownloadOf("shufflenet_v2_x0_5");
        Assert.Equal("https://download.pytorch.org/models/shufflenetv2_x0.5-f707e7126e.pth", download.Url);
        Assert.Equal(Path.Combine(Folders.TorchHub, "shufflenetv2_x0.5-f707e7126e.pth"), download.Destination);
    }
}
