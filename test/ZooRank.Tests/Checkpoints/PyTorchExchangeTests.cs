using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using ZooRank.Checkpoints;
using static TorchSharp.torch;

namespace ZooRank.Tests.Checkpoints;

/// <summary>Files exchanged with the PyTorch of this machine, compared bit by bit. Skipped visibly where there is none.</summary>
public sealed class PyTorchExchangeTests(PyTorchExchangeTests.Python python) : IClassFixture<PyTorchExchangeTests.Python>
{
    [Theory]
    [InlineData("zip", "PyTorch zip", "")]
    [InlineData("legacy", "PyTorch legacy", "")]
    [InlineData("protocol4", "PyTorch zip", "")]
    [InlineData("types", "PyTorch zip", "")]
    [InlineData("types_legacy", "PyTorch legacy", "")]
    [InlineData("views", "PyTorch zip", "")]
    [InlineData("views_legacy", "PyTorch legacy", "")]
    [InlineData("training", "PyTorch zip", "model_state_dict")]
    [InlineData("training_legacy", "PyTorch legacy", "model_state_dict")]
    [InlineData("parallel", "PyTorch zip", "state_dict")]
    [InlineData("whole", "PyTorch zip", "")]
    [InlineData("whole_legacy", "PyTorch legacy", "")]
    [InlineData("whole_nested", "PyTorch zip", "model")]
    [InlineData("scripted", "TorchScript", "")]
    [InlineData("traced", "TorchScript", "")]
    public void What_PyTorch_wrote_is_read_bit_by_bit(string name, string format, string stateKey)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(python.Folder, name));

        Assert.Equal(format, checkpoint.Format);
        Assert.Equal(stateKey, checkpoint.StateKey);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(python.Folder, name + ".json")));
        var expected = json.RootElement.EnumerateArray().Select(row => string.Join(' ', row.EnumerateArray().Select(cell => cell.ToString())));
        Assert.Equal(expected, checkpoint.Tensors.Select(entry => Row(checkpoint, entry)));
    }

    [Theory]
    [InlineData("quantised", "tensor 'q' is a quantised tensor")]
    [InlineData("sparse", "tensor 's' is a sparse tensor")]
    public void What_is_not_dense_is_refused_by_name(string name, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidInputException>(() => Checkpoint.Open(Path.Combine(python.Folder, name))).Message);

    [Fact]
    public void Python_reads_our_safetensors()
    {
        _ = python.Folder;
        using var scope = NewDisposeScope();
        using var file = new TemporaryFile();
        var values = arange(12).reshape(3, 4);
        Safetensors.Write(file.Path, [("f", values.to(ScalarType.Float32) / 4), ("b", values.to(ScalarType.BFloat16)), ("h", values.t().to(ScalarType.Float16)), ("i", values), ("t", values > 5)],
            new Dictionary<string, string> { ["format"] = "pt" });

        var read = python.Run($$"""
            import json, struct, numpy as np
            data = open({{JsonSerializer.Serialize(file.Path)}}, 'rb').read()
            n, = struct.unpack('<Q', data[:8])
            assert n % 8 == 0
            header = json.loads(data[8:8 + n])
            assert header.pop('__metadata__') == {'format': 'pt'}
            types = dict(F32='<f4', F16='<f2', BF16='<u2', I64='<i8', BOOL='?')
            assert sorted(o for row in header.values() for o in row['data_offsets'])[-1] == len(data) - 8 - n
            for name, row in header.items():
                begin, end = row['data_offsets']
                a = np.frombuffer(data[8 + n + begin:8 + n + end], types[row['dtype']]).reshape(row['shape'])
                if row['dtype'] == 'BF16': a = (a.astype('<u4') << 16).view('<f4')
                print(name, row['dtype'], row['shape'], a.astype('f8').sum(), a.astype('f8').flat[1])
            """);

        Assert.Equal(
            ["f F32 [3, 4] 16.5 0.25", "b BF16 [3, 4] 66.0 1.0", "h F16 [4, 3] 66.0 4.0", "i I64 [3, 4] 66.0 1.0", "t BOOL [3, 4] 6.0 0.0"],
            read.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    private static string Row(Checkpoint checkpoint, TensorEntry entry)
    {
        using var values = checkpoint.Read(entry);
        Assert.True(values.is_contiguous());
        Assert.Equal(entry.Shape, values.shape);
        Assert.Equal(entry.DType, values.dtype);
        var hash = values.NumberOfElements == 0 ? SHA256.HashData([]) : SHA256.HashData(values.bytes);
        var type = entry.DType switch
        {
            ScalarType.Byte => "uint8",
            ScalarType.ComplexFloat32 => "complex64",
            ScalarType.ComplexFloat64 => "complex128",
            var other => other.ToString().ToLowerInvariant(),
        };
        return $"{entry.Name} {type} {string.Join('x', entry.Shape)} {Convert.ToHexStringLower(hash)}";
    }

    /// <summary>Lets PyTorch write all files, once.</summary>
    public sealed class Python : IDisposable
    {
        private const string Interpreter = "/usr/bin/python3"; // Debian's python3-torch is there, whatever other Pythons come first

        // For each file: what PyTorch itself says that it holds.
        private const string WriteFiles = """
            import argparse, collections, hashlib, json, pathlib, sys
            import numpy as np, torch, torchvision
            torch.manual_seed(0)
            def rows(state):
                def raw(t):
                    t = t.detach().contiguous()
                    if t.dtype == torch.bfloat16: t = t.view(torch.int16)
                    return t.numpy().tobytes()
                return [[n, str(t.dtype)[6:], 'x'.join(map(str, t.shape)), hashlib.sha256(raw(t)).hexdigest()] for n, t in state.items()]
            def save(name, object, state, **options):
                torch.save(object, name, **options)
                json.dump(rows(state), open(name + '.json', 'w'))
            old = dict(_use_new_zipfile_serialization=False)
            net = torchvision.models.resnet18()
            small = torch.nn.Sequential(collections.OrderedDict(c=torch.nn.Conv2d(3, 4, 3), b=torch.nn.BatchNorm2d(4), r=torch.nn.ReLU(), d=torch.nn.Sequential(torch.nn.Conv2d(4, 2, 1))))
            save('zip', net.state_dict(), net.state_dict())
            save('legacy', net.state_dict(), net.state_dict(), **old)
            save('protocol4', small.state_dict(), small.state_dict(), pickle_protocol=4)
            x = torch.randn(6, 5) * 3
            types = {str(t)[6:]: x.to(t) for t in [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128]}
            types['scalar'] = torch.tensor(3.5); types['empty'] = torch.zeros(0, 3); types['parameter'] = torch.nn.Parameter(x)
            save('types', types, types)
            save('types_legacy', types, types, **old)
            y = torch.randn(4, 6, 5)
            views = dict(a=y, t=y.t() if y.dim() == 2 else y.transpose(0, 2), row=y[1], column=y[:, :, 2], every=y[::2, 1:5:3], expanded=torch.randn(3, 1).expand(3, 4), last=torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
                         diagonal=torch.randn(5, 5).diagonal(), windows=torch.arange(10.).unfold(0, 4, 1))
            save('views', views, views)
            save('views_legacy', views, views, **old)
            optimizer = torch.optim.Adam(small.parameters()); small(torch.randn(2, 3, 8, 8)).sum().backward(); optimizer.step()
            training = dict(epoch=np.int64(4), best=np.float32(.3), history=np.arange(5.), args=argparse.Namespace(out=pathlib.Path('x'), lr=.1), counts=collections.defaultdict(list, a=[1]),
                            seen=collections.Counter('abca'), raw=b'abc', changing=bytearray(b'x'), chosen={1, 2}, frozen=frozenset([3]), dtype=torch.float32, device=torch.device('cuda:0'), size=torch.Size([1, 2]), rng=torch.get_rng_state(),
                            number=1 + 2j, part=slice(1, 2), numbers=range(3), random=np.random.get_state(), big=10 ** 40, optimizer=optimizer.state_dict(), model_state_dict=small.state_dict())
            save('training', training, small.state_dict())
            save('training_legacy', training, small.state_dict(), **old)
            save('parallel', dict(state_dict=torch.nn.DataParallel(small).state_dict()), small.state_dict())
            save('whole', net, net.state_dict())
            save('whole_legacy', small, small.state_dict(), **old)
            save('whole_nested', dict(model=torch.nn.DataParallel(small), epoch=1), small.state_dict())
            small.c.note = torch.ones(3) # a constant of the program: neither parameter nor buffer
            torch.jit.script(small).save('scripted'); json.dump(rows(torch.jit.load('scripted').state_dict()), open('scripted.json', 'w'))
            torch.jit.trace(net.eval(), torch.zeros(1, 3, 64, 64)).save('traced'); json.dump(rows(torch.jit.load('traced').state_dict()), open('traced.json', 'w'))
            torch.save(dict(q=torch.quantize_per_tensor(torch.rand(4, 4), .1, 0, torch.qint8)), 'quantised')
            torch.save(dict(w=torch.ones(2), s=torch.eye(4).to_sparse()), 'sparse')
            """;

        private readonly string? folder;
        private readonly string? absence;

        public Python()
        {
            if (!File.Exists(Interpreter) || Execute("import torch, torchvision", ".").Error is not null)
            {
                absence = $"{Interpreter} has no PyTorch";
                return;
            }
            folder = Directory.CreateTempSubdirectory("zoorank-test-").FullName;
            absence = Execute(WriteFiles, folder).Error is { } error ? throw new InvalidOperationException(error) : null;
        }

        /// <summary>Where the files are; skips the test where they could not be written.</summary>
        public string Folder
        {
            get
            {
                Assert.SkipWhen(folder is null, absence ?? "");
                return folder!;
            }
        }

        public string Run(string script) => Execute(script, Folder) is { Error: null } done ? done.Output : throw new InvalidOperationException(Execute(script, Folder).Error);

        public void Dispose()
        {
            if (folder is not null) Directory.Delete(folder, recursive: true);
        }

        private static (string Output, string? Error) Execute(string script, string folder)
        {
            using var process = Process.Start(new ProcessStartInfo(Interpreter, "-W ignore -")
            {
                WorkingDirectory = folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var error = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(script);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (output, process.ExitCode == 0 ? null : error.GetAwaiter().GetResult());
        }
    }
}
