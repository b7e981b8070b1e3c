using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = TorchSharp.Modules.Linear;

namespace ZooRank.Models.Layers;

/// <summary>Overwrites the default initial weights of a network's layers, as each architecture of torchvision does in its own way.</summary>
internal static class WeightInitialization
{
    /// <param name="network">The network, complete.</param>
    /// <param name="convolution">What is done to convolution weights; null leaves PyTorch's default.</param>
    /// <param name="linear">What is done to the weights of linear layers; null leaves the default.</param>
    /// <param name="zeroConvolutionBias">Whether biases of convolutions become 0.</param>
    /// <param name="zeroLinearBias">Whether biases of linear layers become 0.</param>
    public static void Apply(Module network, Action<Tensor>? convolution, Action<Tensor>? linear = null, bool zeroConvolutionBias = false, bool zeroLinearBias = false)
    {
        if (!Construction.DrawsWeights) return;
        foreach (var module in network.modules())
        {
            if (module is Convolution conv)
            {
                convolution?.Invoke(conv.Weight);
                if (zeroConvolutionBias && conv.Bias is not null) init.zeros_(conv.Bias);
            }
            else if (module is Linear layer)
            {
                linear?.Invoke(layer.weight!);
                if (zeroLinearBias && layer.bias is not null) init.zeros_(layer.bias);
            }
        }
    }

    /// <summary>He et al. 2015 (arXiv 1502.01852): normal with variance 2/fan-out.</summary>
    public static void KaimingFanOut(Tensor weight) => init.kaiming_normal_(weight, mode: init.FanInOut.FanOut, nonlinearity: init.NonlinearityType.ReLU);

    /// <summary>He et al. 2015 (arXiv 1502.01852): normal with variance 2/fan-in.</summary>
    public static void KaimingFanIn(Tensor weight) => init.kaiming_normal_(weight, mode: init.FanInOut.FanIn, nonlinearity: init.NonlinearityType.ReLU);

    /// <summary>
    /// Normal. Also where torchvision truncates at ±2, which is a hundred deviations of 0.02 away; TorchSharp 0.107's trunc_normal_ draws NaN
    /// now and then.
    /// </summary>
    public static Action<Tensor> Normal(double deviation) => weight => init.normal_(weight, 0, deviation);
}
