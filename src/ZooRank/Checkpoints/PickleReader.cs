using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>
/// Reads the pickles that PyTorch writes (protocols 0 to 5) into plain data. It runs no code: the few functions that rebuild tensors and containers
/// are known by name (<see cref="PickleCalls"/>), objects of other classes stay inert, and a call of anything else is refused. Time and memory are
/// bounded by the pickle's length: nothing is copied more often than that pays for.
/// </summary>
/// <remarks>Opcodes: Python's Lib/pickletools.py.</remarks>
internal sealed class PickleReader(PickleInput input, Func<object?, object?>? resolvePersistent = null)
{
    // PyTorch's own are below 60 characters; users' modules are no longer than a file path.
    private const int LongestName = 256;
    // Python's own limit for whole numbers written as text is 4300 digits; parsing takes the square of the length.
    private const int LongestNumber = 1024;
    // A pickle of protocol 0 writes text in lines; tensors' names are short.
    private const int LongestLine = 1 << 16;

    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly List<object?> memo = [];
    private readonly Dictionary<(string Module, string Name), PyGlobal> globals = [];
    private long instructions;
    private long copied;

    /// <summary>Reads one pickle, up to and with its STOP; the input stands behind it.</summary>
    public object? Read()
    {
        stack.Clear();
        marks.Clear();
        memo.Clear();
        while (true)
        {
            var instruction = input.Byte();
            instructions++;
            if (instruction == (byte)'.') return Pop();
            Execute(instruction);
        }
    }

    public UnreadableCheckpointException Damaged(string what) => input.Damaged(what);

    /// <summary>
    /// Notes that so many elements are copied. A pickle that names one list a thousand times would otherwise make a thousand copies of it.
    /// </summary>
    public void Charge(long elements)
    {
        copied += elements;
        if (copied > input.Length) throw Damaged("it repeats its own contents beyond measure");
    }

    private void Execute(byte instruction)
    {
        switch (instruction)
        {
            case 0x80: // PROTO
                if (input.Byte() is var protocol and > 5) throw Damaged($"it has protocol {protocol}; 2 to 5 are known");
                break;
            case 0x95: // FRAME: only a hint to read ahead
                if (input.UInt64() is var frame && frame > (ulong)input.Remaining)
                    throw Damaged($"a frame of {frame} bytes is announced where {input.Remaining} are left");
                break;
            case (byte)'(':
                marks.Add(stack.Count);
                break;
            case (byte)'0': // POP; directly after a MARK it takes that
                if (marks.Count > 0 && marks[^1] == stack.Count) marks.RemoveAt(marks.Count - 1);
                else Pop();
                break;
            case (byte)'1': // POP_MARK
                TakeMarked();
                break;
            case (byte)'2': // DUP
                stack.Add(Top());
                break;

            case (byte)'N': stack.Add(null); break;
            case 0x88: stack.Add(true); break;
            case 0x89: stack.Add(false); break;
            case (byte)'J': stack.Add((long)input.Int32()); break;
            case (byte)'K': stack.Add((long)input.Byte()); break;
            case (byte)'M': stack.Add((long)input.UInt16()); break;
            case (byte)'G': stack.Add(input.BigEndianDouble()); break;
            case 0x8a: PushWholeNumber(input.Byte()); break; // LONG1
            case 0x8b: PushWholeNumber(input.UInt32()); break; // LONG4
            case (byte)'I': // INT, which also writes truth values
                if (input.Line(LongestNumber) is var digits && digits is "00" or "01") stack.Add(digits == "01");
                else PushWholeNumber(digits);
                break;
            case (byte)'L': PushWholeNumber(input.Line(LongestNumber).TrimEnd('L')); break;
            case (byte)'F': stack.Add(Fraction(input.Line(LongestNumber))); break;

            case 0x8c: stack.Add(Text(input.Byte())); break; // SHORT_BINUNICODE
            case (byte)'X': stack.Add(Text(input.UInt32())); break; // BINUNICODE
            case 0x8d: stack.Add(Text(input.UInt64())); break; // BINUNICODE8
            case (byte)'V': stack.Add(input.Line(LongestLine)); break; // UNICODE
            case (byte)'U': stack.Add(Text(input.Byte())); break; // SHORT_BINSTRING: Python 2's text
            case (byte)'T': stack.Add(Text(input.UInt32())); break; // BINSTRING
            case (byte)'S': stack.Add(Quoted(input.Line(LongestLine))); break; // STRING
            case (byte)'C': stack.Add(input.Bytes(input.Byte()).ToArray()); break; // SHORT_BINBYTES
            case (byte)'B': stack.Add(input.Bytes(input.UInt32()).ToArray()); break; // BINBYTES
            case 0x8e: // BINBYTES8
            case 0x96: // BYTEARRAY8
                stack.Add(input.Bytes(input.UInt64()).ToArray());
                break;

            case (byte)')': stack.Add(PyTuple.Empty); break;
            case 0x85: TupleOf(1); break;
            case 0x86: TupleOf(2); break;
            case 0x87: TupleOf(3); break;
            case (byte)'t': stack.Add(new PyTuple(TakeMarked())); break;
            case (byte)']': // EMPTY_LIST
            case 0x8f: // EMPTY_SET
                stack.Add(new PyList());
                break;
            case (byte)'l': // LIST
            case 0x91: // FROZENSET
                var made = new PyList();
                foreach (var item in TakeMarked()) made.Add(item);
                stack.Add(made);
                break;
            case (byte)'}': stack.Add(new PyDict()); break;
            case (byte)'d': // DICT
                var entries = TakeMarked();
                var dict = new PyDict();
                SetPairs(dict, entries);
                stack.Add(dict);
                break;
            case (byte)'a': // APPEND
                var appended = Pop();
                ListAtTop().Add(appended);
                break;
            case (byte)'e': // APPENDS
            case 0x90: // ADDITEMS
                var items = TakeMarked();
                var list = ListAtTop();
                foreach (var item in items) list.Add(item);
                break;
            case (byte)'s': // SETITEM
                var value = Pop();
                var key = Pop();
                DictAtTop().Set(key, value);
                break;
            case (byte)'u': // SETITEMS
                var pairs = TakeMarked();
                SetPairs(DictAtTop(), pairs);
                break;

            case (byte)'q': Memorise(input.Byte()); break; // BINPUT
            case (byte)'r': Memorise(input.UInt32()); break; // LONG_BINPUT
            case (byte)'p': Memorise(MemoNumber()); break; // PUT
            case 0x94: Memorise(memo.Count); break; // MEMOIZE
            case (byte)'h': stack.Add(Remembered(input.Byte())); break; // BINGET
            case (byte)'j': stack.Add(Remembered(input.UInt32())); break; // LONG_BINGET
            case (byte)'g': stack.Add(Remembered(MemoNumber())); break; // GET

            case (byte)'c': // GLOBAL
                var module = input.Line(LongestName);
                stack.Add(Global(module, input.Line(LongestName)));
                break;
            case 0x93: // STACK_GLOBAL
                var name = Pop() as string;
                stack.Add(Pop() is string from && name is not null ? Global(from, name) : throw Damaged("a global has no name"));
                break;
            case (byte)'R': // REDUCE
                var arguments = Pop() as PyTuple ?? throw Damaged("a call has no arguments");
                stack.Add(PickleCalls.Call(this, PopGlobal(), arguments));
                break;
            case 0x81: // NEWOBJ
                var newArguments = Pop() as PyTuple ?? throw Damaged("a new object has no arguments");
                stack.Add(PickleCalls.New(PopGlobal(), newArguments));
                break;
            case 0x92: // NEWOBJ_EX
                Pop();
                var positional = Pop() as PyTuple ?? throw Damaged("a new object has no arguments");
                stack.Add(PickleCalls.New(PopGlobal(), positional));
                break;
            case (byte)'b': // BUILD
                var state = Pop();
                Build(state);
                break;
            case (byte)'i': // INST
                var instanceModule = input.Line(LongestName);
                var instanceType = Global(instanceModule, input.Line(LongestName));
                stack.Add(PickleCalls.Call(this, instanceType, new PyTuple(TakeMarked())));
                break;
            case (byte)'o': // OBJ
                var parts = TakeMarked();
                if (parts is not [PyGlobal type, ..]) throw Damaged("an object has no class");
                stack.Add(PickleCalls.Call(this, type, new PyTuple(parts[1..])));
                break;

            case (byte)'Q': // BINPERSID
                if (resolvePersistent is null) throw new UnreadableCheckpointException(
                    "its pickle refers to data outside itself where a checkpoint has none. It was not written by torch.save; save the state dict "
                    + "with torch.save.");
                stack.Add(resolvePersistent(Pop()));
                break;
            case (byte)'P': // PERSID
                throw new UnreadableCheckpointException(
                    $"refused: its pickle refers to outside data by the text '{Quote(input.Line(LongestName))}'; "
                    + "torch.save writes no such reference. Save the state dict with torch.save.");
            case 0x82 or 0x83 or 0x84: // EXT1, EXT2, EXT4
                throw new UnreadableCheckpointException(
                    "refused: its pickle uses a registered extension code (EXT), which torch.save never does. Save the state dict with torch.save.");
            case 0x97 or 0x98: // NEXT_BUFFER, READONLY_BUFFER
                throw new UnreadableCheckpointException(
                    "refused: its pickle keeps data in out-of-band buffers, which a file does not hold. Save the state dict with torch.save.");
            default:
                throw Damaged($"0x{instruction:x2} is no pickle instruction");
        }
    }

    private int TakeMark()
    {
        if (marks.Count == 0) throw Damaged("a mark is missing");
        var mark = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        return mark;
    }

    private object?[] TakeMarked()
    {
        var start = TakeMark();
        var taken = CollectionsMarshal.AsSpan(stack)[start..].ToArray();
        stack.RemoveRange(start, taken.Length);
        return taken;
    }

    // What lies below the last mark belongs to another value.
    private object? Top() => stack.Count > (marks.Count > 0 ? marks[^1] : 0) ? stack[^1] : throw Damaged("a value is missing");

    private object? Pop()
    {
        var value = Top();
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private PyGlobal PopGlobal() => Pop() switch
    {
        PyGlobal global => global,
        PyObject made => throw new UnreadableCheckpointException(
            $"refused: its pickle would call an object of {Quote(made.Type.FullName)}; a checkpoint of weights calls nothing of the kind. "
            + $"{PickleCalls.Advice}"),
        _ => throw Damaged("what is called is no function"),
    };

    private void TupleOf(int count)
    {
        var items = new object?[count];
        for (var i = count - 1; i >= 0; i--) items[i] = Pop();
        stack.Add(new PyTuple(items));
    }

    private PyList ListAtTop() => Top() switch
    {
        PyList list => list,
        PyObject made => made.Items ??= new PyList(),
        _ => throw Damaged("items are added to what is no list"),
    };

    private PyDict DictAtTop() => Top() switch
    {
        PyDict dict => dict,
        PyObject made => made.Entries ??= new PyDict(),
        _ => throw Damaged("entries are set in what is no dict"),
    };

    private void SetPairs(PyDict dict, object?[] pairs)
    {
        if (pairs.Length % 2 != 0) throw Damaged("a dict's last key has no value");
        for (var i = 0; i < pairs.Length; i += 2) dict.Set(pairs[i], pairs[i + 1]);
    }

    // Of other values (a state dict's _metadata, a parameter's hooks) the state says nothing about weights.
    private void Build(object? state)
    {
        if (Top() is PyObject made) made.State = state;
    }

    private void Memorise(long number)
    {
        // Picklers number what they memorise one by one; a number far ahead would cost memory that the file has not paid for.
        if (number > instructions) throw Damaged($"memo {number} is out of order");
        while (memo.Count <= number) memo.Add(Unset);
        memo[(int)number] = Top();
    }

    private object? Remembered(long number) =>
        number < memo.Count && memo[(int)number] is var value && !ReferenceEquals(value, Unset)
            ? value
            : throw Damaged($"memo {number} was never set");

    private static readonly object Unset = new();

    private long MemoNumber() =>
        long.TryParse(input.Line(LongestNumber), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Damaged("a memo has no number");

    private PyGlobal Global(string module, string name)
    {
        if (module.Length > LongestName || name.Length > LongestName) throw Damaged($"the name of a global is longer than {LongestName} characters");
        if (!globals.TryGetValue((module, name), out var global)) globals[(module, name)] = global = new PyGlobal(module, name);
        return global;
    }

    private void PushWholeNumber(uint bytes)
    {
        if (bytes > LongestNumber) throw Damaged($"a number has {bytes} bytes");
        PushSmallest(new BigInteger(input.Bytes(bytes)));
    }

    private void PushWholeNumber(string digits) =>
        PushSmallest(BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Damaged("a number is no number"));

    private void PushSmallest(BigInteger number)
    {
        if (number >= long.MinValue && number <= long.MaxValue) stack.Add((long)number);
        else stack.Add(number);
    }

    private double Fraction(string text) => text switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        "nan" => double.NaN,
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw Damaged("a number is no number"),
    };

    private string Text(ulong bytes) => Encoding.UTF8.GetString(input.Bytes(bytes));

    private string Quoted(string text) =>
        text is ['\'' or '"', .., _] && text[^1] == text[0] ? text[1..^1] : throw Damaged("a text is without quotes");
}
