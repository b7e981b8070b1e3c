using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models.Layers;

/// <summary>
/// Batch normalisation (Ioffe and Szegedy, ICML 2015, arXiv 1502.03167) over N and the image plane, PyTorch's BatchNorm2d in keys and behaviour.
/// Its own class because TorchSharp's cannot be taken out of a Sequential once <see cref="BatchNormFolding"/> has merged it into the convolution before it.
/// </summary>
internal sealed class BatchNormalization : Module<Tensor, Tensor>
{
    private Parameter weight;
    private Parameter bias;
    private Tensor running_mean;
    private Tensor running_var;
    private Tensor num_batches_tracked;
    private readonly double epsilon;
    private readonly double momentum;

    public BatchNormalization(long channels, double epsilon = 1e-5, double momentum = 0.1) : base(nameof(BatchNormalization))
    {
        this.epsilon = epsilon;
        this.momentum = momentum;
        var device = Construction.Device;
        weight = Construction.Parameter(ones([channels], device: device));
        bias = Construction.Parameter(zeros([channels], device: device));
        running_mean = zeros([channels], device: device).DetachFromDisposeScope();
        running_var = ones([channels], device: device).DetachFromDisposeScope();
        num_batches_tracked = zeros([], dtype: ScalarType.Int64, device: device).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>True once the convolution before has taken this in: from then on it passes its input through.</summary>
    public bool Folded { get; private set; }

    public override Tensor forward(Tensor input)
    {
        if (Folded)
        {
            if (training) throw new InvalidOperationException("A network whose batch-norms are folded only evaluates: make a fresh one to train.");
            return input.alias(); // not the input itself: a Sequential disposes what it has passed on
        }
        if (training)
        {
            using var frozen = no_grad();
            num_batches_tracked.add_(1);
        }
        return batch_norm(input, running_mean, running_var, weight, bias, training, momentum, epsilon);
    }

    /// <summary>Hands the evaluation-mode map y = scale·x + shift to the convolution that feeds this layer.</summary>
    internal void FoldInto(Convolution convolution, bool keepWeight)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        // In float64, so that folding adds one rounding to float32 and no more.
        var scale = weight.to(ScalarType.Float64) / (running_var.to(ScalarType.Float64) + epsilon).sqrt();
        var shift = bias.to(ScalarType.Float64) - (running_mean.to(ScalarType.Float64) * scale);
        convolution.Absorb(scale, shift, keepWeight);
        Folded = true;
    }
}
