using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Features;
using ZooRank.Imaging;
using ZooRank.Models;
using ZooRank.Training;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace ZooRank.Tests.Features;

/// <summary>Alone on the process: stems and sources are drawn from libtorch's one global generator, from which other tests draw too.</summary>
[CollectionDefinition(nameof(PreflightTests), DisableParallelization = true)]
[Collection(nameof(PreflightTests))]
public sealed class PreflightTests : IDisposable
{
    private static readonly Preprocessing Plain = new() { Mean = [0, 0, 0], Std = [1, 1, 1] };
    private static readonly Preprocessing Raw = new() { Mean = [0, 0, 0], Std = [1f / 255, 1f / 255, 1f / 255] };
    private static readonly Preprocessing Caffe = Raw with { Mean = [123.68f / 255, 116.779f / 255, 103.939f / 255] };

    private readonly TemporaryFolder folder = new();
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public PreflightTests() => random.manual_seed(7);

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    // Smooth pictures in colour, 0 to 1.
    private static Tensor Photographs(int count = 8) => F.interpolate(rand(count, 3, 6, 6), size: [32, 32], mode: InterpolationMode.Bilinear, align_corners: true) * tensor([1f, 0.7f, 0.5f]).view(1, 3, 1, 1);

    // A stem whose batch-norm has seen these images, normalised so: what PyTorch computes, not what is tested.
    private static Stem Trained(Tensor images, Preprocessing with, int kernel = 7)
    {
        var weight = randn(16, 3, kernel, kernel);
        var outputs = F.conv2d(Normalised(images, with), weight, strides: [2, 2], padding: [kernel / 2, kernel / 2]).to(ScalarType.Float64);
        return new Stem(weight, [.. outputs.mean([0, 2, 3]).data<double>()], [.. outputs.var([0, 2, 3], unbiased: false).data<double>()]);
    }

    private static Tensor Normalised(Tensor images, Preprocessing with) =>
        (images - tensor(with.Mean.ToArray()).view(1, 3, 1, 1)) / tensor(with.Std.ToArray()).view(1, 3, 1, 1);

    private static IReadOnlyList<Caveat> Judge(Stem stem, Tensor images, Preprocessing stated) => Preflight.Judge("m", stem, StemResponse.Of(stem, images), stated);

    [Theory]
    [InlineData(7)]
    [InlineData(3)]
    public void The_response_under_any_normalisation_is_what_convolving_the_normalised_images_gives(int kernel)
    {
        var images = Photographs();
        var odd = new Preprocessing { Mean = [0.1f, -0.3f, 0.8f], Std = [0.2f, 3, 0.5f] };
        var stem = Trained(images, odd, kernel);
        var (mean, variance) = StemResponse.Of(stem, images).Under(InputScaling.Of(odd.Mean, odd.Std));
        for (var o = 0; o < stem.Mean.Count; o++)
        {
            // float32 convolutions, summed in another order
            Assert.Equal(stem.Mean[o], mean[o], 1e-4 * Math.Sqrt(stem.Variance[o]));
            Assert.Equal(1, variance[o] / stem.Variance[o], 1e-3);
        }
    }

    [Fact]
    public void The_distance_is_the_logarithm_of_the_deviations_ratio_and_for_means_Costas_formula()
    {
        using var nothing = zeros(1);
        var stem = new Stem(nothing, [0, 0, 0], [1, 1, 1]);
        Assert.Equal((0, 1), (StemFit.Of(stem, ([0, 0, 0], [1, 1, 1])) is var same ? same.Distance : -1, same.Spread));
        var wider = StemFit.Of(stem, ([0, 0, 0], [9, 9, 9]));
        Assert.Equal(Math.Sqrt(2) * Math.Log(3), wider.Distance, 1e-12);
        Assert.Equal(3, wider.Spread, 1e-12);
        // Equal deviations, means 1 apart: √2·arcosh(1 + 1/4) = √2·ln 2.
        Assert.Equal(Math.Sqrt(2) * Math.Log(2), StemFit.Of(stem, ([1, -1, 1], [1, 1, 1])).Distance, 1e-12);
    }

    [Fact]
    public void Outputs_that_training_has_silenced_have_no_say()
    {
        using var nothing = zeros(1);
        var stem = new Stem(nothing, [0, 5, 5], [1, 1e-12, 1e-12]);
        Assert.Equal(0, StemFit.Of(stem, ([0, 0, 0], [1, 1, 1])).Distance);
    }

    public static TheoryData<string> Preparations => ["half", "ImageNet", "plain", "raw", "Caffe"];

    private static Preprocessing Of(string name) => name switch { "half" => Preprocessing.Half, "ImageNet" => Preprocessing.ImageNet, "plain" => Plain, "raw" => Raw, _ => Caffe };

    [Theory]
    [MemberData(nameof(Preparations))]
    public void A_model_fed_as_it_was_trained_is_passed_in_silence_and_any_other_usual_normalisation_is_told_from_it(string trained)
    {
        var images = Photographs();
        var stem = Trained(images, Of(trained));
        Assert.Empty(Judge(stem, images, Of(trained)));
        foreach (var other in Preparations.Select(p => p.Data).Where(p => p != trained))
        {
            var bytes = trained is "raw" or "Caffe";
            var caveat = Assert.Single(Judge(stem, images, Of(other)));
            Assert.Equal(bytes == other is "raw" or "Caffe" ? "normalisation-mismatch" : "range-mismatch", caveat.Code);
            Assert.Equal("m", caveat.About);
            Assert.Contains(trained switch { "half" => "--std 0.5,0.5,0.5", "ImageNet" => "--std 0.229,0.224,0.225", "plain" => "--mean 0,0,0 --std 1,1,1", "raw" => "--mean 0,0,0 --std 0.00392,", _ => "--mean 0.48502,0.45796,0.4076 --std 0.00392," }, caveat.Message);
        }
    }

    [Fact]
    public void Images_that_are_only_darker_or_duller_than_the_training_data_raise_no_alarm()
    {
        var images = Photographs();
        var stem = Trained(images, Preprocessing.ImageNet);
        Assert.Empty(Judge(stem, images * 0.4, Preprocessing.ImageNet));
        Assert.Empty(Judge(stem, 0.3 + (images * 0.3), Preprocessing.ImageNet));
        Assert.Empty(Judge(stem, images.mean([1], keepdim: true).expand(-1, 3, -1, -1), Preprocessing.ImageNet));
    }

    [Fact]
    public void Images_with_next_to_no_contrast_are_reported()
    {
        var images = Photographs();
        Assert.Equal("range-mismatch", Assert.Single(Judge(Trained(images, Plain), images / 16, Plain)).Code);   // 12 bits stored in 16
        Assert.Equal("range-mismatch", Assert.Single(Judge(Trained(images, Plain), images * 0, Plain)).Code);
    }

    [Fact]
    public void Where_none_of_the_usual_normalisations_fits_none_is_proposed()
    {
        var sixteenBits = Plain with { Std = [1f / 65535, 1f / 65535, 1f / 65535] };
        var images = Photographs();
        var caveat = Assert.Single(Judge(Trained(images, sixteenBits), images, Preprocessing.Half));
        Assert.Equal("range-mismatch", caveat.Code);
        Assert.Contains("None of the usual normalisations fits", caveat.Message);
    }

    [Fact]
    public void The_order_of_colours_is_not_guessed_at()
    {
        var images = Photographs();
        var stem = Trained(images.flip([1]), Preprocessing.Half);
        Assert.Empty(Judge(stem, images, Preprocessing.Half));
        Assert.Contains("blue first", Assert.Single(Judge(Trained(images.flip([1]), Raw), images, Preprocessing.Half)).Message);
    }

    [Fact]
    public void A_batch_norm_as_it_was_made_is_reported_and_nothing_else_about_it()
    {
        var stem = Trained(Photographs(), Raw) with { Mean = new double[16], Variance = [.. Enumerable.Repeat(1.0, 16)] };
        Assert.Equal("batch-norm-untouched", Assert.Single(Judge(stem, Photographs(), Preprocessing.Half)).Code);
    }

    [Fact]
    public void GoogLeNets_own_transformation_of_its_input_is_counted_in()
    {
        var images = Photographs();
        var stem = Trained(images, Preprocessing.Half);   // what the transformation leads to
        Assert.Empty(Preflight.Judge("m", stem, StemResponse.Of(stem, images), Preprocessing.ImageNet, transformInput: true));
        Assert.NotEmpty(Judge(stem, images, Preprocessing.ImageNet));
    }

    [Fact]
    public void A_trained_network_is_passed_when_fed_rightly_and_warned_of_when_its_range_is_wrong_the_same_from_the_cache()
    {
        using var dataset = Pictures.Drawn(folder, Motif.CellsByNucleus, 24);
        SourceTrainer.Train(dataset, Architectures.Get("shufflenet_v2_x0_5"), folder["cells.safetensors"], new() { Epochs = 6, LearningRate = 0.05, BatchSize = 16, InputSize = 32 }, cancellation: TestContext.Current.CancellationToken);
        using var other = Pictures.Drawn(folder, Motif.Stripes, 12, "stripes.npz");
        var cache = new FeatureCache(folder["cache"]);
        IReadOnlyList<string> Codes(ImageDataset target, Preprocessing? stated = null)
        {
            var model = LoadedModel.Open(ModelZoo.Open(folder["cells.safetensors"]).Models.Single(), new() { Mean = stated?.Mean, Std = stated?.Std });
            var probe = ProbeSet.Draw(target, new ProbeOptions { PerClass = 8 });
            var first = ModelFeatures.Of(model, probe, CPU, cache, cancellation: TestContext.Current.CancellationToken);
            var again = ModelFeatures.Of(model, probe, CPU, cache, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal((false, true), (first.Cached, again.Cached));
            Assert.Equal(first.Caveats, again.Caveats);
            return [.. first.Caveats.Select(c => c.Code)];
        }
        Assert.Empty(Codes(dataset));
        Assert.Empty(Codes(other));   // foreign images are no fault of the preparation
        Assert.Equal(["range-mismatch"], Codes(dataset, Raw));
        Assert.Equal(["range-mismatch"], Codes(other, Raw));
        Assert.Equal(["normalisation-mismatch"], Codes(dataset, Preprocessing.ImageNet));
    }

    [Fact]
    public void Every_architecture_with_a_batch_norm_after_its_first_convolution_is_checked_and_the_others_are_passed()
    {
        foreach (var architecture in Architectures.All)
        {
            var path = Pictures.Checkpoint(folder[architecture.Name + ".safetensors"], architecture.Name);
            using var checkpoint = ZooRank.Checkpoints.Checkpoint.Open(path);
            var stem = Stem.Read(architecture, checkpoint);
            Assert.Equal(architecture.Name is "vgg11" or "convnext_tiny", stem is null);
            if (stem is null) continue;
            using var network = architecture.Load(checkpoint);
            Assert.Equal(network.FirstConvolutions.Conv1.cpu().data<float>().ToArray(), stem.Weight.data<float>().ToArray());
            Assert.Equal(stem.Weight.shape[0], stem.Mean.Count);
            Assert.Equal(stem.Mean.Count, stem.Variance.Count);
            Assert.False(stem.Untouched);
        }
    }
}
