using System.Text.RegularExpressions;
using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models;

/// <summary>Densely connected networks with bottlenecks and compression, DenseNet-BC (Huang et al., CVPR 2017, arXiv 1608.06993).</summary>
internal sealed partial class DenseNet : SourceNetwork
{
    private readonly Children features;
    private readonly Convolution conv0;
    private readonly BatchNormalization norm0;
    private readonly List<Module<Tensor, Tensor>> stages = [];
    private readonly BatchNormalization norm5;

    public static Architecture DenseNet121 { get; } = new()
    {
        Name = "densenet121",
        Create = classCount => new DenseNet([6, 12, 24, 16], growth: 32, stem: 64, classCount),
        ParameterCount = 7_978_856,
        FeatureCount = 1024,
        Head = "classifier",
        RenameKey = key => DottedDenseLayer().Replace(key, "$1$2"),
        Paper = "Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks. CVPR 2017, arXiv 1608.06993",
    };

    // The official files of 2017 were written when a module's name could hold a dot: "denselayer1.norm.1.weight" is "denselayer1.norm1.weight" today.
    [GeneratedRegex(@"(denselayer\d+\.(?:norm|conv))\.([12]\.)")]
    private static partial Regex DottedDenseLayer();

    private DenseNet(int[] depths, long growth, long stem, int classCount) : base(nameof(DenseNet))
    {
        conv0 = new Convolution(3, stem, kernel: 7, stride: 2, padding: 3, bias: false);
        norm0 = new BatchNormalization(stem);
        features = new Children((nameof(conv0), conv0), (nameof(norm0), norm0));
        var channels = stem;
        for (var i = 0; i < depths.Length; i++)
        {
            Add($"denseblock{i + 1}", new DenseBlock(channels, growth, depths[i]));
            channels += depths[i] * growth;
            if (i == depths.Length - 1) break;
            Add($"transition{i + 1}", new Transition(channels, channels / 2));
            channels /= 2;
        }
        features.register_module(nameof(norm5), norm5 = new BatchNormalization(channels));
        register_module(nameof(features), features);
        SetHead(this, "classifier", channels, LinearHead(channels, classCount));
        WeightInitialization.Apply(this, WeightInitialization.KaimingFanIn, zeroLinearBias: true);

        void Add(string key, Module<Tensor, Tensor> stage)
        {
            features.register_module(key, stage);
            stages.Add(stage);
        }
    }

    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        var x = norm0.call(conv0.call(images)).relu_();
        x = max_pool2d(x, 3, stride: 2, padding: 1);
        foreach (var stage in stages)
        {
            var next = stage.call(x);
            x.Dispose();
            x = next;
        }
        return norm5.call(x).relu_().mean([2, 3]).MoveToOuterDisposeScope();
    }

    /// <summary>Every layer sees the outputs of all before it; the block's output is all of them side by side.</summary>
    private sealed class DenseBlock : Module<Tensor, Tensor>
    {
        private readonly List<DenseLayer> layers = [];

        public DenseBlock(long inputs, long growth, int depth) : base(nameof(DenseBlock))
        {
            for (var i = 0; i < depth; i++)
            {
                var layer = new DenseLayer(inputs + (i * growth), growth);
                register_module($"denselayer{i + 1}", layer);
                layers.Add(layer);
            }
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = input;
            foreach (var layer in layers)
            {
                using var added = layer.call(x);
                var next = cat([x, added], dim: 1);
                if (!ReferenceEquals(x, input)) x.Dispose();
                x = next;
            }
            return x.MoveToOuterDisposeScope();
        }
    }

    private sealed class DenseLayer : Module<Tensor, Tensor>
    {
        private readonly BatchNormalization norm1;
        private readonly Convolution conv1;
        private readonly BatchNormalization norm2;
        private readonly Convolution conv2;

        public DenseLayer(long inputs, long growth) : base(nameof(DenseLayer))
        {
            norm1 = new BatchNormalization(inputs);
            conv1 = new Convolution(inputs, 4 * growth, kernel: 1, bias: false);
            norm2 = new BatchNormalization(4 * growth);
            conv2 = new Convolution(4 * growth, growth, kernel: 3, padding: 1, bias: false);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = conv1.call(norm1.call(input).relu_());
            return conv2.call(norm2.call(x).relu_()).MoveToOuterDisposeScope();
        }
    }

    private sealed class Transition : Module<Tensor, Tensor>
    {
        private readonly BatchNormalization norm;
        private readonly Convolution conv;

        public Transition(long inputs, long outputs) : base(nameof(Transition))
        {
            norm = new BatchNormalization(inputs);
            conv = new Convolution(inputs, outputs, kernel: 1, bias: false);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return avg_pool2d(conv.call(norm.call(input).relu_()), 2, stride: 2).MoveToOuterDisposeScope();
        }
    }
}
