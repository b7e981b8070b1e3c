using ZooRank.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace ZooRank.Models;

/// <summary>VGG without batch-norm (Simonyan and Zisserman, ICLR 2015, arXiv 1409.1556): plain 3×3 convolutions and three wide linear layers.</summary>
internal sealed class Vgg : SourceNetwork
{
    private readonly Module<Tensor, Tensor> features;
    private readonly Children classifier;
    private readonly List<Module<Tensor, Tensor>> hidden = [];

    public static Architecture Vgg11 { get; } = new()
    {
        Name = "vgg11",
        Create = classCount => new Vgg([[64], [128], [256, 256], [512, 512], [512, 512]], classCount),
        ParameterCount = 132_863_336,
        FeatureCount = 4096,
        Head = "classifier.6",
        Paper = "Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition. ICLR 2015, arXiv 1409.1556",
    };

    private Vgg(long[][] stages, int classCount) : base(nameof(Vgg))
    {
        var parts = new List<Module<Tensor, Tensor>>();
        long channels = 3;
        foreach (var stage in stages)
        {
            foreach (var outputs in stage)
            {
                parts.Add(new Convolution(channels, outputs, kernel: 3, padding: 1));
                parts.Add(ReLU(inplace: true));
                channels = outputs;
            }
            parts.Add(MaxPool2d(2, stride: 2));
        }
        features = Sequential(parts);
        hidden.Add(Linear(channels * 7 * 7, 4096, device: Construction.Device));
        hidden.Add(Linear(4096, 4096, device: Construction.Device));
        classifier = new Children(("0", hidden[0]), ("3", hidden[1]));
        RegisterComponents();
        HeadDropout = 0.5;
        SetHead(classifier, "6", 4096, LinearHead(4096, classCount));
        WeightInitialization.Apply(this, WeightInitialization.KaimingFanOut, WeightInitialization.Normal(0.01), zeroConvolutionBias: true, zeroLinearBias: true);
    }

    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        var x = adaptive_avg_pool2d(features.call(images), 7).flatten(start_dim: 1);
        x = dropout(hidden[0].call(x).relu_(), 0.5, training);
        return hidden[1].call(x).relu_().MoveToOuterDisposeScope();
    }
}
