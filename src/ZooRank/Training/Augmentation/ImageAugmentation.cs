namespace ZooRank.Training.Augmentation;

/// <summary>A part of an image, in pixels from its top left corner.</summary>
public readonly record struct CropBox(int Top, int Left, int Height, int Width)
{
    // The defaults of torchvision's RandomResizedCrop.
    private const double SmallestShare = 0.08, NarrowestRatio = 3.0 / 4, WidestRatio = 4.0 / 3;
    private const int Tries = 10;

    /// <summary>
    /// A random box as torchvision's <c>RandomResizedCrop.get_params</c> draws it: its share of the area uniform in 0.08 … 1, its width ÷ height log-uniform in 3/4 … 4/3, its
    /// place uniform. After ten boxes that do not fit it is the largest one in the middle whose proportions are allowed.
    /// </summary>
    internal static CropBox Draw(ref CounterRandom random, int height, int width)
    {
        for (var i = 0; i < Tries; i++)
        {
            var area = random.Uniform(SmallestShare, 1) * height * width;
            var ratio = Math.Exp(random.Uniform(Math.Log(NarrowestRatio), Math.Log(WidestRatio)));
            var (w, h) = (Round(Math.Sqrt(area * ratio)), Round(Math.Sqrt(area / ratio)));
            if (w > 0 && w <= width && h > 0 && h <= height) return new(random.Below(height - h + 1), random.Below(width - w + 1), h, w);
        }
        var (boxHeight, boxWidth) = ((double)width / height) switch
        {
            < NarrowestRatio => (Round(width / NarrowestRatio), width),
            > WidestRatio => (height, Round(height * WidestRatio)),
            _ => (height, width),
        };
        return new((height - boxHeight) / 2, (width - boxWidth) / 2, boxHeight, boxWidth);
    }

    // A half goes to the even number, as in Python.
    private static int Round(double x) => (int)Math.Round(x, MidpointRounding.ToEven);
}

/// <summary>What is done to one image in one epoch: the random choices of the published training pipeline (arXiv 2412.20172; docs/method.md), in its order.</summary>
public readonly record struct ImageAugmentation
{
    private const double LargestAngle = 5;

    /// <summary>Left and right are exchanged.</summary>
    public bool Flip { get; init; }

    /// <summary>What is cut out, after the flip, and resized to the network's input.</summary>
    public required CropBox Crop { get; init; }

    /// <summary>Degrees, counter-clockwise, about the centre.</summary>
    public double Angle { get; init; }

    /// <summary>Sharpness is doubled.</summary>
    public bool Sharpen { get; init; }

    /// <summary>Each channel is stretched to 0 … 255.</summary>
    public bool Autocontrast { get; init; }

    /// <summary>Each channel's histogram is made even.</summary>
    public bool Equalise { get; init; }

    /// <summary>
    /// The choices for one image in one epoch, which depend on nothing but the arguments: not on the batch, the order, or the device. Flip, sharpness, autocontrast and
    /// equalisation with probability 0.5 each, the angle uniform in 0 … 5°.
    /// </summary>
    /// <param name="seed">Of the run.</param>
    /// <param name="epoch">From 0.</param>
    /// <param name="image">The image's index in the training set.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    public static ImageAugmentation Draw(long seed, long epoch, long image, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        var random = new CounterRandom(seed, epoch, image);
        return new()
        {
            Flip = random.Coin(),
            Angle = random.Uniform(0, LargestAngle),
            Sharpen = random.Coin(),
            Autocontrast = random.Coin(),
            Equalise = random.Coin(),
            Crop = CropBox.Draw(ref random, height, width),
        };
    }
}
