using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models;

/// <summary>ConvNeXt (Liu et al., CVPR 2022, arXiv 2201.03545): a residual network with the shapes of a Swin transformer. It has no batch-norm.</summary>
internal sealed class ConvNeXt : SourceNetwork
{
    private const double Epsilon = 1e-6;

    private readonly Module<Tensor, Tensor> features;
    private readonly Children classifier;
    private readonly LayerNormalization norm;

    public static Architecture Tiny { get; } = new()
    {
        Name = "convnext_tiny",
        Create = classCount => new ConvNeXt([3, 3, 9, 3], [96, 192, 384, 768], drop: 0.1, classCount),
        ParameterCount = 28_589_128,
        FeatureCount = 768,
        Head = "classifier.2",
        Paper = "Liu, Mao, Wu, Feichtenhofer, Darrell, Xie: A ConvNet for the 2020s. CVPR 2022, arXiv 2201.03545",
    };

    private ConvNeXt(int[] depths, int[] widths, double drop, int classCount) : base(nameof(ConvNeXt))
    {
        var parts = new List<Module<Tensor, Tensor>>
        {
            Sequential(new Convolution(3, widths[0], kernel: 4, stride: 4), new LayerNormalization(widths[0], Epsilon, channelsSecond: true)),
        };
        var blockCount = depths.Sum();
        var block = 0;
        for (var stage = 0; stage < depths.Length; stage++)
        {
            var width = widths[stage];
            parts.Add(Sequential(Enumerable.Range(0, depths[stage]).Select(_ => (Module<Tensor, Tensor>)new Block(width, drop * block++ / (blockCount - 1))).ToArray()));
            if (stage < depths.Length - 1)
                parts.Add(Sequential(new LayerNormalization(width, Epsilon, channelsSecond: true), new Convolution(width, widths[stage + 1], kernel: 2, stride: 2)));
        }
        features = Sequential(parts);
        norm = new LayerNormalization(widths[^1], Epsilon);
        classifier = new Children(("0", norm));
        register_module(nameof(features), features);
        register_module(nameof(classifier), classifier);
        SetHead(classifier, "2", widths[^1], LinearHead(widths[^1], classCount));
        WeightInitialization.Apply(this, WeightInitialization.Normal(0.02), WeightInitialization.Normal(0.02), zeroConvolutionBias: true, zeroLinearBias: true);
    }

    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        return norm.call(features.call(images).mean([2, 3])).MoveToOuterDisposeScope();
    }

    private sealed class Block : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Parameter layer_scale; // C x 1 x 1
        private readonly Children block;
        private readonly double drop;
        private readonly Module<Tensor, Tensor>[] steps;

        public Block(long width, double drop) : base(nameof(Block))
        {
            this.drop = drop;
            layer_scale = Construction.Parameter(full([width, 1, 1], 1e-6, dtype: ScalarType.Float32, device: Construction.Device));
            var device = Construction.Device;
            steps =
            [
                new Convolution(width, width, kernel: 7, padding: 3, groups: width), new LayerNormalization(width, Epsilon),
                Linear(width, 4 * width, device: device), Linear(4 * width, width, device: device),
            ];
            block = new Children(("0", steps[0]), ("2", steps[1]), ("3", steps[2]), ("5", steps[3]));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = steps[1].call(steps[0].call(input).permute(0, 2, 3, 1)); // N x H x W x C: the linear layers act on the channels
            x = steps[3].call(gelu(steps[2].call(x))).permute(0, 3, 1, 2);
            x = StochasticDepth.Drop(layer_scale * x, drop, training);
            return x.add_(input).MoveToOuterDisposeScope();
        }
    }
}
