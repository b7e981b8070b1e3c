using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ZooRank.Models;

/// <summary>MnasNet-B1 (Tan et al., CVPR 2019, arXiv 1807.11626): inverted residuals without squeeze-and-excitation, found by architecture search.</summary>
internal sealed class MnasNet : SourceNetwork
{
    // The paper's decay is 0.9997 on TensorFlow's side; PyTorch's momentum is its complement. The residual blocks have it too.
    private const double Momentum = 1 - 0.9997;

    private readonly Module<Tensor, Tensor> layers;
    private readonly Children classifier;

    public static Architecture Width1 { get; } = new()
    {
        Name = "mnasnet1_0",
        Create = classCount => new MnasNet(classCount),
        ParameterCount = 4_383_312,
        FeatureCount = 1280,
        Head = "classifier.1",
        Paper = "Tan, Chen, Pang, Vasudevan, Sandler, Howard, Le: MnasNet: Platform-Aware Neural Architecture Search for Mobile. CVPR 2019, arXiv 1807.11626",
    };

    private MnasNet(int classCount) : base(nameof(MnasNet))
    {
        layers = Sequential(
            new Convolution(3, 32, kernel: 3, stride: 2, padding: 1, bias: false), new BatchNormalization(32, momentum: Momentum), ReLU(inplace: true),
            new Convolution(32, 32, kernel: 3, padding: 1, groups: 32, bias: false), new BatchNormalization(32, momentum: Momentum), ReLU(inplace: true),
            new Convolution(32, 16, kernel: 1, bias: false), new BatchNormalization(16, momentum: Momentum),
            Stack(16, 24, kernel: 3, stride: 2, expansion: 3, depth: 3),
            Stack(24, 40, kernel: 5, stride: 2, expansion: 3, depth: 3),
            Stack(40, 80, kernel: 5, stride: 2, expansion: 6, depth: 3),
            Stack(80, 96, kernel: 3, stride: 1, expansion: 6, depth: 2),
            Stack(96, 192, kernel: 5, stride: 2, expansion: 6, depth: 4),
            Stack(192, 320, kernel: 3, stride: 1, expansion: 6, depth: 1),
            new Convolution(320, 1280, kernel: 1, bias: false), new BatchNormalization(1280, momentum: Momentum), ReLU(inplace: true));
        classifier = new Children();
        RegisterComponents();
        HeadDropout = 0.2;
        SetHead(classifier, "1", 1280, LinearHead(1280, classCount));
        // "Sigmoid" has gain 1.
        WeightInitialization.Apply(this, WeightInitialization.KaimingFanOut,
            weight => init.kaiming_uniform_(weight, mode: init.FanInOut.FanOut, nonlinearity: init.NonlinearityType.Sigmoid), zeroLinearBias: true);
    }

    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        return layers.call(images).mean([2, 3]).MoveToOuterDisposeScope();
    }

    private static Module<Tensor, Tensor> Stack(long inputs, long outputs, long kernel, long stride, long expansion, int depth) =>
        Sequential(Enumerable.Range(0, depth).Select(i => (Module<Tensor, Tensor>)(i == 0
            ? new InvertedResidual(inputs, outputs, kernel, stride, expansion)
            : new InvertedResidual(outputs, outputs, kernel, 1, expansion))).ToArray());

    private sealed class InvertedResidual : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layers;
        private readonly bool hasShortcut;

        public InvertedResidual(long inputs, long outputs, long kernel, long stride, long expansion) : base(nameof(InvertedResidual))
        {
            hasShortcut = stride == 1 && inputs == outputs;
            var expanded = inputs * expansion;
            layers = Sequential(
                new Convolution(inputs, expanded, kernel: 1, bias: false), new BatchNormalization(expanded, momentum: Momentum), ReLU(inplace: true),
                new Convolution(expanded, expanded, kernel, stride, padding: kernel / 2, groups: expanded, bias: false),
                new BatchNormalization(expanded, momentum: Momentum), ReLU(inplace: true),
                new Convolution(expanded, outputs, kernel: 1, bias: false), new BatchNormalization(outputs, momentum: Momentum));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = layers.call(input);
            return (hasShortcut ? x.add_(input) : x).MoveToOuterDisposeScope();
        }
    }
}
