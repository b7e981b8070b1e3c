using TorchSharp.Modules;
using ZooRank.Models.Layers;
using ZooRank.Runs;
using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.FineTuning;

/// <summary>The new linear heads of K networks side by side: features N×(K·D) to logits N×K×C. Drawn as PyTorch's Linear draws, from each run's own seed.</summary>
internal sealed class StackedHead : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;   // K x C x D
    private readonly Parameter bias;     // K x C

    public StackedHead(IReadOnlyList<RunConfiguration> runs, long features, int classes) : base(nameof(StackedHead))
    {
        using var scope = NewDisposeScope();
        var bound = 1 / Math.Sqrt(features);
        var drawn = runs.Select(run =>
        {
            using var generator = new Generator(RandomStream.Head.Of(run.Seed), CPU);
            Tensor Uniform(params long[] shape) => rand(shape, generator: generator).mul_(2 * bound).sub_(bound);
            return (Weight: Uniform(classes, features), Bias: Uniform(classes));
        }).ToList();
        weight = Construction.Parameter(stack(drawn.Select(d => d.Weight), dim: 0));
        bias = Construction.Parameter(stack(drawn.Select(d => d.Bias), dim: 0));
        RegisterComponents();
    }

    public override Tensor forward(Tensor features)
    {
        using var scope = NewDisposeScope();
        var (copies, width) = (weight.shape[0], weight.shape[2]);
        var x = features.view(-1, copies, width).transpose(0, 1);                      // K x N x D
        return (x.bmm(weight.transpose(1, 2)).transpose(0, 1) + bias).MoveToOuterDisposeScope();
    }
}
