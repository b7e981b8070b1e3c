using static TorchSharp.torch.nn;

namespace ZooRank.Models.Layers;

/// <summary>Named children and no forward of its own, for owners that call them one by one or add to them later.</summary>
internal sealed class Children : Module
{
    public Children(params (string Key, Module Child)[] children) : base(nameof(Children))
    {
        foreach (var (key, child) in children) register_module(key, child);
    }
}
