using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.Tests.Training;

public sealed class SgdTests
{
    /// <summary>The steps are elementwise, so side by side they are the same operations on the same numbers: no bit may differ.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Networks_side_by_side_move_as_each_does_alone(bool nesterov)
    {
        using var scope = NewDisposeScope();
        double[] rates = [0.1, 0.01, 0.003], momenta = [0.9, 0, 0.5], decays = [1e-3, 0.2, 0];
        using var generator = new Generator(3, CPU);
        var values = Enumerable.Range(0, 3).Select(_ => Layers(generator)).ToList();
        var gradients = Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, 3).Select(_ => Layers(generator)).ToList()).ToList();   // of each step and copy

        using var stacked = new Two([.. Enumerable.Range(0, 2).Select(layer => cat([.. values.Select(v => v[layer])], dim: 0))]);
        using var together = new FlatState([stacked], copies: 3);
        using var many = new Sgd(together, momenta, decays, nesterov);
        var manyRates = many.Rates(rates);
        foreach (var step in gradients)
        {
            stacked.Give([.. Enumerable.Range(0, 2).Select(layer => cat([.. step.Select(g => g[layer])], dim: 0))]);
            many.Step(manyRates);
        }
        for (var k = 0; k < 3; k++)
        {
            using var network = new Two(values[k]);
            using var alone = new FlatState([network]);
            using var one = new Sgd(alone, [momenta[k]], [decays[k]], nesterov);
            foreach (var step in gradients)
            {
                network.Give(step[k]);
                one.Step(one.Rates([rates[k]]));
            }
            using var own = zeros_like(alone.Values);
            together.Extract(together.Values, k, own);
            Assert.Equal(alone.Values.data<float>().ToArray(), own.data<float>().ToArray());
            Assert.NotEqual(values[k][0].flatten().data<float>().ToArray(), network.First.flatten().data<float>().ToArray());
        }
    }

    private static Tensor[] Layers(Generator generator) => [randn([4, 3, 2, 2], generator: generator), randn([5], generator: generator)];

    private sealed class Two : nn.Module
    {
        private readonly TorchSharp.Modules.Parameter first, second;

        public Two(Tensor[] values) : base(nameof(Two))
        {
            (first, second) = (nn.Parameter(values[0].clone()), nn.Parameter(values[1].clone()));
            RegisterComponents();
        }

        public Tensor First => first;

        public void Give(Tensor[] gradients)
        {
            first.grad!.copy_(gradients[0]);
            second.grad!.copy_(gradients[1]);
        }
    }
}
