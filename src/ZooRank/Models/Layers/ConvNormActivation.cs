using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ZooRank.Models.Layers;

/// <summary>Convolution "0" without bias, batch-norm "1" and an activation; the padding keeps the size at stride 1.</summary>
internal sealed class ConvNormActivation : Module<Tensor, Tensor>
{
    [ComponentName(Name = "0")]
    private readonly Convolution convolution;
    [ComponentName(Name = "1")]
    private readonly BatchNormalization norm;
    private readonly Func<Tensor, Tensor>? activation;

    public ConvNormActivation(long inputs, long outputs, long kernel, Func<Tensor, Tensor>? activation, long stride = 1, long groups = 1,
        double epsilon = 1e-5, double momentum = 0.1) : base(nameof(ConvNormActivation))
    {
        this.activation = activation;
        convolution = new Convolution(inputs, outputs, kernel, stride, padding: (kernel - 1) / 2, groups, bias: false);
        norm = new BatchNormalization(outputs, epsilon, momentum);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = norm.call(convolution.call(input));
        return (activation?.Invoke(x) ?? x).MoveToOuterDisposeScope();
    }
}
