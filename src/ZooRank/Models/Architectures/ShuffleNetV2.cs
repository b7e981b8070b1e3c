using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models;

/// <summary>ShuffleNetV2 (Ma et al., ECCV 2018, arXiv 1807.11164): half of the channels pass through a block untouched, then both halves are interleaved.</summary>
internal sealed class ShuffleNetV2 : SourceNetwork
{
    private readonly Module<Tensor, Tensor> conv1;
    private readonly Module<Tensor, Tensor> stage2;
    private readonly Module<Tensor, Tensor> stage3;
    private readonly Module<Tensor, Tensor> stage4;
    private readonly Module<Tensor, Tensor> conv5;

    public static Architecture HalfWidth { get; } = new()
    {
        Name = "shufflenet_v2_x0_5",
        Create = classCount => new ShuffleNetV2([48, 96, 192], classCount),
        ParameterCount = 1_366_792,
        FeatureCount = 1024,
        Head = "fc",
        Paper = "Ma, Zhang, Zheng, Sun: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design. ECCV 2018, arXiv 1807.11164",
    };

    private ShuffleNetV2(long[] widths, int classCount) : base(nameof(ShuffleNetV2))
    {
        conv1 = Sequential(new Convolution(3, 24, kernel: 3, stride: 2, padding: 1, bias: false), new BatchNormalization(24), ReLU(inplace: true));
        stage2 = Stage(24, widths[0], depth: 4);
        stage3 = Stage(widths[0], widths[1], depth: 8);
        stage4 = Stage(widths[1], widths[2], depth: 4);
        conv5 = Sequential(new Convolution(widths[2], 1024, kernel: 1, bias: false), new BatchNormalization(1024), ReLU(inplace: true));
        RegisterComponents();
        SetHead(this, "fc", 1024, LinearHead(1024, classCount));
    }

    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        var x = max_pool2d(conv1.call(images), 3, stride: 2, padding: 1);
        x = conv5.call(stage4.call(stage3.call(stage2.call(x))));
        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }

    private static Module<Tensor, Tensor> Stage(long inputs, long outputs, int depth) =>
        Sequential(Enumerable.Range(0, depth).Select(i => (Module<Tensor, Tensor>)new Unit(i == 0 ? inputs : outputs, outputs, i == 0 ? 2 : 1)).ToArray());

    private sealed class Unit : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor>? branch1; // only where the unit halves the image
        private readonly Module<Tensor, Tensor> branch2;

        public Unit(long inputs, long outputs, long stride) : base(nameof(Unit))
        {
            var half = outputs / 2;
            if (stride > 1)
            {
                branch1 = Sequential(
                    new Convolution(inputs, inputs, kernel: 3, stride, padding: 1, groups: inputs, bias: false), new BatchNormalization(inputs),
                    new Convolution(inputs, half, kernel: 1, bias: false), new BatchNormalization(half), ReLU(inplace: true));
            }
            branch2 = Sequential(
                new Convolution(stride > 1 ? inputs : half, half, kernel: 1, bias: false), new BatchNormalization(half), ReLU(inplace: true),
                new Convolution(half, half, kernel: 3, stride, padding: 1, groups: half, bias: false), new BatchNormalization(half),
                new Convolution(half, half, kernel: 1, bias: false), new BatchNormalization(half), ReLU(inplace: true));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            Tensor left, right;
            if (branch1 is null)
            {
                var halves = input.chunk(2, dim: 1);
                (left, right) = (halves[0], branch2.call(halves[1]));
            }
            else
            {
                (left, right) = (branch1.call(input), branch2.call(input));
            }
            // Interleaving by stacking: N x C/2 x 2 x H x W read as N x C x H x W. One copy; joining and then shuffling would be two.
            var (n, c, h, w) = (right.shape[0], right.shape[1], right.shape[2], right.shape[3]);
            return stack([left, right], dim: 2).reshape(n, 2 * c, h, w).MoveToOuterDisposeScope();
        }
    }
}
