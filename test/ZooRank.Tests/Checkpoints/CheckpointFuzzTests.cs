using System.Diagnostics;
using System.Globalization;
using ZooRank.Checkpoints;

namespace ZooRank.Tests.Checkpoints;

/// <summary>
/// Damaged files, by chance but the same at each run: whatever comes, the answer is a checkpoint or an <see cref="InvalidInputException"/>, soon and
/// without memory that the file does not justify.
/// </summary>
public class CheckpointFuzzTests
{
    // One byte of a pickle makes a list of a hundred bytes, and containers grow by doubling; the constant is the buffers, the message, the exception.
    private const long BytesPerByte = 150;
    private const long BytesAtLeast = 1 << 20;

    // A thousand times what a file of this size takes, so that a busy machine does not fail the test; a loop without end takes longer.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private static readonly byte[] Storage = MadeFiles.Floats(1, 2);

    private static readonly long[] InterestingNumbers =
        [0, 1, -1, 2, 7, 8, 255, 256, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, 1L << 32, 1L << 40, 90_000_000];

    // ZOORANK_FUZZ=50 looks 50 times as long, at other files: worth an hour after a change to the readers.
    private static readonly int Times = int.TryParse(Environment.GetEnvironmentVariable("ZOORANK_FUZZ"), CultureInfo.InvariantCulture, out var times) ? times : 1;

    private const string Letters = "(012NR)]}adelstuboQP.";

    public static TheoryData<string> Oracles =>
        ["zip.pth", "legacy.pth", "nested_net.pth", "dataparallel.pth.tar", "parameters.pth", "with_namespace.pth", "whole_module.pth", "torchscript.pt", "half.pth", "malicious.pth", "views_shared_storage.pth"];

    public static TheoryData<string> Made => [.. MadeSeeds().Keys];

    [Theory]
    [MemberData(nameof(Oracles))]
    public void A_damaged_file_of_PyTorch_is_read_or_refused(string name) => Fuzz(name, File.ReadAllBytes(SharedFolder.Require("oracle", "checkpoints", name)), 500);

    [Theory(Explicit = true)]
    [MemberData(nameof(Oracles))]
    public void A_file_of_PyTorch_damaged_in_more_ways_is_read_or_refused(string name) => Fuzz(name, File.ReadAllBytes(SharedFolder.Require("oracle", "checkpoints", name)), 2000, seed: 1);

    [Theory]
    [MemberData(nameof(Made))]
    public void A_damaged_made_file_is_read_or_refused(string name) => Fuzz(name, MadeSeeds()[name], 1000);

    [Fact]
    public void Instructions_in_any_order_are_read_or_refused()
    {
        var random = new Random(20260101);
        for (var i = 0; i < 2000 * Times; i++)
        {
            var pickle = new MadePickle((byte)random.Next(2, 6));
            for (var count = random.Next(1, 60); count > 0; count--) AddInstruction(pickle, random);
            Try(i % 2 == 0 ? MadeFiles.TorchZip(pickle.Stop(), Storage) : MadeFiles.TorchLegacy(pickle.Stop(), ("0", Storage)), $"sequence {i}");
        }
    }

    [Fact]
    public void Memory_stays_in_proportion_for_pickles_made_to_waste_it()
    {
        MadePickle[] wasteful =
        [
            Repeat(100_000, pickle => pickle.Op(']').Op('N').Op('a')),
            Repeat(100_000, pickle => pickle.Op('}').Op('N').Op('N').Op('s')),
            Repeat(100_000, pickle => pickle.Op('}').Raw((byte)'U', 0).Op('N').Op('s')),
            Repeat(100_000, pickle => pickle.Raw((byte)'h', 0).Op(')').Raw(0x81).Op('}').Op('b'), new MadePickle().Global("a", "B").Raw((byte)'q', 0)),
            Repeat(100_000, pickle => pickle.Op('N').Raw(0x94), new MadePickle(4)),
            Repeat(50_000, pickle => pickle.Op('(').Op('N').Op('t').Op('(').Op('l')),
            Repeat(50_000, pickle => pickle.Raw((byte)'h', 0).Raw((byte)'h', 1).Op('R'), new MadePickle().Global("_codecs", "encode").Raw((byte)'q', 0).Text(new string('x', 50_000)).Raw(0x85).Raw((byte)'q', 1)),
            Repeat(50_000, pickle => pickle.Raw((byte)'h', 0).Raw((byte)'h', 0).Raw(0x93), new MadePickle(4).Text(new string('x', 256)).Raw((byte)'q', 0)),
        ];

        foreach (var (pickle, i) in wasteful.Select((pickle, i) => (pickle, i))) Try(MadeFiles.TorchZip(pickle.Stop(), Storage), $"wasteful {i}");

        static MadePickle Repeat(int count, Action<MadePickle> step, MadePickle? start = null)
        {
            var pickle = start ?? new MadePickle();
            for (var i = 0; i < count; i++) step(pickle);
            return pickle;
        }
    }

    private static Dictionary<string, byte[]> MadeSeeds()
    {
        var module = new MadePickle(4).Raw(0x95, 0, 0, 0, 0, 0, 0, 0, 0).Global("lab", "Net").Op(')').Raw(0x81).Raw(0x94).Op('}')
            .Text("_parameters").Vectors(2, "w").Op('s').Text("_modules").Op('}').Text("child").Raw((byte)'h', 0).Op('s').Op('s').Op('b').Stop();
        var others = new MadePickle().Op('}').Text("state_dict").Vectors(2, "module.a", "module.b").Op('s').Text("epoch").Number(1L << 62).Op('s')
            .Text("args").Global("argparse", "Namespace").Op(')').Raw(0x81).Op('}').Text("lr").Raw((byte)'G', 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a).Op('s').Op('b').Op('s').Stop();
        return new()
        {
            ["zip"] = MadeFiles.TorchZip(others, Storage, ("archive/byteorder", "little"u8.ToArray())),
            ["deflated zip"] = MadeFiles.Zip(System.IO.Compression.CompressionLevel.Optimal, ("x/data.pkl", others.ToArray()), ("x/data/0", Storage), ("x/data/1", Storage)),
            ["module"] = MadeFiles.TorchZip(module, Storage),
            ["legacy"] = MadeFiles.TorchLegacy(others, ("0", Storage), ("1", Storage)),
            ["plain pickle"] = others.ToArray(),
            ["safetensors"] = MadeFiles.Safetensors(
                """{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"v":{"dtype":"I64","shape":[1,1],"data_offsets":[8,16]}}""", new byte[16]),
        };
    }

    private static void Fuzz(string name, byte[] file, int count, int seed = 0)
    {
        var random = new Random(file.Length + seed);
        for (var i = 0; i < count * Times; i++) Try(Damage(file, random), $"{name}, mutation {i}");
    }

    private static byte[] Damage(byte[] seed, Random random)
    {
        var bytes = seed.ToArray();
        for (var times = random.Next(1, 4); times > 0 && bytes.Length > 16; times--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(7))
            {
                case 0 or 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 3: // a length, an offset, a shape
                    var number = BitConverter.GetBytes(InterestingNumbers[random.Next(InterestingNumbers.Length)]);
                    var width = 1 << random.Next(4);
                    for (var i = 0; i < width && at + i < bytes.Length; i++) bytes[at + i] = number[i];
                    break;
                case 4:
                    bytes = bytes[..at];
                    break;
                case 5: // a part of the file in another place
                    var length = random.Next(1, Math.Min(200, bytes.Length));
                    var from = random.Next(bytes.Length - length);
                    bytes = [.. bytes[..at], .. bytes[from..(from + length)], .. bytes[at..]];
                    break;
                default: // a part lost; at the front more often, where the pickle is
                    at = random.Next(Math.Min(bytes.Length, 1 << random.Next(4, 12)));
                    bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 20))..]];
                    break;
            }
        }
        return bytes;
    }

    private static void AddInstruction(MadePickle pickle, Random random)
    {
        switch (random.Next(16))
        {
            case 0: pickle.Op(Letters[random.Next(Letters.Length)]); break;
            case 1: pickle.Raw((byte)random.Next(0x80, 0x99)); break;
            case 2: pickle.Number(InterestingNumbers[random.Next(InterestingNumbers.Length)]); break;
            case 3: pickle.Text(new[] { "", "state_dict", "w", "_modules", "_parameters", "storage", "0" }[random.Next(7)]); break;
            case 4: pickle.Raw((byte)'q', (byte)random.Next(8)); break;
            case 5 or 6: pickle.Raw((byte)'h', (byte)random.Next(8)); break;
            case 7: pickle.Tensor("FloatStorage", "0", 2, random.Next(3), [random.Next(3)], [random.Next(3)]); break;
            case 8: pickle.Storage("FloatStorage", random.Next(3).ToString(CultureInfo.InvariantCulture), random.Next(3)); break;
            case 9: pickle.Vectors(2, "a", "b"); break;
            case 10: pickle.Global("torch._utils", new[] { "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter", "_rebuild_qtensor" }[random.Next(5)]); break;
            case 11: pickle.Global("collections", new[] { "OrderedDict", "defaultdict", "Counter", "deque" }[random.Next(4)]); break;
            case 12: pickle.Global("lab", "Net").Op(')').Raw(0x81); break;
            case 13: pickle.Global("copyreg", "_reconstructor").Global("lab", "Net").Global("builtins", "dict").Op('}').Raw(0x87).Op('R'); break;
            case 14: pickle.Tuple(1, 2); break;
            default: pickle.Op("(})]"[random.Next(4)]); break;
        }
    }

    private static void Try(byte[] bytes, string what)
    {
        using var file = new TemporaryFile(bytes);
        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var checkpoint = Checkpoint.Open(file.Path);
            foreach (var entry in checkpoint.Tensors) checkpoint.Read(entry).Dispose();
        }
        catch (InvalidInputException e)
        {
            Assert.StartsWith(file.Path, e.Message);
        }
        catch (Exception e) when (e is not Xunit.Sdk.IAssertionException)
        {
            Assert.Fail($"{what}: {e}");
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= BytesPerByte * bytes.Length + BytesAtLeast, $"{what}: {allocated} bytes for a file of {bytes.Length}");
        Assert.True(clock.Elapsed < Longest, $"{what}: {clock.Elapsed}");
    }
}
