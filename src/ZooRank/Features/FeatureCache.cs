using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ZooRank.Data;
using ZooRank.Files;
using ZooRank.Models;

namespace ZooRank.Features;

/// <summary>
/// Feature sets by the content that they were made of: checkpoint, preprocessing, layer, probe images and labels, kind of device. What has been computed once is read
/// the next time, and no network runs. Each is a file of its own that can be deleted at any time.
/// </summary>
public sealed class FeatureCache(string folder)
{
    // Raised whenever extraction changes what it computes.
    private const int Version = 1;

    /// <summary>The user's cache.</summary>
    public static FeatureCache OfUser => new(Folders.FeatureCache);

    /// <summary>The features of a model on a probe, if they are here and whole.</summary>
    public FeatureSet? Find(LoadedModel model, ProbeSet probe, string device)
    {
        var path = PathOf(model, probe, device);
        try
        {
            // The same images may lie at other places of another data set, which may have more classes.
            return File.Exists(path) && FeatureFile.ReadExtracted(path) is { } set && set.Labels.SequenceEqual(probe.Labels) && set.MultiLabels.SequenceEqual(probe.MultiLabels)
                ? set with { Indices = probe.Indices, ClassCount = probe.ClassCount } : null;
        }
        catch (InvalidInputException)
        {
            return null;   // damaged: made again
        }
    }

    public void Keep(LoadedModel model, ProbeSet probe, string device, FeatureSet set) => FeatureFile.Write(PathOf(model, probe, device), set);

    private string PathOf(LoadedModel model, ProbeSet probe, string device)
    {
        var p = model.Preprocessing;
        string Numbers(IEnumerable<float> values) => string.Join(",", values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));
        var key = string.Create(CultureInfo.InvariantCulture,
            $"{Version}|{model.Sha256}|{model.ArchitectureName}|{model.TransformInput}|{Numbers(p.Mean)}|{Numbers(p.Std)}|{p.InputSize}|{p.Resize}|{probe.ContentHash}|{device}{(model.Layer is { } layer ? "|" + layer : "")}");
        return Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32] + ".npz");
    }
}
