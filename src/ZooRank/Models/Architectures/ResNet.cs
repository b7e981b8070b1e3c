using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models;

/// <summary>Residual networks of basic blocks (He et al., CVPR 2016, arXiv 1512.03385).</summary>
internal sealed class ResNet : SourceNetwork
{
    private readonly Convolution conv1;
    private readonly BatchNormalization bn1;
    private readonly Module<Tensor, Tensor> layer1;
    private readonly Module<Tensor, Tensor> layer2;
    private readonly Module<Tensor, Tensor> layer3;
    private readonly Module<Tensor, Tensor> layer4;

    public static Architecture ResNet18 { get; } = new()
    {
        Name = "resnet18",
        Create = classCount => new ResNet([2, 2, 2, 2], classCount),
        ParameterCount = 11_689_512,
        FeatureCount = 512,
        Head = "fc",
        Paper = "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition. CVPR 2016, arXiv 1512.03385",
    };

    private ResNet(int[] depths, int classCount) : base(nameof(ResNet))
    {
        conv1 = new Convolution(3, 64, kernel: 7, stride: 2, padding: 3, bias: false);
        bn1 = new BatchNormalization(64);
        layer1 = Stage(64, 64, depths[0], stride: 1);
        layer2 = Stage(64, 128, depths[1], stride: 2);
        layer3 = Stage(128, 256, depths[2], stride: 2);
        layer4 = Stage(256, 512, depths[3], stride: 2);
        RegisterComponents();
        SetHead(this, "fc", 512, LinearHead(512, classCount));
        WeightInitialization.Apply(this, WeightInitialization.KaimingFanOut);
    }

    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        var x = bn1.call(conv1.call(images)).relu_();
        x = max_pool2d(x, 3, stride: 2, padding: 1);
        x = layer4.call(layer3.call(layer2.call(layer1.call(x))));
        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }

    private static Module<Tensor, Tensor> Stage(long inputs, long outputs, int depth, long stride) =>
        Sequential(Enumerable.Range(0, depth).Select(i => (Module<Tensor, Tensor>)new BasicBlock(i == 0 ? inputs : outputs, outputs, i == 0 ? stride : 1)).ToArray());

    private sealed class BasicBlock : Module<Tensor, Tensor>
    {
        private readonly Convolution conv1;
        private readonly BatchNormalization bn1;
        private readonly Convolution conv2;
        private readonly BatchNormalization bn2;
        private readonly ConvNormActivation? downsample;

        public BasicBlock(long inputs, long outputs, long stride) : base(nameof(BasicBlock))
        {
            conv1 = new Convolution(inputs, outputs, kernel: 3, stride, padding: 1, bias: false);
            bn1 = new BatchNormalization(outputs);
            conv2 = new Convolution(outputs, outputs, kernel: 3, padding: 1, bias: false);
            bn2 = new BatchNormalization(outputs);
            if (stride != 1 || inputs != outputs) downsample = new ConvNormActivation(inputs, outputs, kernel: 1, activation: null, stride);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = bn1.call(conv1.call(input)).relu_();
            x = bn2.call(conv2.call(x));
            x = x.add_(downsample?.call(input) ?? input);
            return x.relu_().MoveToOuterDisposeScope();
        }
    }
}
