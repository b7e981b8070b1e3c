namespace ZooRank.Checkpoints;

/// <summary>
/// The state of a TorchScript module: its pickle is a tree of objects whose attributes are tensors and submodules; the archive's code says which of
/// the tensors are parameters and buffers (others are constants of the program).
/// </summary>
internal static class TorchScript
{
    public static StateDict State(object? root, PickleReader reader, TorchScriptClasses classes)
    {
        if (root is not PyObject module)
            throw new UnreadableCheckpointException(
                $"is a TorchScript archive without a module: it holds {StateDict.Describe(root)}. Save the scripted module with torch.jit.save.");
        var tensors = ModuleTree.Collect(module, reader, Own, Children);
        if (tensors.Count == 0) throw new UnreadableCheckpointException(
            "is a TorchScript module without parameters: they were frozen into its code (torch.jit.freeze). Use the module before freezing, or its "
            + "state dict.");
        return new StateDict("", StateDict.Unwrap(tensors));

        IEnumerable<(string Name, PyTensor Value)> Own(PyObject node)
        {
            var tensors = node.Attributes is { } attributes ? ModuleTree.Named<PyTensor>(attributes) : [];
            return classes.State(node.Type) is { } state ? tensors.Where(tensor => state.Contains(tensor.Name)) : tensors;
        }

        IEnumerable<(string Name, PyObject Value)> Children(PyObject node) =>
            node.Attributes is { } attributes ? ModuleTree.Named<PyObject>(attributes).Where(child => IsScripted(child.Value.Type)) : [];

        static bool IsScripted(PyGlobal type) => type.Module.StartsWith("__torch__", StringComparison.Ordinal);
    }
}
