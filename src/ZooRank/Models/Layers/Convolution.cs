using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models.Layers;

/// <summary>
/// A two-dimensional convolution with square kernels, PyTorch's Conv2d in keys and initial weights. It is not TorchSharp's own because that one always
/// convolves with its parameter: here a batch-norm's scale can be folded in while the gradient still reaches the original weight.
/// </summary>
internal sealed class Convolution : Module<Tensor, Tensor>
{
    private Parameter weight;     // outputs x inputs/groups x kernel x kernel
    private Parameter? bias;      // outputs
    private Tensor? folded_scale; // outputs x 1 x 1 x 1: only where the gradient of the original weight is wanted
    private readonly long[] stride;
    private readonly long[] padding;
    private readonly long[] dilation = [1, 1];
    private readonly long groups;

    public Convolution(long inputs, long outputs, long kernel, long stride = 1, long padding = 0, long groups = 1, bool bias = true) : base(nameof(Convolution))
    {
        this.stride = [stride, stride];
        this.padding = [padding, padding];
        this.groups = groups;
        weight = Construction.Parameter(empty([outputs, inputs / groups, kernel, kernel], device: Construction.Device));
        if (bias) this.bias = Construction.Parameter(empty([outputs], device: Construction.Device));
        RegisterComponents();
        if (!Construction.DrawsWeights) return;
        init.kaiming_uniform_(weight, a: Math.Sqrt(5)); // PyTorch's default
        var bound = 1 / Math.Sqrt(inputs / groups * kernel * kernel);
        if (this.bias is not null) init.uniform_(this.bias, -bound, bound);
    }

    public Parameter Weight => weight;
    public Parameter? Bias => bias;

    public override Tensor forward(Tensor input)
    {
        if (folded_scale is null) return conv2d(input, weight, bias, stride, padding, dilation, groups);
        using var scaled = weight * folded_scale;
        return conv2d(input, scaled, bias, stride, padding, dilation, groups);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) folded_scale?.Dispose();   // TorchSharp leaves buffers that are not persistent to the finaliser
        base.Dispose(disposing);
    }

    internal void UseChannelsLast()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        weight.set_(weight.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2));
    }

    /// <summary>Takes in the affine map that follows: scale and shift per output channel.</summary>
    /// <param name="scale">Factors of the outputs, float64.</param>
    /// <param name="shift">Summands of the outputs, float64.</param>
    /// <param name="keepWeight">Leave the weight as it is and multiply on every pass, so that its gradient is that of the unfolded network.</param>
    internal void Absorb(Tensor scale, Tensor shift, bool keepWeight)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var offset = bias is null ? shift : shift + (bias.to(ScalarType.Float64) * scale);
        var factor = scale.reshape(-1, 1, 1, 1);
        if (keepWeight) register_buffer(nameof(folded_scale), folded_scale = factor.to(weight.dtype).DetachFromDisposeScope(), persistent: false);
        else weight.copy_((weight.to(ScalarType.Float64) * factor).to(weight.dtype));
        if (bias is null)
        {
            bias = Construction.Parameter(offset.to(weight.dtype), requiresGrad: false);
            register_parameter(nameof(bias), bias);
        }
        else
        {
            bias.copy_(offset.to(weight.dtype));
        }
    }
}
