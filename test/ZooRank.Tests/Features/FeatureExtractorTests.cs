using ZooRank.Checkpoints;
using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.Features;
using ZooRank.Imaging;
using ZooRank.Models;
using ZooRank.Tests.Data;
using static TorchSharp.torch;

namespace ZooRank.Tests.Features;

public sealed class FeatureExtractorTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static SourceNetwork Plain(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        return Architectures.Recognise(checkpoint.Tensors).Architecture!.Load(checkpoint);
    }

    // Counts passes, and passes on.
    private sealed class Counting(SourceNetwork inner) : SourceNetwork("counting")
    {
        public int Passes { get; private set; }
        public int Largest { get; private set; }
        public override bool HasHead => inner.HasHead;
        public override (Tensor Conv1, Tensor Conv2) FirstConvolutions => inner.FirstConvolutions;
        public override IEnumerable<TorchSharp.Modules.Parameter> parameters(bool recurse = true) => inner.parameters(recurse);
        public override Tensor Logits(Tensor features) => inner.Logits(features);

        public override Tensor Features(Tensor images)
        {
            Passes++;
            Largest = Math.Max(Largest, (int)images.shape[0]);
            return inner.Features(images);
        }
    }

    [Theory]
    // docs/method.md (S_FU): batches of ⌊n/6⌋, the remainder as a last one. The n are 100 for each class of the paper's targets.
    [InlineData(200, new[] { 33, 33, 33, 33, 33, 33, 2 })]
    [InlineData(400, new[] { 66, 66, 66, 66, 66, 66, 4 })]
    [InlineData(500, new[] { 83, 83, 83, 83, 83, 83, 2 })]
    [InlineData(700, new[] { 116, 116, 116, 116, 116, 116, 4 })]
    [InlineData(800, new[] { 133, 133, 133, 133, 133, 133, 2 })]
    [InlineData(900, new[] { 150, 150, 150, 150, 150, 150 })]
    [InlineData(1100, new[] { 183, 183, 183, 183, 183, 183, 2 })]
    [InlineData(11, new[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 })]
    [InlineData(5, new[] { 1, 1, 1, 1, 1 })]
    [InlineData(1, new[] { 1 })]
    public void Batches_are_sixths_and_what_is_left(int n, int[] expected) => Assert.Equal(expected, FeatureExtractor.GradientBatches(n));

    [Fact]
    public void Every_image_is_in_one_batch() => Assert.All(Enumerable.Range(1, 200), n => Assert.Equal(n, FeatureExtractor.GradientBatches(n).Sum()));

    [Theory]
    [InlineData("resnet18", 32, 22)]              // six batches of 14 and one of 4, one chunk each
    [InlineData("shufflenet_v2_x0_5", 224, 28)]   // six batches of 18 and one of 4, in chunks of 16
    public void It_gives_what_one_plain_pass_over_each_batch_gives(string name, int size, int perClass)
    {
        using var dataset = Pictures.Drawn(folder, Motif.Brightness, perClass);   // pictures that differ much: distances of 1e-4 would drown in single precision
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = perClass });
        var preprocessing = Preprocessing.Half with { InputSize = size };
        var path = Pictures.Checkpoint(folder["m.safetensors"], name);

        using var scope = NewDisposeScope();
        // As the program has it: folded, channels innermost.
        var network = LoadedModel.Open(new SourceModel { Id = "m", Checkpoint = path }, new ModelOverrides { InputSize = size }).Network(CPU);
        var found = FeatureExtractor.Extract(network, preprocessing, probe, CPU, cancellation: TestContext.Current.CancellationToken);

        // Plain: not folded, the whole batch at once, autograd through the loss of all triplets listed.
        var plain = Plain(path);
        var (conv1, conv2) = plain.FirstConvolutions;
        int[] sizes = [.. Enumerable.Repeat(probe.Count / 6, 6), probe.Count % 6];
        var (at, row) = (0, 0);
        foreach (var count in sizes)
        {
            if (count == 0) continue;
            using var batch = NewDisposeScope();
            plain.zero_grad();
            var embeddings = plain.Features(preprocessing.Apply(probe.Load(at, count, size)));
            Loss(embeddings, [.. probe.Labels.Skip(at).Take(count)])?.backward();
            // Both single precision, other orders of the sums and batch-norm folded in: 1e-4 of the largest value; of a gradient through twenty layers, 1e-3 (the oracles' own).
            Close(embeddings.detach(), found.Values.AsSpan(at * found.Width, count * found.Width), 1e-4);
            Close(plain.Logits(embeddings).detach(), found.Logits.AsSpan(at * 5, count * 5), 1e-4);
            Assert.Equal(Norm(conv1), found.Conv1GradientNorms[row], 1e-3 * Norm(conv1) + 1e-12);
            Assert.Equal(Norm(conv2), found.Conv2GradientNorms[row], 1e-3 * Norm(conv2) + 1e-12);
            (at, row) = (at + count, row + 1);
        }
        Assert.Equal(row, found.Conv1GradientNorms.Count);
        Assert.Equal(probe.Labels, found.Labels);
        Assert.Equal(probe.Indices, found.Indices);
        Assert.Equal((4, 5, probe.Count), (found.ClassCount, found.LogitWidth, found.Count));
        Assert.True(found.Conv1GradientNorms[0] > 0);

        static double Norm(Tensor weight) => weight.grad is { } g ? g.norm().item<float>() : 0;

        static void Close(Tensor expected, ReadOnlySpan<float> values, double tolerance) =>
            Assert.InRange((expected - tensor(values.ToArray(), expected.shape)).abs().max().item<float>(), 0, tolerance * expected.abs().max().item<float>());
    }

    private static Tensor? Loss(Tensor embeddings, int[] labels)
    {
        var b = labels.Length;
        var e = embeddings.to(ScalarType.Float64);
        var x = e / e.norm(dim: 1, keepdim: true);
        var distances = (x.unsqueeze(1) - x.unsqueeze(0)).norm(dim: 2).flatten();
        var triplets = (from a in Enumerable.Range(0, b) from p in Enumerable.Range(0, b) from n in Enumerable.Range(0, b) where p != a && labels[p] == labels[a] && labels[n] != labels[a] select (a, p, n)).ToList();
        if (triplets.Count == 0) return null;
        var losses = (distances[tensor(triplets.Select(t => (long)t.a * b + t.p).ToArray())] - distances[tensor(triplets.Select(t => (long)t.a * b + t.n).ToArray())] + TripletMarginLoss.Margin).clamp_min(0);
        var active = (losses > 0).sum();
        return active.item<long>() == 0 ? null : losses.sum() / active;
    }

    [Fact]
    public void With_too_little_memory_images_go_through_twice_and_the_numbers_are_the_same()
    {
        using var dataset = Pictures.Drawn(folder, Motif.CellsByContent, 30);   // six batches of 20, in chunks of 16 and 4
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 30 });
        var path = Pictures.Checkpoint(folder["m.safetensors"], "shufflenet_v2_x0_5");
        using var scope = NewDisposeScope();
        Counting once = new(Plain(path)), twice = new(Plain(path));
        var preprocessing = Preprocessing.Half with { InputSize = 224 };
        var kept = FeatureExtractor.Extract(once, preprocessing, probe, CPU, memoryBudget: long.MaxValue, cancellation: TestContext.Current.CancellationToken);
        var dropped = FeatureExtractor.Extract(twice, preprocessing, probe, CPU, memoryBudget: long.MinValue, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((12, 16), (once.Passes, once.Largest));
        Assert.Equal((24, 16), (twice.Passes, twice.Largest));
        // The same operations on the same chunks.
        Assert.Equal(kept.Values, dropped.Values);
        Assert.Equal(kept.Logits, dropped.Logits);
        Assert.Equal(kept.Conv1GradientNorms, dropped.Conv1GradientNorms);
        Assert.Equal(kept.Conv2GradientNorms, dropped.Conv2GradientNorms);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void It_leaves_no_tensor_behind(long budget)
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 4);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 4 });
        using var network = Plain(Pictures.Checkpoint(folder["m.safetensors"], "shufflenet_v2_x0_5"));
        FeatureSet Extract() => FeatureExtractor.Extract(network, Preprocessing.Half with { InputSize = 64 }, probe, CPU, budget, cancellation: TestContext.Current.CancellationToken);
        Extract();
        var before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Extract();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Progress_is_told_and_cancellation_ends_it_after_the_chunk_at_work()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 12);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 12 });
        using var network = new Counting(Plain(Pictures.Checkpoint(folder["m.safetensors"], "shufflenet_v2_x0_5")));
        using var cancellation = new CancellationTokenSource();
        var seen = new List<ExtractionProgress>();
        var progress = new Told(p =>
        {
            seen.Add(p);
            if (p.Done == 24) cancellation.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => FeatureExtractor.Extract(network, Preprocessing.Half with { InputSize = 32 }, probe, CPU, progress: progress, cancellation: cancellation.Token));
        Assert.Equal([8, 16, 24], seen.Select(p => p.Done));
        Assert.All(seen, p => Assert.Equal(48, p.Total));
    }

    private sealed class Told(Action<ExtractionProgress> tell) : IProgress<ExtractionProgress>
    {
        public void Report(ExtractionProgress value) => tell(value);
    }

    [Fact]
    public void Features_that_are_not_finite_are_refused()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 4);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 4 });
        using var network = Plain(Pictures.Checkpoint(folder["m.safetensors"], "shufflenet_v2_x0_5"));
        using (no_grad()) network.FirstConvolutions.Conv1.fill_(float.NaN);
        var failure = Assert.Throws<InvalidInputException>(() => FeatureExtractor.Extract(network, Preprocessing.Half with { InputSize = 32 }, probe, CPU, cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("its features are not finite", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_without_a_head_has_features_and_no_logits()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 4);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 4 });
        using var network = Architectures.Get("shufflenet_v2_x0_5").Create(0);
        var found = FeatureExtractor.Extract(network, Preprocessing.Half with { InputSize = 32 }, probe, CPU, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((1024, 0), (found.Width, found.LogitWidth));
        Assert.Empty(found.Logits);
    }

    [Fact]
    public void A_multi_label_probe_goes_forward_once_and_gives_no_gradients()
    {
        var labels = NpyArray.Of<byte>([.. Enumerable.Range(0, 120).Select(k => (byte)(k % 3 == 0 || k % 7 == 0 ? 1 : 0))], 40, 3);
        using var dataset = ImageDatasets.Open(DatasetFiles.Npz(folder["chest.npz"], ("train_images", DatasetFiles.Images(40, 32, 32)), ("train_labels", labels)));
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 10 });
        var path = Pictures.Checkpoint(folder["m.safetensors"], "shufflenet_v2_x0_5");
        using var network = new Counting(Plain(path));
        var preprocessing = Preprocessing.Half with { InputSize = 224 };
        var found = FeatureExtractor.Extract(network, preprocessing, probe, CPU, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((2, 16), (network.Passes, network.Largest));   // 30 images in chunks of 16
        Assert.Equal((30, 1024, 5, 3, true), (found.Count, found.Width, found.LogitWidth, found.ClassCount, found.IsMultiLabel));
        Assert.Equal(probe.MultiLabels, found.MultiLabels);
        Assert.Empty(found.Labels);
        Assert.Empty(found.Conv1GradientNorms);
        Assert.Empty(found.Conv2GradientNorms);
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            // Single precision, in other chunks.
            var expected = network.Features(preprocessing.Apply(probe.Load(0, 30, 224)));
            Assert.InRange((expected - tensor(found.Values, expected.shape)).abs().max().item<float>(), 0, 1e-4 * expected.abs().max().item<float>());
        }

        // Kept as it is, and told from the same images with other findings.
        var cache = new FeatureCache(folder["cache"]);
        ModelFeatures Of(ImageDataset data) => ModelFeatures.Of(LoadedModel.Open(new SourceModel { Id = "m", Checkpoint = path }, new() { InputSize = 32 }),
            ProbeSet.Draw(data, new ProbeOptions { PerClass = 10 }), CPU, cache, cancellation: TestContext.Current.CancellationToken);
        var (first, second) = (Of(dataset), Of(dataset));
        Assert.Equal((false, true), (first.Cached, second.Cached));
        Assert.Equal(first.Features.Values, second.Features.Values);
        Assert.Equal(probe.MultiLabels, second.Features.MultiLabels);
        var others = NpyArray.Of<byte>([.. labels.Data.Select(b => (byte)(1 - b))], 40, 3);
        using var other = ImageDatasets.Open(DatasetFiles.Npz(folder["other.npz"], ("train_images", DatasetFiles.Images(40, 32, 32)), ("train_labels", others)));
        Assert.False(Of(other).Cached);
    }

    [Fact]
    public void Only_the_first_two_convolutions_ask_for_gradients()
    {
        using var dataset = Pictures.Drawn(folder, Motif.Stripes, 4);
        var probe = ProbeSet.Draw(dataset, new ProbeOptions { PerClass = 4 });
        using var network = Plain(Pictures.Checkpoint(folder["m.safetensors"], "shufflenet_v2_x0_5"));
        network.train();
        FeatureExtractor.Extract(network, Preprocessing.Half with { InputSize = 32 }, probe, CPU, cancellation: TestContext.Current.CancellationToken);
        Assert.False(network.training);
        Assert.Equal(2, network.parameters().Count(p => p.requires_grad));
    }
}
