using ZooRank.Data;
using ZooRank.Models;
using static TorchSharp.torch;

namespace ZooRank.Features;

/// <param name="Features">What the model says about the probe.</param>
/// <param name="Cached">True where they came from the cache and no network ran.</param>
/// <param name="Caveats">What a reader of numbers made from them must know.</param>
public sealed record ModelFeatures(FeatureSet Features, bool Cached, IReadOnlyList<Caveat> Caveats)
{
    /// <summary>A model's features on a probe: from the cache, or by loading the network and running it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="probe">The images.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="cache">Where to look first and to keep the result; null for neither.</param>
    /// <param name="memoryBudget">See <see cref="FeatureExtractor.Extract"/>.</param>
    /// <param name="progress">Told after each chunk of images.</param>
    /// <param name="cancellation">Ends the work; nothing half done is kept.</param>
    public static ModelFeatures Of(
        LoadedModel model, ProbeSet probe, Device device, FeatureCache? cache = null, long? memoryBudget = null, IProgress<ExtractionProgress>? progress = null, CancellationToken cancellation = default)
    {
        var caveats = Preflight.Check(model, probe).ToList();   // also for features from the cache: the same caveats in every run
        if (cache?.Find(model, probe, device.type.ToString()) is { } kept) return Result(kept, cached: true);

        using var scope = NewDisposeScope();
        using var network = model.Network(device);
        var features = FeatureExtractor.Extract(network, model.Preprocessing, probe, device, memoryBudget, model.Layer, progress, cancellation);
        try
        {
            cache?.Keep(model, probe, device.type.ToString(), features);
        }
        catch (InvalidInputException e)
        {
            caveats.Add(new Caveat("not-cached", $"its features could not be kept for the next run: {e.Message}", model.Source.Id));   // the result is whole without
        }
        return Result(features, cached: false);

        ModelFeatures Result(FeatureSet set, bool cached)
        {
            if (model.Architecture is null && set.LogitWidth == 0)
                caveats.Add(new Caveat("output-as-features", "TorchScript whose last step is not a plain linear layer: its output serves as features, and it has no logits.", model.Source.Id));
            return new(set, cached, caveats);
        }
    }
}
