namespace ZooRank.Checkpoints;

// What a pickle says, as plain data. None is null; bool, long, BigInteger, double, string and byte[] stand for themselves.
// Containers start without memory of their own: one byte of a pickle makes one, and a file must not cost a large multiple of its length.

/// <summary>A class or function that a pickle names. It is never looked up, let alone called.</summary>
internal sealed class PyGlobal(string module, string name)
{
    private string? full;

    public string Module => module;

    public string Name => name;

    /// <summary>In today's spelling: Python 2's and older NumPy's and PyTorch's module names are brought to one.</summary>
    public string FullName => full ??= $"{CurrentModule}.{name}";

    private string CurrentModule => module switch
    {
        "__builtin__" => "builtins",
        "copy_reg" => "copyreg",
        "torch.tensor" => "torch._tensor",
        _ when module.StartsWith("numpy._core", StringComparison.Ordinal) => string.Concat("numpy.core", module.AsSpan("numpy._core".Length)),
        _ => module,
    };
}

internal sealed class PyTuple(object?[] items)
{
    public static PyTuple Empty { get; } = new([]);

    public object?[] Items => items;
}

/// <summary>A list or a set.</summary>
internal sealed class PyList
{
    private List<object?>? items;

    public IReadOnlyList<object?> Items => items ?? (IReadOnlyList<object?>)[];

    public void Add(object? item) => (items ??= []).Add(item);
}

/// <summary>A dict in the order of insertion. Only text keys are looked up; others are kept as they come.</summary>
internal sealed class PyDict
{
    // Below this, looking through all is cheaper than an index.
    private const int Few = 8;

    private List<KeyValuePair<object?, object?>>? entries;
    private Dictionary<string, int>? index;

    public IReadOnlyList<KeyValuePair<object?, object?>> Entries => entries ?? (IReadOnlyList<KeyValuePair<object?, object?>>)[];

    public void Set(object? key, object? value)
    {
        entries ??= [];
        if (key is string text)
        {
            if (Find(text) is var place and >= 0)
            {
                entries[place] = new(text, value);
                return;
            }
            if (index is null && entries.Count >= Few) index = BuildIndex();
            index?.Add(text, entries.Count);
        }
        entries.Add(new(key, value));
    }

    public bool TryGet(string key, out object? value)
    {
        var place = Find(key);
        value = place < 0 ? null : entries![place].Value;
        return place >= 0;
    }

    private int Find(string key)
    {
        if (index is not null) return index.GetValueOrDefault(key, -1);
        // Without an index there are few text keys, but numbers may be many.
        if (entries is null) return -1;
        if (entries.Count > Few)
        {
            index = BuildIndex();
            return index.GetValueOrDefault(key, -1);
        }
        return entries.FindIndex(entry => entry.Key is string text && text == key);
    }

    private Dictionary<string, int> BuildIndex()
    {
        var built = new Dictionary<string, int>();
        for (var i = 0; i < entries!.Count; i++)
            if (entries[i].Key is string text) built.TryAdd(text, i);
        return built;
    }
}

/// <summary>An object of a class that is not ours: its class's name, what it would have been made from, and its state. Inert.</summary>
internal sealed class PyObject(PyGlobal type, object? arguments)
{
    public PyGlobal Type => type;

    public object? Arguments => arguments;

    public object? State { get; set; }

    /// <summary>Entries of an object whose class is a kind of dict.</summary>
    public PyDict? Entries { get; set; }

    /// <summary>Items of an object whose class is a kind of list or set.</summary>
    public PyList? Items { get; set; }

    /// <summary>The attributes, also where the class has slots: its state is then (attributes, slots).</summary>
    public PyDict? Attributes => State as PyDict ?? (State is PyTuple { Items: [PyDict attributes, _] } ? attributes : null);
}

/// <summary>A storage that a tensor refers to: which, of what, and how much.</summary>
/// <param name="Type">The storage's class, as "FloatStorage".</param>
/// <param name="Key">Its name within the file.</param>
/// <param name="Count">Elements that the pickle says it has; the file decides.</param>
/// <param name="ViewOffset">Of a legacy file's view of another storage: where it starts, in elements.</param>
/// <param name="ViewCount">Its length in elements, or null where it is no view.</param>
internal sealed record PyStorage(string Type, string Key, long Count, long ViewOffset = 0, long? ViewCount = null);

/// <summary>A tensor as its pickle rebuilds it; nothing is checked against the storage yet.</summary>
/// <param name="Storage">Null, as everything else, where the tensor is refused.</param>
/// <param name="Element">Null where TorchSharp lacks the type: <paramref name="Refusal"/> then says so.</param>
/// <param name="Offset">Elements of the storage before the first.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Strides">In elements, one per dimension.</param>
/// <param name="Refusal">What it is instead of a dense tensor ("a quantised tensor"), or null.</param>
internal sealed record PyTensor(PyStorage? Storage, ElementType? Element, long Offset, long[] Shape, long[] Strides, string? Refusal = null)
{
    public static PyTensor Refused(string what) => new(null, null, 0, [], [], what);
}
