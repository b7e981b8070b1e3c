using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>
/// The state dict of a module that was pickled as a whole (torch.save(model)): its class is not needed, its attributes say everything.
/// </summary>
internal static class ModuleTree
{
    // Networks nest below 20 deep; the other limits keep modules that contain themselves or each other many times from costing more than their file
    // pays for.
    private const int Deepest = 100;
    private const int LongestName = 1000;

    public static bool IsModule(object? value) =>
        value is PyObject { Attributes: { } attributes }
        && attributes.TryGet("_parameters", out var parameters) && Dict(parameters) is not null && attributes.TryGet("_modules", out _);

    /// <summary>Tensors of the module itself, for comparison in messages.</summary>
    public static int CountDirect(PyObject module) => Own(module).Count();

    public static IReadOnlyList<(string Name, PyTensor Tensor)> Tensors(PyObject module, PickleReader reader)
    {
        var tensors = Collect(module, reader, Own, Children);
        return tensors.Count > 0 ? tensors : throw new UnreadableCheckpointException(
            $"holds a module of the class {Quote(module.Type.FullName)} without a single tensor. Save the trained model's state_dict().");
    }

    /// <summary>Walks a tree of objects: a node's own tensors first, then its children's, with dotted names.</summary>
    public static List<(string Name, PyTensor Tensor)> Collect(
        PyObject root,
        PickleReader reader,
        Func<PyObject, IEnumerable<(string Name, PyTensor Value)>> own,
        Func<PyObject, IEnumerable<(string Name, PyObject Value)>> children)
    {
        var found = new List<(string, PyTensor)>();
        Visit(root, "", 0);
        return found;

        void Visit(PyObject node, string prefix, int depth)
        {
            if (depth > Deepest) throw reader.Damaged($"its modules are nested deeper than {Deepest}, or contain themselves");
            reader.Charge(1);
            foreach (var (name, tensor) in own(node)) found.Add((Join(prefix, name), tensor));
            foreach (var (name, child) in children(node)) Visit(child, Join(prefix, name) + ".", depth + 1);
        }

        string Join(string prefix, string name)
        {
            if (prefix.Length + name.Length > LongestName) throw reader.Damaged($"a tensor's name is longer than {LongestName} characters");
            reader.Charge(1 + (prefix.Length + name.Length) / 16);
            return prefix + name;
        }
    }

    public static IEnumerable<(string Name, T Value)> Named<T>(PyDict dict)
    {
        foreach (var entry in dict.Entries)
            if (entry is { Key: string name, Value: T value }) yield return (name, value);
    }

    private static IEnumerable<(string Name, PyTensor Value)> Own(PyObject module)
    {
        var parameters = Dict(Attribute(module, "_parameters")) is { } held ? Named<PyTensor>(held) : [];
        var passing = PickleCalls.Sequence(Attribute(module, "_non_persistent_buffers_set"))?.OfType<string>().ToHashSet() ?? [];
        var buffers = Dict(Attribute(module, "_buffers")) is { } kept ? Named<PyTensor>(kept).Where(buffer => !passing.Contains(buffer.Name)) : [];
        return parameters.Concat(buffers);
    }

    private static IEnumerable<(string Name, PyObject Value)> Children(PyObject module) =>
        Dict(Attribute(module, "_modules")) is { } children ? Named<PyObject>(children).Where(child => IsModule(child.Value)) : [];

    private static object? Attribute(PyObject module, string name) =>
        module.Attributes is { } attributes && attributes.TryGet(name, out var value) ? value : null;

    private static PyDict? Dict(object? value) => value as PyDict ?? (value as PyObject)?.Entries;
}
