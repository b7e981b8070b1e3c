using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models;

/// <summary>
/// GoogLeNet (Szegedy et al., CVPR 2015, arXiv 1409.4842) with batch-norm and without the auxiliary heads, which only serve training from scratch.
/// </summary>
public sealed class GoogLeNet : SourceNetwork
{
    private static readonly double[] ImageNetMean = [0.485, 0.456, 0.406];
    private static readonly double[] ImageNetDeviation = [0.229, 0.224, 0.225];

    private readonly Unit conv1;
    private readonly Unit conv2;
    private readonly Unit conv3;
    private readonly Inception inception3a;
    private readonly Inception inception3b;
    private readonly Inception inception4a;
    private readonly Inception inception4b;
    private readonly Inception inception4c;
    private readonly Inception inception4d;
    private readonly Inception inception4e;
    private readonly Inception inception5a;
    private readonly Inception inception5b;

    public static Architecture Version1 { get; } = new()
    {
        Name = "googlenet",
        Create = classCount => new GoogLeNet(classCount),
        ParameterCount = 6_624_904,
        FeatureCount = 1024,
        Head = "fc",
        IgnoredPrefixes = ["aux1.", "aux2."],
        Paper = "Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich: Going Deeper with Convolutions. CVPR 2015, arXiv 1409.4842",
    };

    private GoogLeNet(int classCount) : base(nameof(GoogLeNet))
    {
        conv1 = new Unit(3, 64, kernel: 7, stride: 2);
        conv2 = new Unit(64, 64, kernel: 1);
        conv3 = new Unit(64, 192, kernel: 3);
        // The columns of the paper's Table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
        inception3a = new Inception(192, 64, 96, 128, 16, 32, 32);
        inception3b = new Inception(256, 128, 128, 192, 32, 96, 64);
        inception4a = new Inception(480, 192, 96, 208, 16, 48, 64);
        inception4b = new Inception(512, 160, 112, 224, 24, 64, 64);
        inception4c = new Inception(512, 128, 128, 256, 24, 64, 64);
        inception4d = new Inception(512, 112, 144, 288, 32, 64, 64);
        inception4e = new Inception(528, 256, 160, 320, 32, 128, 128);
        inception5a = new Inception(832, 256, 160, 320, 32, 128, 128);
        inception5b = new Inception(832, 384, 192, 384, 48, 128, 128);
        RegisterComponents();
        HeadDropout = 0.2;
        SetHead(this, "fc", 1024, LinearHead(1024, classCount));
        WeightInitialization.Apply(this, WeightInitialization.Normal(0.01), WeightInitialization.Normal(0.01));
    }

    /// <summary>
    /// Turns ImageNet's normalisation into the (x − 0.5)/0.5 of the TensorFlow original before the first layer. The official ImageNet weights need it;
    /// they were ported from there.
    /// </summary>
    public bool TransformInput { get; set; }

    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        var x = TransformInput ? ToTensorFlowNormalization(images) : images;
        x = max_pool2d(conv1.call(x), 3, stride: 2, ceil_mode: true);
        x = max_pool2d(conv3.call(conv2.call(x)), 3, stride: 2, ceil_mode: true);
        x = max_pool2d(inception3b.call(inception3a.call(x)), 3, stride: 2, ceil_mode: true);
        x = inception4e.call(inception4d.call(inception4c.call(inception4b.call(inception4a.call(x)))));
        x = max_pool2d(x, 2, stride: 2, ceil_mode: true);
        return inception5b.call(inception5a.call(x)).mean([2, 3]).MoveToOuterDisposeScope();
    }

    // Channel by channel with plain numbers: constants as tensors would have to be brought to the device on every pass.
    private static Tensor ToTensorFlowNormalization(Tensor images) =>
        cat([.. Enumerable.Range(0, 3).Select(c => images.narrow(dim: 1, c, 1).mul(ImageNetDeviation[c] / 0.5).add((ImageNetMean[c] - 0.5) / 0.5))], dim: 1);

    private sealed class Unit : Module<Tensor, Tensor>
    {
        private readonly Convolution conv;
        private readonly BatchNormalization bn;

        public Unit(long inputs, long outputs, long kernel, long stride = 1) : base(nameof(Unit))
        {
            conv = new Convolution(inputs, outputs, kernel, stride, padding: kernel / 2, bias: false);
            bn = new BatchNormalization(outputs, epsilon: 1e-3);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return bn.call(conv.call(input)).relu_().MoveToOuterDisposeScope();
        }
    }

    private sealed class Inception : Module<Tensor, Tensor>
    {
        private readonly Unit branch1;
        private readonly Module<Tensor, Tensor> branch2;
        private readonly Module<Tensor, Tensor> branch3;
        private readonly Module<Tensor, Tensor> branch4;

        public Inception(long inputs, long ones, long threesReduced, long threes, long fivesReduced, long fives, long pooled) : base(nameof(Inception))
        {
            branch1 = new Unit(inputs, ones, kernel: 1);
            branch2 = Sequential(new Unit(inputs, threesReduced, kernel: 1), new Unit(threesReduced, threes, kernel: 3));
            // The paper has 5x5 here. torchvision's weights are 3x3 (its issue 906), so this is too.
            branch3 = Sequential(new Unit(inputs, fivesReduced, kernel: 1), new Unit(fivesReduced, fives, kernel: 3));
            branch4 = Sequential(MaxPool2d(3, stride: 1, padding: 1, ceil_mode: true), new Unit(inputs, pooled, kernel: 1));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return cat([branch1.call(input), branch2.call(input), branch3.call(input), branch4.call(input)], dim: 1).MoveToOuterDisposeScope();
        }
    }
}
