using ZooRank.Models;
using ZooRank.Native;
using static TorchSharp.torch;

namespace ZooRank.Tests.Native;

public sealed class PrecisionTests
{
    /// <summary>bfloat16 keeps 8 bits, so a product of two numbers is off by 2⁻⁸ of itself at most, and a sum of many less: between exact and a per cent.</summary>
    [Fact]
    public void Products_are_rounded_to_bfloat16_within_and_to_nothing_without()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var generator = new Generator(1, CPU);
        var (a, b) = (rand([64, 64], generator: generator), rand([64, 64], generator: generator));
        var exact = a.to(ScalarType.Float64).matmul(b.to(ScalarType.Float64));
        double Off(Tensor product) => ((product.to(ScalarType.Float64) - exact).abs().max() / exact.abs().max()).item<double>();

        using var precision = Precision.Set("bfloat16", CPU);
        Assert.InRange(Off(a.matmul(b)), 0, 1e-6);
        using (precision.Autocast())
        {
            Assert.Equal(ScalarType.BFloat16, a.matmul(b).dtype);
            Assert.InRange(Off(a.matmul(b)), 1e-5, 1e-2);
        }
        Assert.Equal(ScalarType.Float32, a.matmul(b).dtype);
        Assert.InRange(Off(a.matmul(b)), 0, 1e-6);
        using (var single = Precision.Set("float32", CPU))
        using (single.Autocast()) Assert.Equal(ScalarType.Float32, a.matmul(b).dtype);
    }

    [Fact]
    public void A_network_gives_nearly_the_same_and_its_weights_get_gradients_in_single_precision()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        using var network = Architectures.Get("resnet18").Create(0);
        network.train();
        using var generator = new Generator(2, CPU);
        var images = randn([8, 3, 64, 64], generator: generator);
        var (conv, _) = network.FirstConvolutions;
        (Tensor Features, Tensor Gradient) Pass(string precisionName)
        {
            using var precision = Precision.Set(precisionName, CPU);
            Tensor features;
            using (precision.Autocast()) features = network.Features(images).to(ScalarType.Float32);
            conv.grad = null;
            features.sum().backward();
            return (features.detach(), conv.grad!.clone());
        }
        var (single, brief) = (Pass("float32"), Pass("bfloat16"));
        double Far(Tensor a, Tensor b) => ((a - b).norm() / a.norm()).item<float>();
        Assert.InRange(Far(single.Features, brief.Features), 1e-5, 0.1);
        Assert.Equal(ScalarType.Float32, brief.Gradient.dtype);
        Assert.True(brief.Gradient.isfinite().all().item<bool>());
    }

    [Fact]
    public void What_is_unknown_or_not_to_be_had_is_refused_in_a_line()
    {
        Assert.Contains("bfloat16", Assert.Throws<InvalidInputException>(() => Precision.Set("bfloat", CPU)).Message, StringComparison.Ordinal);
        Assert.Contains("only CUDA", Assert.Throws<InvalidInputException>(() => Precision.Set("tf32", CPU)).Message, StringComparison.Ordinal);
    }
}
