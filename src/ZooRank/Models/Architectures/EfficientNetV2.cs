using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ZooRank.Models;

/// <summary>EfficientNetV2 (Tan and Le, ICML 2021, arXiv 2104.00298): fused inverted residuals at first, depthwise ones with squeeze-and-excitation later.</summary>
internal sealed class EfficientNetV2 : SourceNetwork
{
    // Of the architecture's TensorFlow original; PyTorch's default is 1e-5.
    private const double Epsilon = 1e-3;

    private readonly Module<Tensor, Tensor> features;
    private readonly Children classifier;

    /// <summary>Table 4 of the paper: a row is a stage.</summary>
    private sealed record Stage(bool Fused, int Expansion, int Stride, int Inputs, int Outputs, int Depth);

    public static Architecture Small { get; } = new()
    {
        Name = "efficientnet_v2_s",
        Create = classCount => new EfficientNetV2(
            [
                new(true, 1, 1, 24, 24, 2), new(true, 4, 2, 24, 48, 4), new(true, 4, 2, 48, 64, 4),
                new(false, 4, 2, 64, 128, 6), new(false, 6, 1, 128, 160, 9), new(false, 6, 2, 160, 256, 15),
            ],
            classCount),
        ParameterCount = 21_458_488,
        FeatureCount = 1280,
        Head = "classifier.1",
        Paper = "Tan, Le: EfficientNetV2: Smaller Models and Faster Training. ICML 2021, arXiv 2104.00298",
    };

    private EfficientNetV2(Stage[] stages, int classCount) : base(nameof(EfficientNetV2))
    {
        var parts = new List<Module<Tensor, Tensor>> { new ConvNormActivation(3, stages[0].Inputs, kernel: 3, Nonlinearity.Silu, stride: 2, epsilon: Epsilon) };
        var blockCount = stages.Sum(s => s.Depth);
        var block = 0;
        foreach (var stage in stages)
        {
            var blocks = new List<Module<Tensor, Tensor>>();
            for (var i = 0; i < stage.Depth; i++, block++)
            {
                var (inputs, stride) = i == 0 ? (stage.Inputs, stage.Stride) : (stage.Outputs, 1);
                blocks.Add(new InvertedResidual(stage.Fused, inputs, stage.Outputs, stage.Expansion, stride, drop: 0.2 * block / blockCount));
            }
            parts.Add(Sequential(blocks));
        }
        parts.Add(new ConvNormActivation(stages[^1].Outputs, 1280, kernel: 1, Nonlinearity.Silu, epsilon: Epsilon));
        features = Sequential(parts);
        classifier = new Children();
        RegisterComponents();
        HeadDropout = 0.2;
        SetHead(classifier, "1", 1280, LinearHead(1280, classCount));
        WeightInitialization.Apply(this, WeightInitialization.KaimingFanOut, Uniform, zeroConvolutionBias: true, zeroLinearBias: true);

        static void Uniform(Tensor weight) => init.uniform_(weight, -1 / Math.Sqrt(weight.shape[0]), 1 / Math.Sqrt(weight.shape[0]));
    }

    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        return features.call(images).mean([2, 3]).MoveToOuterDisposeScope();
    }

    private sealed class InvertedResidual : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> block;
        private readonly bool hasShortcut;
        private readonly double drop;

        public InvertedResidual(bool fused, int inputs, int outputs, int expansion, int stride, double drop) : base(nameof(InvertedResidual))
        {
            this.drop = drop;
            hasShortcut = stride == 1 && inputs == outputs;
            var expanded = inputs * expansion;
            block = Sequential(
                fused && expansion == 1 ? [Conv(inputs, outputs, 3, Nonlinearity.Silu, stride)]
                : fused ? [Conv(inputs, expanded, 3, Nonlinearity.Silu, stride), Conv(expanded, outputs, 1)]
                : [
                    Conv(inputs, expanded, 1, Nonlinearity.Silu),
                    Conv(expanded, expanded, 3, Nonlinearity.Silu, stride, groups: expanded),
                    new SqueezeExcitation(expanded, inputs / 4, Nonlinearity.Silu, sigmoid_),
                    Conv(expanded, outputs, 1),
                ]);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = block.call(input);
            if (hasShortcut) x = StochasticDepth.Drop(x, drop, training).add_(input);
            return x.MoveToOuterDisposeScope();
        }

        private static ConvNormActivation Conv(long inputs, long outputs, long kernel, Func<Tensor, Tensor>? activation = null, long stride = 1, long groups = 1) =>
            new(inputs, outputs, kernel, activation, stride, groups, Epsilon);

        private static Tensor sigmoid_(Tensor x) => x.sigmoid_(); // its gradient needs only its output
    }
}
