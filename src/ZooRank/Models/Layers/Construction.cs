using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ZooRank.Models.Layers;

/// <summary>
/// Where the weights of a network under construction are made. Ordinarily on the CPU; on the meta device where only names and shapes are wanted:
/// nothing is allocated and nothing initialised, so that even VGG's 133 million parameters cost milliseconds.
/// </summary>
internal static class Construction
{
    [ThreadStatic] private static bool shapesOnly, filledLater;

    /// <summary>Whether new weights are to be drawn.</summary>
    public static bool DrawsWeights => !shapesOnly && !filledLater;

    /// <summary>The device for new weights; null is the default.</summary>
    public static Device? Device => shapesOnly ? META : null;

    /// <summary>A parameter that outlives the dispose scope in which its network happens to be made.</summary>
    public static Parameter Parameter(Tensor values, bool requiresGrad = true)
    {
        var parameter = nn.Parameter(values, requiresGrad);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>On the meta device: names and shapes.</summary>
    public static T WithoutValues<T>(Func<T> create) => With(ref shapesOnly, create);

    /// <summary>Where every weight is filled from elsewhere: drawing them first takes longer than reading them.</summary>
    public static T FilledLater<T>(Func<T> create) => With(ref filledLater, create);

    private static T With<T>(ref bool flag, Func<T> create)
    {
        var before = flag;
        flag = true;
        try { return create(); }
        finally { flag = before; }
    }
}
