using System.Runtime.CompilerServices;
using ZooRank.Checkpoints;
using ZooRank.Models.Layers;

namespace ZooRank.Models;

/// <summary>The tensors of an architecture's state, in registration order, known without its weights.</summary>
internal sealed class StateLayout
{
    private static readonly ConditionalWeakTable<Architecture, StateLayout> Known = [];

    private readonly HashSet<string> perClass;

    private StateLayout(Architecture architecture)
    {
        // What differs between a head of one class and one of two is what has a row per class.
        Tensors = Describe(architecture, classCount: 1);
        perClass = [.. Tensors.Zip(Describe(architecture, classCount: 2)).Where(pair => !pair.First.Shape.SequenceEqual(pair.Second.Shape)).Select(pair => pair.First.Name)];
        Head = [.. Tensors.Select(t => t.Name).Where(name => name.StartsWith(architecture.Head + ".", StringComparison.Ordinal))];
        Names = Tensors.ToDictionary(t => t.Name);
    }

    /// <summary>Names and shapes, with one class in the head.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    public IReadOnlyDictionary<string, TensorEntry> Names { get; }

    public HashSet<string> Head { get; }

    /// <summary>The head's tensor whose rows are the classes.</summary>
    public string ClassWeight => perClass.Single(name => Names[name].Shape.Count == 2);

    public static StateLayout Of(Architecture architecture) => Known.GetValue(architecture, static a => new StateLayout(a));

    /// <summary>The shape of a tensor of the state where the head has this many classes.</summary>
    public IReadOnlyList<long> Shape(string name, int classCount)
    {
        var shape = Names[name].Shape;
        return perClass.Contains(name) ? [classCount, .. shape.Skip(1)] : shape;
    }

    private static List<TensorEntry> Describe(Architecture architecture, int classCount)
    {
        using var network = Construction.WithoutValues(() => architecture.Create(classCount));
        return [.. network.state_dict().Select(pair => new TensorEntry(pair.Key, pair.Value.dtype, [.. pair.Value.shape]))];
    }
}
