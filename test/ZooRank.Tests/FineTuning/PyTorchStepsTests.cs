using System.Text.Json;
using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.FineTuning;
using ZooRank.Models;
using ZooRank.Native;
using ZooRank.Runs;
using static TorchSharp.torch;

namespace ZooRank.Tests.FineTuning;

/// <summary>
/// The steps of a run against the same steps in PyTorch itself: its own torchvision network, SGD, CosineAnnealingLR, losses, batch-norm and scikit-learn's AUC. Given to it
/// are the initial weights, the images, their order and the dropout masks, which are random.
/// </summary>
[Collection(nameof(Training.SourceTrainerTests))]
public sealed class PyTorchStepsTests : IDisposable
{
    private const double LearningRate = 1e-4;

    private const string Script = """
        import json, warnings
        warnings.filterwarnings('ignore')
        import numpy as np, torch, torchvision
        from sklearn.metrics import roc_auc_score
        torch.set_num_threads(1)
        d = np.load(sys.argv[1]); o = json.loads(sys.argv[2])
        multi, head = o['multi'], {'mobilenet_v3_small': 'classifier', 'mnasnet1_0': 'classifier', 'densenet121': 'classifier'}.get(o['architecture'], 'fc')
        loss_of = torch.nn.BCEWithLogitsLoss() if multi else torch.nn.CrossEntropyLoss()
        y, vy = torch.from_numpy(d['labels']), torch.from_numpy(d['validation_labels'])
        def weights(prefix):
            return {k[len(prefix):]: torch.from_numpy(d[k]) for k in d.files if k.startswith(prefix)}
        def images(name, dtype):
            return ((torch.from_numpy(d[name]).to(dtype) / 255).expand(-1, 3, -1, -1) - 0.5) / 0.5
        def train(dtype):
            net = getattr(torchvision.models, o['architecture'])(weights=None, **({'aux_logits': False, 'init_weights': False} if o['architecture'] == 'googlenet' else {}))
            setattr(net, head, torch.nn.Identity())
            initial = weights('initial/')
            top = torch.nn.Linear(*reversed(initial['head' + '.weight'].shape))
            left = net.load_state_dict({k: v for k, v in initial.items() if not k.startswith('head' + '.')}, strict=False)
            assert not left.unexpected_keys and all('num_batches' in k for k in left.missing_keys), left
            top.load_state_dict({k: initial['head' + '.' + k] for k in ('weight', 'bias')})
            net.to(dtype), top.to(dtype)
            sgd = torch.optim.SGD([*net.parameters(), *top.parameters()], lr=o['lr'], momentum=o['momentum'], weight_decay=o['wd'], nesterov=o['momentum'] > 0)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, o['epochs'])
            x, v, numbers = images('train', dtype), images('validation', dtype), []
            target = y.to(dtype) if multi else y
            for epoch in range(o['epochs']):
                net.train(); total = 0; order = d[f'order{epoch}']
                for start in range(0, len(order), o['batch']):
                    i = order[start:start + o['batch']]
                    sgd.zero_grad()
                    f = net(x[i])
                    if f'mask{epoch}' in d.files: f = f * torch.from_numpy(d[f'mask{epoch}'][i]).to(dtype)
                    loss = loss_of(top(f), target[i])
                    loss.backward(); sgd.step()
                    total += loss.item() * len(i)
                schedule.step(); net.eval()
                with torch.no_grad():
                    logits = top(net(v))
                    p = logits.sigmoid() if multi else logits.softmax(1)
                    auc = np.mean([roc_auc_score(vy[:, c] if multi else vy == c, p[:, c]) for c in range(p.shape[1])])
                    numbers += [total / len(order), loss_of(logits, vy.to(dtype) if multi else vy).item(), auc]
            after = {k: v.double() for k, v in net.state_dict().items() if 'num_batches' not in k}
            after.update({'head' + '.' + k: v.double() for k, v in top.state_dict().items()})
            return numbers, after
        def far(a, b):   # of all tensors together, in units of how far training moved them
            start = weights('initial/')
            return (sum(((a[k] - b[k]) ** 2).sum() for k in b) / sum(((b[k] - start[k]) ** 2).sum() for k in b)).sqrt().item()
        exact, after = train(torch.float64)
        single, after_single = train(torch.float32)
        print(json.dumps({'exact': exact, 'single': single, 'ours': far(weights('final/'), after), 'theirs': far(after_single, after)}))
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("resnet18", 0.9, 1e-3, 0.5, Explicit = true)]
    [InlineData("resnet18", 0.0, 0.0, 0.0, Explicit = true)]
    [InlineData("resnet18", 0.9, 1e-4, 0.5, true, Explicit = true)]
    [InlineData("shufflenet_v2_x0_5", 0.0, 0.0, 0.0)]
    [InlineData("mobilenet_v3_small", 0.9, 1e-4, 0.0)]
    [InlineData("shufflenet_v2_x0_5", 0.9, 1e-3, 0.5)]
    [InlineData("shufflenet_v2_x0_5", 0.9, 1e-4, 0.5, true)]
    public void Twenty_steps_are_PyTorch_s_steps(string name, double momentum, double decay, double dropout, bool multiLabel = false)
    {
        var architecture = Architectures.Get(name);
        using var drawn = Noise(multiLabel);
        var target = FineTuningTarget.Draw(drawn, new() { PerClass = 20 });
        var model = LoadedModel.Open(ModelZoo.Open(Checkpoint(architecture)).Models[0]);
        using var images = TargetImages.Load(target, model.Preprocessing, CPU, TestContext.Current.CancellationToken);
        var run = new FineTuningProtocol { MaxEpochs = 4, HeadDropout = dropout, Augment = false }.Runs(model, target, new() { LearningRates = [LearningRate], WeightDecays = [decay], Momenta = [momentum], BatchSizes = [16] }, seeds: 1).Single();
        Assert.Equal(20, run.MaxEpochs * ((target.Train.Count + run.BatchSize - 1) / run.BatchSize));

        using var scope = NewDisposeScope();
        var given = new List<KeyValuePair<string, NpyArray>>();
        void Give<T>(string name, Tensor values) where T : unmanaged => given.Add(new(name, NpyArray.Of<T>(values.contiguous().data<T>().ToArray(), values.shape)));
        Give<byte>("train", images.Train.Pixels);
        Give<byte>("validation", images.Validation.Pixels);
        Give<long>("labels", images.Train.Labels.to(ScalarType.Int64));
        Give<long>("validation_labels", images.Validation.Labels.to(ScalarType.Int64));
        using var claim = RunStore.Open(folder["truth"]).TryClaim(run.Id)!;
        using var member = SideBySide.Begin(architecture, new(model, run, claim), images);
        using var precision = Precision.Set("float32", CPU);
        using var network = new SideBySide(architecture, [member], images, precision);
        foreach (var (key, value) in network.State()) Give<float>("initial/" + key, key.StartsWith("head.", StringComparison.Ordinal) ? value[0] : value);
        while (!member.Ended)
        {
            Give<long>($"order{member.Epoch}", tensor(EpochInput.Order(run.Seed, member.Epoch, images.Train.Count)));
            if (EpochInput.DropoutMask(dropout, run.Seed, member.Epoch, images.Train.Count, architecture.FeatureCount) is { } mask) Give<float>($"mask{member.Epoch}", mask);
            var loss = network.TrainEpoch(TestContext.Current.CancellationToken)[0];
            var validation = network.Evaluate([images.Validation], TestContext.Current.CancellationToken)[0];
            network.Keep();
            member.Finish(new(member.Epoch, member.LearningRate, loss, validation.Loss, validation.Auc, validation.Accuracy, 0));
        }
        foreach (var (key, value) in network.State()) Give<float>("final/" + key, key.StartsWith("head.", StringComparison.Ordinal) ? value[0] : value);
        NpzWriter.Write(folder["given.npz"], given, compress: false);
        var answer = JsonDocument.Parse(Python.Run("numpy, torch, torchvision, sklearn", Script, folder["given.npz"], FormattableString.Invariant(
            $$"""{"architecture": "{{name}}", "multi": {{(multiLabel ? "true" : "false")}}, "lr": {{LearningRate}}, "momentum": {{momentum}}, "wd": {{decay}}, "epochs": 4, "batch": 16}"""))).RootElement;

        // Single precision in training is a sum in some order after another: PyTorch's own distance from its run in double precision says how much that does.
        var (exact, single) = (Numbers(answer, "exact"), Numbers(answer, "single"));
        var ours = member.Progress.Curve.SelectMany(e => (double[])[e.TrainLoss!.Value, e.ValidationLoss!.Value, e.ValidationAuc!.Value]).ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine($"{answer}\nours {string.Join(", ", ours)}");
        double Spread(int kind) => exact.Zip(single, (a, b) => Math.Abs(a - b)).Where((_, i) => i % 3 == kind).Max();
        for (var i = 0; i < exact.Length; i++) Assert.Equal(exact[i], ours[i], (5 * Spread(i % 3)) + 1e-3);
        Assert.InRange(answer.GetProperty("ours").GetDouble(), 0, (3 * answer.GetProperty("theirs").GetDouble()) + 1e-3);
    }

    private static double[] Numbers(JsonElement answer, string name) => [.. answer.GetProperty(name).EnumerateArray().Select(e => e.GetDouble())];

    // Colour noise, brighter from class to class: no flat parts, where batch-norm would divide rounding by rounding. As findings: the class's two bits, and two more.
    private ImageDataset Noise(bool multiLabel)
    {
        var random = new Random(5);
        var arrays = new List<KeyValuePair<string, NpyArray>>();
        foreach (var (split, count) in new[] { ("train", 80), ("val", 40), ("test", 8) })
        {
            var labels = Enumerable.Range(0, count).Select(i => (byte)(i % 4)).ToArray();
            var pixels = new byte[count * 32 * 32 * 3];
            for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)(random.Next(160) + (20 * labels[i / (32 * 32 * 3)]));
            arrays.Add(new($"{split}_images", NpyArray.Of<byte>(pixels, count, 32, 32, 3)));
            arrays.Add(new($"{split}_labels", multiLabel ? NpyArray.Of<byte>([.. labels.SelectMany(l => (byte[])[(byte)(l / 2), (byte)(l % 2), (byte)(l == 3 ? 1 : 0), (byte)(l == 0 ? 1 : 0)])], count, 4) : NpyArray.Of<byte>(labels, count, 1)));
        }
        NpzWriter.Write(folder["noise.npz"], arrays);
        return ImageDatasets.Open(folder["noise.npz"]);
    }

    private string Checkpoint(Architecture architecture)
    {
        random.manual_seed(7);
        using var network = architecture.Create(5);
        Safetensors.Write(folder["source.safetensors"], network.state_dict().Select(p => (p.Key, p.Value)), new Dictionary<string, string>
        {
            [ModelCard.Key] = ModelCard.Write(new SourceModel { Id = "source", Checkpoint = "source.safetensors", Mean = [0.5f, 0.5f, 0.5f], Std = [0.5f, 0.5f, 0.5f], InputSize = 32 }),
        });
        return folder["source.safetensors"];
    }
}
