using System.Text;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>
/// The calls that a checkpoint's pickle may ask for, each answered here with plain data. Whatever is not listed is refused by its name: a pickle can
/// ask for any function of Python with any arguments, and that is how a "weights file" takes over a machine.
/// </summary>
internal static class PickleCalls
{
    public const string Advice =
        "Nothing was run. If you trust where it comes from, save its state dict alone (in Python: torch.save(model.state_dict(), 'weights.pth')); "
        + "if not, delete it.";

    // A class whose values travel beside weights (settings, counters, random states). They are kept as they are written and never looked at.
    private static readonly HashSet<string> Inert =
    [
        "argparse.Namespace", "builtins.complex", "builtins.range", "builtins.xrange", "builtins.slice", "builtins.object", "functools.partial",
        "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone",
        "decimal.Decimal", "fractions.Fraction", "uuid.UUID",
        "numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar", "numpy.core.numeric._frombuffer", "numpy.dtype", "numpy.ndarray",
        "numpy.random.__RandomState_ctor", "numpy.random._pickle.__randomstate_ctor", "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__bit_generator_ctor",
        "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath",
        "pathlib._local.Path", "pathlib._local.PosixPath", "pathlib._local.WindowsPath", "pathlib._local.PurePosixPath",
        "pathlib._local.PureWindowsPath",
        "torch.device", "torch.Generator", "torch.serialization._get_layout",
    ];

    /// <summary>A call (REDUCE) of a global.</summary>
    public static object? Call(PickleReader reader, PyGlobal function, PyTuple arguments)
    {
        var items = arguments.Items;
        var first = items.Length > 0 ? items[0] : null;
        switch (function.FullName)
        {
            case "torch._utils._rebuild_tensor":
            case "torch._utils._rebuild_tensor_v2":
                return Tensor(reader, items, dtype: null, metadata: items.Length > 6 ? items[6] as PyDict : null);
            case "torch._utils._rebuild_tensor_v3":
                var dtype = items.Length > 6 ? items[6] as PyGlobal : null;
                return Tensor(reader, items, dtype, metadata: items.Length > 7 ? items[7] as PyDict : null);
            case "torch._utils._rebuild_parameter":
            case "torch._utils._rebuild_parameter_with_state":
            case "torch.nn.parameter.Parameter": // PyTorch 0.3 calls the class itself
            case "torch.autograd.variable.Variable":
                return first as PyTensor ?? throw reader.Damaged("a parameter has no tensor");
            case "torch._tensor._rebuild_from_type_v2":
                return FromType(reader, items);
            case "torch._utils._rebuild_qtensor":
                return PyTensor.Refused("a quantised tensor");
            case "torch._utils._rebuild_sparse_tensor":
            case "torch._utils._rebuild_sparse_csr_tensor":
                return PyTensor.Refused("a sparse tensor");
            case "torch._utils._rebuild_nested_tensor":
                return PyTensor.Refused("a nested tensor");
            case "torch._utils._rebuild_meta_tensor_no_storage":
                return PyTensor.Refused("a tensor without values (device 'meta')");
            case "torch._utils._rebuild_wrapper_subclass":
                return PyTensor.Refused("a wrapper around tensors");
            case "torch._utils._rebuild_device_tensor_from_numpy":
            case "torch._utils._rebuild_xla_tensor":
                return PyTensor.Refused("a tensor of another device kept as a NumPy array");

            case "collections.OrderedDict":
            case "builtins.dict":
            case "collections.Counter":
                return Dict(reader, first);
            case "collections.defaultdict": // its argument is the default's factory
                return new PyDict();
            case "builtins.list":
            case "builtins.tuple":
            case "builtins.set":
            case "builtins.frozenset":
            case "collections.deque":
            case "torch.Size":
                return Sequence(first) is { Count: > 0 } ? first : new PyList();
            case "builtins.int":
            case "builtins.float":
            case "builtins.bool":
            case "builtins.str":
            case "builtins.long": // Python 2
            case "builtins.unicode":
            case "torch.jit._pickle.build_intlist":
            case "torch.jit._pickle.build_doublelist":
            case "torch.jit._pickle.build_boollist":
            case "torch.jit._pickle.build_tensorlist":
            case "torch.jit._pickle.restore_type_tag":
                return first;
            case "builtins.bytes":
            case "builtins.bytearray":
            case "_codecs.encode": // how protocol 2 writes bytes: text whose characters are the bytes
                if (first is not string text) return first as byte[] ?? [];
                reader.Charge(text.Length);
                return Encoding.Latin1.GetBytes(text);

            case "copyreg._reconstructor":
                return Reconstruct(first as PyGlobal ?? throw reader.Damaged("an object has no class"), items);
            case "copyreg.__newobj__":
                return New(first as PyGlobal ?? throw reader.Damaged("an object has no class"), arguments);
            case "torch.storage._load_from_bytes":
                throw new UnreadableCheckpointException(
                    "was written with Python's pickle.dump, which puts a second pickle inside the first for each tensor; "
                    + "torch.save files, TorchScript and safetensors are read. Load it in Python and write it with torch.save(model.state_dict(), "
                    + "'weights.pth').");
            case var name when Inert.Contains(name)
                || name.StartsWith("numpy.dtypes.", StringComparison.Ordinal) || name.StartsWith("__torch__.", StringComparison.Ordinal):
                return new PyObject(function, arguments);
            case var name:
                throw new UnreadableCheckpointException(
                    $"refused: its pickle would call {Quote(name)}; a checkpoint of weights calls nothing of the kind. {Advice}");
        }
    }

    /// <summary>An object made without calling its class (NEWOBJ): a container, or an inert object of whatever class it names.</summary>
    public static object New(PyGlobal type, PyTuple arguments) => type.FullName switch
    {
        "collections.OrderedDict" or "builtins.dict" or "collections.defaultdict" or "collections.Counter" => new PyDict(),
        "builtins.list" or "builtins.set" or "builtins.frozenset" or "collections.deque" => new PyList(),
        "torch.Size" or "builtins.tuple" when arguments.Items is [PyTuple or PyList] => arguments.Items[0]!,
        _ => new PyObject(type, arguments),
    };

    public static IReadOnlyList<object?>? Sequence(object? value) => value switch
    {
        PyTuple tuple => tuple.Items,
        PyList list => list.Items,
        _ => null,
    };

    private static object Reconstruct(PyGlobal type, object?[] items)
    {
        var made = New(type, PyTuple.Empty);
        // (class, base, the base's value): a class derived from dict or list carries that.
        if (made is PyObject instance && items.Length > 2)
        {
            instance.Entries = items[2] as PyDict;
            instance.Items = items[2] as PyList;
        }
        return made;
    }

    private static PyDict Dict(PickleReader reader, object? from)
    {
        if (from is PyDict counted) return counted;
        var dict = new PyDict();
        if (Sequence(from) is not { } pairs) return dict;
        reader.Charge(pairs.Count);
        foreach (var pair in pairs)
        {
            if (Sequence(pair) is not { Count: 2 } entry) throw reader.Damaged("a dict is made of what are no pairs");
            dict.Set(entry[0], entry[1]);
        }
        return dict;
    }

    // (function, class, its arguments, state): how PyTorch writes tensors of classes derived from Tensor, and plain ones that carry attributes.
    private static PyTensor FromType(PickleReader reader, object?[] items)
    {
        if (items is not [PyGlobal function, PyGlobal type, PyTuple arguments, ..])
            throw reader.Damaged("a tensor is not rebuilt from a function, a class and arguments");
        if (function.FullName == "torch._tensor._rebuild_from_type_v2") throw reader.Damaged("a tensor's class is given twice");
        if (Call(reader, function, arguments) is not PyTensor tensor) throw reader.Damaged("a tensor is rebuilt by a function that makes none");
        return type.FullName is "torch.Tensor" or "torch.nn.parameter.Parameter" or "torch.nn.parameter.Buffer"
            ? tensor
            : tensor with { Refusal = tensor.Refusal ?? $"a tensor of the class {Quote(type.FullName)}" };
    }

    // (storage, offset, shape, strides, requires_grad, hooks[, dtype][, metadata])
    private static PyTensor Tensor(PickleReader reader, object?[] items, PyGlobal? dtype, PyDict? metadata)
    {
        if (items is not [PyStorage storage, long offset, var sizes, var steps, ..]) throw reader.Damaged("a tensor has no storage");
        var shape = Numbers(reader, sizes);
        var strides = Numbers(reader, steps);
        if (shape.Length != strides.Length) throw reader.Damaged($"a tensor has {shape.Length} dimensions and {strides.Length} strides");

        var element = dtype is null ? ElementType.OfStorage(storage.Type) : ElementType.OfName(dtype.Name);
        var refusal = element is null ? $"of the element type {Quote(dtype?.FullName ?? storage.Type)}" : null;
        if (Flag(metadata, "conj")) refusal = "a conjugate that PyTorch has not computed yet (call resolve_conj() before saving)";
        if (Flag(metadata, "neg")) refusal = "a negative that PyTorch has not computed yet (call resolve_neg() before saving)";
        return new PyTensor(storage, element, offset, shape, strides, refusal);
    }

    private static bool Flag(PyDict? metadata, string name) => metadata is not null && metadata.TryGet(name, out var value) && value is true;

    private static long[] Numbers(PickleReader reader, object? value)
    {
        if (Sequence(value) is not { } items) throw reader.Damaged("a tensor has no shape");
        if (items.Count > StoredTensor.MostDimensions)
            throw reader.Damaged($"a tensor has {items.Count} dimensions; {StoredTensor.MostDimensions} are allowed");
        var numbers = new long[items.Count];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = items[i] is long number ? number : throw reader.Damaged("a tensor's shape has something else than whole numbers");
        return numbers;
    }
}
