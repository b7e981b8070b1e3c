using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models.Layers;

/// <summary>Layer normalisation over the channels (Ba, Kiros and Hinton 2016, arXiv 1607.06450): the last dimension, or the second of N×C×H×W.</summary>
internal sealed class LayerNormalization : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly double epsilon;
    private readonly bool channelsSecond;

    public LayerNormalization(long channels, double epsilon, bool channelsSecond = false) : base(nameof(LayerNormalization))
    {
        this.epsilon = epsilon;
        this.channelsSecond = channelsSecond;
        weight = Construction.Parameter(ones([channels], device: Construction.Device));
        bias = Construction.Parameter(zeros([channels], device: Construction.Device));
        RegisterComponents();
    }

    /// <summary>True where the channels come last, in and out.</summary>
    public bool ChannelsLast => !channelsSecond;

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = channelsSecond ? input.permute(0, 2, 3, 1) : input;
        var result = layer_norm(x, weight.shape, weight, bias, epsilon);
        return (channelsSecond ? result.permute(0, 3, 1, 2) : result).MoveToOuterDisposeScope();
    }
}
