using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ZooRank.Models;

/// <summary>MobileNetV3 (Howard et al., ICCV 2019, arXiv 1905.02244). Its head is the whole classifier block: the features are the pooled channels before it.</summary>
internal sealed class MobileNetV3 : SourceNetwork
{
    // Of the TensorFlow original, as the paper's training had them.
    private const double Epsilon = 1e-3;
    private const double Momentum = 0.01;

    private readonly Module<Tensor, Tensor> features;

    /// <summary>A row of the paper's Tables 1 and 2.</summary>
    private sealed record Row(int Kernel, int Expanded, int Outputs, bool Squeezes, bool HardSwish, int Stride);

    public static Architecture Small { get; } = new()
    {
        Name = "mobilenet_v3_small",
        Create = classCount => new MobileNetV3(
            [
                new(3, 16, 16, true, false, 2), new(3, 72, 24, false, false, 2), new(3, 88, 24, false, false, 1),
                new(5, 96, 40, true, true, 2), new(5, 240, 40, true, true, 1), new(5, 240, 40, true, true, 1),
                new(5, 120, 48, true, true, 1), new(5, 144, 48, true, true, 1),
                new(5, 288, 96, true, true, 2), new(5, 576, 96, true, true, 1), new(5, 576, 96, true, true, 1),
            ],
            hidden: 1024, classCount),
        ParameterCount = 2_542_856,
        FeatureCount = 576,
        Head = "classifier",
        Paper = "Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, Adam: Searching for MobileNetV3. ICCV 2019, arXiv 1905.02244",
    };

    private MobileNetV3(Row[] rows, long hidden, int classCount) : base(nameof(MobileNetV3))
    {
        const int stem = 16;
        var last = rows[^1].Outputs * 6;
        features = Sequential((Module<Tensor, Tensor>[])
        [
            new ConvNormActivation(3, stem, kernel: 3, Nonlinearity.HardSwish, stride: 2, epsilon: Epsilon, momentum: Momentum),
            .. rows.Select((row, i) => new InvertedResidual(i == 0 ? stem : rows[i - 1].Outputs, row)),
            new ConvNormActivation(rows[^1].Outputs, last, kernel: 1, Nonlinearity.HardSwish, epsilon: Epsilon, momentum: Momentum),
        ]);
        RegisterComponents();
        SetHead(this, "classifier", last, classCount == 0 ? null : Sequential(
            Linear(last, hidden, device: Construction.Device), Hardswish(inplace: true), Dropout(0.2, inplace: true),
            Linear(hidden, classCount, device: Construction.Device)));
        WeightInitialization.Apply(this, WeightInitialization.KaimingFanOut, WeightInitialization.Normal(0.01), zeroConvolutionBias: true, zeroLinearBias: true);
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

        public InvertedResidual(int inputs, Row row) : base(nameof(InvertedResidual))
        {
            hasShortcut = row.Stride == 1 && inputs == row.Outputs;
            Func<Tensor, Tensor> activation = row.HardSwish ? Nonlinearity.HardSwish : Nonlinearity.Relu;
            var parts = new List<Module<Tensor, Tensor>>();
            if (row.Expanded != inputs) parts.Add(Conv(inputs, row.Expanded, 1, activation));
            parts.Add(Conv(row.Expanded, row.Expanded, row.Kernel, activation, row.Stride, groups: row.Expanded));
            if (row.Squeezes) parts.Add(new SqueezeExcitation(row.Expanded, MultipleOfEight(row.Expanded / 4), Nonlinearity.Relu, x => x.hardsigmoid()));
            parts.Add(Conv(row.Expanded, row.Outputs, 1));
            block = Sequential(parts);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = block.call(input);
            return (hasShortcut ? x.add_(input) : x).MoveToOuterDisposeScope();
        }

        private static ConvNormActivation Conv(long inputs, long outputs, long kernel, Func<Tensor, Tensor>? activation = null, long stride = 1, long groups = 1) =>
            new(inputs, outputs, kernel, activation, stride, groups, Epsilon, Momentum);

        // The nearest multiple of 8, but never less than nine tenths of the number.
        private static int MultipleOfEight(int count)
        {
            var rounded = Math.Max(8, (count + 4) / 8 * 8);
            return rounded < 0.9 * count ? rounded + 8 : rounded;
        }
    }
}
