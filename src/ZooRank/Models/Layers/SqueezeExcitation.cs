using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ZooRank.Models.Layers;

/// <summary>Channel attention (Hu, Shen and Sun, CVPR 2018, arXiv 1709.01507): every channel is scaled by a gate computed from the channels' means.</summary>
internal sealed class SqueezeExcitation : Module<Tensor, Tensor>
{
    private readonly Convolution fc1;
    private readonly Convolution fc2;
    private readonly Func<Tensor, Tensor> activation;
    private readonly Func<Tensor, Tensor> gate;

    public SqueezeExcitation(long channels, long squeezed, Func<Tensor, Tensor> activation, Func<Tensor, Tensor> gate) : base(nameof(SqueezeExcitation))
    {
        this.activation = activation;
        this.gate = gate;
        fc1 = new Convolution(channels, squeezed, kernel: 1);
        fc2 = new Convolution(squeezed, channels, kernel: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var means = input.mean([2, 3], keepdim: true); // N x C x 1 x 1
        var scale = gate(fc2.call(activation(fc1.call(means))));
        return (scale * input).MoveToOuterDisposeScope();
    }
}
