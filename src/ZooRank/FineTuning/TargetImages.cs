using ZooRank.Data;
using ZooRank.Imaging;
using ZooRank.Training;
using static TorchSharp.torch;

namespace ZooRank.FineTuning;

/// <summary>A target's images at the size that some models want: those to train and to select on stay on the device, those to test on stay in main memory where they fit.</summary>
public sealed class TargetImages : IDisposable
{
    private const int TestPart = 2048;

    private readonly FineTuningTarget target;
    private readonly Preprocessing preprocessing;
    private readonly List<ResidentImages> test = [];
    private readonly bool keepTest;
    private readonly Dictionary<Preprocessing, Normalisation> normalisations = [];

    private TargetImages(FineTuningTarget target, Preprocessing preprocessing, Device device, CancellationToken cancellation)
    {
        (this.target, this.preprocessing, Device) = (target, preprocessing, device);
        Train = ResidentImages.Load(target.Dataset, Split.Train, target.Train.Indices, preprocessing, device, cancellation: cancellation);
        Validation = ResidentImages.Load(target.Dataset, Split.Validation, target.Validation, preprocessing, device, cancellation: cancellation);
        keepTest = target.Test.Count * 3L * preprocessing.InputSize * preprocessing.InputSize < FreeMemory.Bytes() / 4;
    }

    public Device Device { get; }

    public ResidentImages Train { get; }

    public ResidentImages Validation { get; }

    /// <summary>C: outputs that the head needs.</summary>
    public int OutputCount => target.Dataset.ClassNames.Count;

    public bool IsMultiLabel => target.Dataset.Kind == TaskKind.MultiLabel;

    /// <summary>Reads the images.</summary>
    public static TargetImages Load(FineTuningTarget target, Preprocessing preprocessing, Device device, CancellationToken cancellation = default) => new(target, preprocessing, device, cancellation);

    /// <summary>Whether these serve a model of that preprocessing too.</summary>
    public bool Fit(Preprocessing other) => (other.InputSize, other.Resize) == (preprocessing.InputSize, preprocessing.Resize);

    /// <summary>Normalises a batch of them as a model wants it: N×C×S×S bytes on the device to N×3×S×S float32.</summary>
    internal Tensor Normalise(Preprocessing preprocessing, Tensor pixels)
    {
        if (!normalisations.TryGetValue(preprocessing, out var normalisation)) normalisations.Add(preprocessing, normalisation = new Normalisation(preprocessing, Device));
        return normalisation.Apply(pixels);
    }

    /// <summary>The test images, part by part, in main memory; a part may be gone when the next is asked for.</summary>
    public IEnumerable<ResidentImages> TestParts(CancellationToken cancellation)
    {
        var parts = target.Test.Chunk(TestPart).ToList();
        for (var i = 0; i < parts.Count; i++)
        {
            if (i < test.Count)
            {
                yield return test[i];
                continue;
            }
            var part = ResidentImages.Load(target.Dataset, Split.Test, parts[i], preprocessing, CPU, cancellation: cancellation);
            if (keepTest)
            {
                test.Add(part);
                yield return part;
                continue;
            }
            using (part) yield return part;
        }
    }

    public void Dispose()
    {
        Train.Dispose();
        Validation.Dispose();
        foreach (var part in test) part.Dispose();
        foreach (var normalisation in normalisations.Values) normalisation.Dispose();
    }
}
