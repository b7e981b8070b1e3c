using System.Globalization;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>
/// The model's tensors within what a pickle holds, wherever they are:
/// <list type="number">
/// <item>a pickled module is taken as a whole: parameters, persistent buffers and submodules, in the order of PyTorch's <c>state_dict()</c>;</item>
/// <item>in a dict (or list, or object with attributes), what lies under the first of the usual keys that leads to tensors;</item>
/// <item>else its own tensors, if no other entry leads to more of them;</item>
/// <item>else the one other entry that leads to tensors. Several are an error that lists them.</item>
/// </list>
/// Optimiser, scheduler and random states are passed over. The path of keys ("model.state_dict") is the checkpoint's <see
/// cref="Checkpoint.StateKey"/>.
/// </summary>
internal sealed record StateDict(string Key, IReadOnlyList<(string Name, PyTensor Tensor)> Tensors)
{
    // In the order of preference: what is certainly the whole model first, its parts and averaged copies last.
    private static readonly string[] UsualKeys =
    [
        "state_dict", "model_state_dict", "model_state", "model", "net", "network", "net_state_dict", "weights", "params", "parameters", "module",
        "encoder", "backbone", "trunk", "feature_extractor", "teacher", "student", "ema", "model_ema", "ema_state_dict", "state_dict_ema",
        "ema_model",
    ];

    private static readonly string[] OtherStates = ["optim", "scheduler", "scaler", "rng", "random_state"];
    private static readonly string[] Wrappers = ["module.", "_orig_mod."];

    // A file nests two or three levels (model, state_dict); this also ends structures that contain themselves.
    private const int DeepestNesting = 8;
    private const int LongestList = 1000;

    public static StateDict Find(object? root, PickleReader reader)
    {
        if (root is PyTensor)
            throw new UnreadableCheckpointException(
                "holds a single tensor without a name. Save a dict of names and tensors, as model.state_dict() gives it.");
        var candidates = Search(root, "", 0, new HashSet<object>(ReferenceEqualityComparer.Instance));
        return candidates switch
        {
            [] => throw new UnreadableCheckpointException(
                $"holds no state dict: no dict of named tensors and no module, but {Describe(root)}. Save one in Python: "
                + "torch.save(model.state_dict(), 'weights.pth')."),
            [{ Container: PyObject module } only] when ModuleTree.IsModule(module) =>
                new StateDict(only.Key, Unwrap(ModuleTree.Tensors(module, reader))),
            [var only] => new StateDict(only.Key, Unwrap([.. NamedTensors(only.Container)])),
            _ => throw new UnreadableCheckpointException(
                $"holds several state dicts, and none under a usual name: "
                + $"{string.Join(", ", candidates.Take(5).Select(one => $"'{Quote(one.Key)}' ({one.Count} tensors)"))}"
                + $"{(candidates.Count > 5 ? $" and {candidates.Count - 5} more" : "")}. Save the one to use alone: torch.save(checkpoint[...], "
                + "'weights.pth')."),
        };
    }

    /// <summary>Names and tensors of a state as the reader hands them on, each checked against its storage.</summary>
    public List<StoredTensor> Store(long fileLength, Func<PyStorage, StorageBytes> storage)
    {
        var stored = new List<StoredTensor>(Tensors.Count);
        foreach (var (name, tensor) in Tensors)
        {
            if (tensor.Refusal is not null || tensor.Element is null || tensor.Storage is null)
            {
                throw new UnreadableCheckpointException(
                    $"tensor '{Quote(name)}' is {tensor.Refusal}; dense tensors of the usual element types are read. Convert it in Python "
                    + "(dequantize(), to_dense(), float()) and save again.");
            }
            stored.Add(new StoredTensor(name, tensor.Element, tensor.Offset, tensor.Shape, tensor.Strides, storage(tensor.Storage), fileLength));
        }
        return stored;
    }

    /// <summary>Takes off what wrappers put in front of every name, however often they did.</summary>
    public static IReadOnlyList<(string Name, PyTensor Tensor)> Unwrap(IReadOnlyList<(string Name, PyTensor Tensor)> tensors)
    {
        var length = WrapperLength([.. tensors.Select(tensor => tensor.Name)]);
        return length == 0 ? tensors : [.. tensors.Select(tensor => (tensor.Name[length..], tensor.Tensor))];
    }

    /// <summary>Characters in front of every name that DataParallel or torch.compile put there.</summary>
    public static int WrapperLength(IReadOnlyList<string> names)
    {
        var length = 0;
        while (names.Count > 0 && Wrappers.FirstOrDefault(wrapper => names[0].AsSpan(length).StartsWith(wrapper)) is { } wrapper
            && names.All(name => name.Length > length + wrapper.Length && name.AsSpan(length).StartsWith(wrapper)))
        {
            length += wrapper.Length;
        }
        return length;
    }

    /// <summary>What a value is, in a few words for a message.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        PyTensor => "a tensor",
        PyDict { Entries.Count: 0 } => "an empty dict",
        PyDict dict => $"a dict of "
            + $"{string.Join(", ", dict.Entries.Take(5).Select(Entry))}{(dict.Entries.Count > 5 ? $" and {dict.Entries.Count - 5} more" : "")}",
        PyTuple or PyList => $"a list of {PickleCalls.Sequence(value)!.Count}",
        PyObject made => Kind(made),
        PyGlobal named => $"the name {Quote(named.FullName)}",
        string => "a text",
        byte[] => "bytes",
        _ => "a number",
    };

    private static string Entry(KeyValuePair<object?, object?> entry)
    {
        var key = entry.Key is string text ? $"'{Quote(text)}'" : "a key that is no text";
        return entry.Value is PyObject made ? $"{key} ({Kind(made)})" : key;
    }

    private static string Kind(PyObject made) =>
        made.Type.FullName is "numpy.core.multiarray._reconstruct" or "numpy.core.numeric._frombuffer" ? "a NumPy array" : $"an object of "
            + $"{Quote(made.Type.FullName)}";

    private static List<Candidate> Search(object? value, string path, int depth, HashSet<object> seen)
    {
        if (value is null || depth > DeepestNesting || !seen.Add(value)) return [];
        if (ModuleTree.IsModule(value)) return [new Candidate(path, value, ModuleTree.CountDirect((PyObject)value))];
        if (IsOptimiser(value)) return [];

        var entries = Entries(value);
        var byName = new Dictionary<string, object?>();
        foreach (var (key, content) in entries) byName[key] = content;
        foreach (var usual in UsualKeys)
        {
            if (!byName.TryGetValue(usual, out var content)) continue;
            if (Search(content, Join(path, usual), depth + 1, seen) is { Count: > 0 } found) return found;
        }
        var others = new List<Candidate>();
        foreach (var (key, content) in entries)
        {
            if (!IsOtherState(key)) others.AddRange(Search(content, Join(path, key), depth + 1, seen));
        }
        var own = NamedTensors(value).Count();
        return own > 0 && others.All(other => other.Count <= own) ? [new Candidate(path, value, own)] : others;
    }

    // What can hold a state dict, and under which key.
    private static IEnumerable<(string Key, object? Value)> Entries(object value) => value switch
    {
        PyTuple or PyList => PickleCalls.Sequence(value)!.Take(LongestList)
            .Select((item, i) => (i.ToString(CultureInfo.InvariantCulture), item)).Where(IsContainer),
        PyDict dict => TextEntries(dict).Where(IsContainer),
        PyObject made => TextEntries(made.Entries).Concat(TextEntries(made.Attributes)).Where(IsContainer),
        _ => [],
    };

    private static bool IsContainer((string Key, object? Value) entry) => entry.Value is PyDict or PyTuple or PyList or PyObject;

    private static IEnumerable<(string Name, PyTensor Tensor)> NamedTensors(object container)
    {
        var dict = container as PyDict ?? (container as PyObject)?.Entries;
        foreach (var (name, value) in TextEntries(dict))
            if (value is PyTensor tensor && !name.Contains("rng_state", StringComparison.OrdinalIgnoreCase)) yield return (name, tensor);
    }

    private static IEnumerable<(string Key, object? Value)> TextEntries(PyDict? dict)
    {
        if (dict is null) yield break;
        foreach (var entry in dict.Entries)
            if (entry.Key is string key) yield return (key, entry.Value);
    }

    private static bool IsOptimiser(object value) => value is PyDict dict && dict.TryGet("param_groups", out _) && dict.TryGet("state", out _);

    private static bool IsOtherState(string key) => Array.Exists(OtherStates, other =>
        key.StartsWith(other, StringComparison.OrdinalIgnoreCase) || key.Contains("_" + other, StringComparison.OrdinalIgnoreCase));

    // A key may be as long as the file, and many may follow it.
    private static string Join(string path, string key)
    {
        var shown = key.Length > 100 ? key[..100] : key;
        return path.Length == 0 ? shown : $"{path}.{shown}";
    }

    private sealed record Candidate(string Key, object Container, int Count);
}
