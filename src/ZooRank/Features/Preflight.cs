using System.Globalization;
using ZooRank.Data;
using ZooRank.Imaging;
using ZooRank.Models;
using static TorchSharp.torch;

namespace ZooRank.Features;

/// <summary>
/// Is a model fed as it was trained? Its first batch-norm knows mean and variance of the first convolution's outputs in training; a sample of the probe shows
/// what they are now, and what they would be under the usual other normalisations. Speaks only where the signs are plain (docs/method.md has the measured rates).
/// </summary>
public static class Preflight
{
    // Spread over the probe.
    private const int SampleSize = 32;

    // Measured: rightly fed, a stem varies 0.37 to 1.9 times as in training, whatever the images; with a range mistaken, 22 times and more.
    private const double MostSpread = 8;

    // A candidate is named for a range if it brings the spread near to where rightly fed stems are.
    private const double FittingSpread = 4;

    // Misfit of what is stated, fit of what is proposed. Of stems rightly fed and over 0.7, the nearest wrong proposal was at 0.25.
    private const double Misfit = 0.7, Fit = 0.15, Ratio = 3;

    private static readonly (string Words, float[] Mean, float[] Std)[] Usual =
    [
        ("mean and std 0.5", [.. Preprocessing.Half.Mean], [.. Preprocessing.Half.Std]),
        ("ImageNet's mean and std", [.. Preprocessing.ImageNet.Mean], [.. Preprocessing.ImageNet.Std]),
        ("plain values 0 to 1", [0, 0, 0], [1, 1, 1]),
        ("plain values 0 to 255", [0, 0, 0], [1f / 255, 1f / 255, 1f / 255]),
        ("values 0 to 255 less ImageNet's means (as Caffe)", [123.68f / 255, 116.779f / 255, 103.939f / 255], [1f / 255, 1f / 255, 1f / 255]),
    ];

    /// <summary>Checks a model against a sample of the probe: no caveat where all looks right, where the signs are weak, or where nothing can be checked.</summary>
    public static IReadOnlyList<Caveat> Check(LoadedModel model, ProbeSet probe)
    {
        using var scope = NewDisposeScope();
        if (model.Stem() is not { } stem) return [];
        if (stem.Untouched) return Judge(model.Source.Id, stem, null, model.Preprocessing, model.TransformInput);
        // Always on the CPU, so that caveats do not hang on the device.
        var count = Math.Min(SampleSize, probe.Count);
        var images = Enumerable.Range(0, count).SelectMany(i => probe.Load((int)((long)i * probe.Count / count), 1, model.Preprocessing.InputSize)).ToList();
        var plain = model.Preprocessing with { Mean = [0, 0, 0], Std = [1, 1, 1] };
        return Judge(model.Source.Id, stem, StemResponse.Of(stem, plain.Apply(images)), model.Preprocessing, model.TransformInput);
    }

    internal static IReadOnlyList<Caveat> Judge(string id, Stem stem, StemResponse? response, Preprocessing stated, bool transformInput = false)
    {
        if (stem.Untouched || response is null)
            return [new("batch-norm-untouched", "its first batch-norm has means 0 and variances 1, as before any training: the statistics were not saved, or the weights are random. Use another checkpoint.", id)];

        StemFit FitOf(IReadOnlyList<float> mean, IReadOnlyList<float> std)
        {
            var input = InputScaling.Of(mean, std);
            return StemFit.Of(stem, response.Under(transformInput ? input.Then(GoogLeNetTransform) : input));
        }
        var now = FitOf(stated.Mean, stated.Std);
        var (words, mean, std, best) = Usual.Select(u => (u.Words, u.Mean, u.Std, Fit: FitOf(u.Mean, u.Std))).MinBy(u => u.Fit.Distance);
        var statedWords = $"mean {Numbers(stated.Mean)} and std {Numbers(stated.Std)}";
        var remedy = $"--mean {Numbers(mean)} --std {Numbers(std)}, or in zoo.json";
        if (now.Spread is > MostSpread or < 1 / MostSpread)
        {
            var factor = now.Spread > 1 ? $"{Short(now.Spread)} times as much on these images as" : $"{Short(1 / now.Spread)} times less on these images than";
            var advice = best.Spread is > 1 / FittingSpread and < FittingSpread
                ? $"Of the usual normalisations {words} come closest: {remedy}. {(std[0] < 0.1 ? "Weights of that range often want blue first, which cannot be seen here. " : "")}Its scores mean nothing until then."
                : "None of the usual normalisations fits either: check mean, std, and that white is white in the images (12 bits stored in 16 are dark).";
            return [new("range-mismatch", $"with {statedWords}, its first convolution varies {factor} in its training. {advice}", id)];
        }
        if (now.Distance > Misfit && best.Distance < Fit && now.Distance > Ratio * best.Distance)
        {
            return [new("normalisation-mismatch", $"{words} fit what its first batch-norm saw in training (distance {Short(best.Distance)}), the stated {statedWords} do not ({Short(now.Distance)}). If you are not sure of them: {remedy}.", id)];
        }
        return [];
    }

    // torchvision's transform_input: from ImageNet's normalisation to (x − 0.5) ÷ 0.5.
    private static InputScaling GoogLeNetTransform { get; } = new(
        [.. Preprocessing.ImageNet.Std.Select(s => s / 0.5)], [.. Preprocessing.ImageNet.Mean.Select(m => (m - 0.5) / 0.5)]);

    private static string Numbers(IEnumerable<float> values) => string.Join(",", values.Select(v => v.ToString("0.#####", CultureInfo.InvariantCulture)));

    private static string Short(double value) => value.ToString(value < 10 ? "0.00" : "0", CultureInfo.InvariantCulture);
}
