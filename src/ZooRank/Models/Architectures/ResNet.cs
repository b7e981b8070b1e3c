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
        CreateStacked = copies => new ResNet([2, 2, 2, 2], classCount: 0, copies),
        ParameterCount = 11_689_512,
        FeatureCount = 512,
        Head = "fc",
        Paper = "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition. CVPR 2016, arXiv 1512.03385",
    };

    // Copies side by side are groups of channels: every layer is as many times as wide, and no group sees another.
    private ResNet(int[] depths, int classCount, int copies = 1) : base(nameof(ResNet))
    {
        conv1 = new Convolution(3 * copies, 64 * copies, kernel: 7, stride: 2, padding: 3, groups: copies, bias: false);
        bn1 = new BatchNormalization(64 * copies);
        layer1 = Stage(64, 64, depths[0], stride: 1, copies);
        layer2 = Stage(64, 128, depths[1], stride: 2, copies);
        layer3 = Stage(128, 256, depths[2], stride: 2, copies);
        layer4 = Stage(256, 512, depths[3], stride: 2, copies);
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

    private static Module<Tensor, Tensor> Stage(long inputs, long outputs, int depth, long stride, int copies) =>
        Sequential(Enumerable.Range(0, depth).Select(i => (Module<Tensor, Tensor>)new BasicBlock(i == 0 ? inputs : outputs, outputs, i == 0 ? stride : 1, copies)).ToArray());

    private sealed class BasicBlock : Module<Tensor, Tensor>
    {
        private readonly Convolution conv1;
        private readonly BatchNormalization bn1;
        private readonly Convolution conv2;
        private readonly BatchNormalization bn2;
        private readonly ConvNormActivation? downsample;

        public BasicBlock(long inputs, long outputs, long stride, int copies) : base(nameof(BasicBlock))
        {
            var (wideIn, wideOut) = (inputs * copies, outputs * copies);
            conv1 = new Convolution(wideIn, wideOut, kernel: 3, stride, padding: 1, groups: copies, bias: false);
            bn1 = new BatchNormalization(wideOut);
            conv2 = new Convolution(wideOut, wideOut, kernel: 3, padding: 1, groups: copies, bias: false);
            bn2 = new BatchNormalization(wideOut);
            if (stride != 1 || inputs != outputs) downsample = new ConvNormActivation(wideIn, wideOut, kernel: 1, activation: null, stride, groups: copies);
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
