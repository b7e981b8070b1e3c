using ZooRank.Native;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ZooRank.Models;

/// <summary>
/// A network of any architecture in TorchScript. Its first two convolutions are its first two 4-D weights. Its features are taken as the published code takes
/// them, by putting the identity in the place of the last linear layer; where that layer is not plainly the last step, the output itself serves as features.
/// </summary>
public sealed class TorchScriptNetwork : SourceNetwork
{
    private readonly jit.ScriptModule<Tensor, Tensor> script;
    private readonly Tensor[] convolutions;
    private readonly Tensor? headWeight, headBias;

    private TorchScriptNetwork(jit.ScriptModule<Tensor, Tensor> script, Tensor[] convolutions, Tensor? headWeight, Tensor? headBias) : base(nameof(TorchScriptNetwork)) =>
        (this.script, this.convolutions, this.headWeight, this.headBias) = (script, convolutions, headWeight, headBias);

    /// <inheritdoc/>
    public override (Tensor Conv1, Tensor Conv2) FirstConvolutions => (convolutions[0], convolutions[1]);

    /// <inheritdoc/>
    public override bool HasHead => headWeight is not null;

    /// <inheritdoc/>
    public override IEnumerable<TorchSharp.Modules.Parameter> parameters(bool recurse = true) => script.parameters(recurse);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Layers => [];   // hooks do not reach into a script

    /// <inheritdoc/>
    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        var output = script.call(images);
        return (output.dim() > 2 ? output.flatten(1) : output).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Logits(Tensor features) => functional.linear(features, headWeight!, headBias);

    /// <summary>Loads a TorchScript file, in evaluation mode, onto a device.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inputSize">Side of the images on which the place of the head is found out.</param>
    /// <param name="device">Where it will run.</param>
    /// <returns>The network; without a head where its output has to serve as features.</returns>
    /// <exception cref="InvalidInputException">It cannot be loaded or run on images, or has fewer than two convolutions.</exception>
    public static TorchScriptNetwork Load(string path, int inputSize, Device device)
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        jit.ScriptModule<Tensor, Tensor> script;
        try
        {
            script = jit.load<Tensor, Tensor>(path, device.type, device.index);
        }
        catch (System.Runtime.InteropServices.ExternalException e)
        {
            throw new InvalidInputException($"{path}: TorchScript could not load it ({FirstLine(e)}). Export it again with torch.jit.trace or torch.jit.script.", e);
        }
        script.eval();
        var weights = script.named_parameters().Select(p => (p.name, Value: (Tensor)p.parameter)).ToList();
        var convolutions = weights.Where(w => w.Value.dim() == 4).Select(w => w.Value).Take(2).ToArray();
        if (convolutions.Length < 2)
            throw new InvalidInputException($"{path}: {convolutions.Length} convolution weights (4-D parameters), but the gradient score compares the first two. A frozen module keeps its weights as constants: export it without torch.jit.freeze.");
        foreach (var (_, value) in weights)
            if (value.is_floating_point() && !value.isfinite().all().item<bool>()) throw new InvalidInputException($"{path}: its weights hold NaN or infinity. Use a checkpoint from before training diverged.");

        using var frozen = no_grad();
        var probe = zeros(2, 3, inputSize, inputSize, device: device);
        probe.copy_(linspace(-1, 1, probe.numel(), device: device).view(probe.shape));
        var original = Run(path, script, probe);
        if (original.dim() < 2 || original.shape[0] != 2) throw new InvalidInputException($"{path}: for 2 images it gives a tensor of {string.Join("×", original.shape)}; a row of numbers for each image is wanted. Export the classifier itself.");
        var head = weights.FindLastIndex(w => w.Value.dim() == 2);
        Tensor? weight = null, bias = null;
        if (head >= 0)
        {
            var (name, live) = weights[head];
            var liveBias = weights.FirstOrDefault(w => w.name == BiasOf(name) && w.Value.dim() == 1).Value;
            (weight, bias) = (live.clone(), liveBias?.clone());
            // The module runs with whatever its parameters hold: give it the identity in place of the head, and see whether the head on top restores the output.
            live.set_(eye(weight.shape[1], device: device, dtype: weight.dtype));
            liveBias?.set_(zeros(weight.shape[1], device: device, dtype: weight.dtype));
            if (!Restores(script, probe, weight, bias, original))
            {
                live.set_(weight);
                liveBias?.set_(bias!);
                (weight, bias) = (null, null);
            }
        }
        foreach (var kept in script.parameters().Concat<Tensor>(script.buffers())) kept.MoveToOuterDisposeScope();
        return new TorchScriptNetwork(script, convolutions, weight?.MoveToOuterDisposeScope(), bias?.MoveToOuterDisposeScope());
    }

    private static string BiasOf(string weight) => weight.EndsWith("weight", StringComparison.Ordinal) ? weight[..^"weight".Length] + "bias" : "";

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            script.Dispose();
            headWeight?.Dispose();
            headBias?.Dispose();
        }
        base.Dispose(disposing);
    }

    private static Tensor Run(string path, jit.ScriptModule<Tensor, Tensor> script, Tensor images)
    {
        try
        {
            return script.call(images);
        }
        catch (Exception e) when (e is System.Runtime.InteropServices.ExternalException or InvalidCastException)
        {
            throw new InvalidInputException($"{path}: it does not map a batch of {images.shape[1]}×{images.shape[2]}×{images.shape[3]} images to one tensor ({FirstLine(e)}). State its inputSize in zoo.json, or export a module that takes images and gives logits.", e);
        }
    }

    private static bool Restores(jit.ScriptModule<Tensor, Tensor> script, Tensor images, Tensor weight, Tensor? bias, Tensor original)
    {
        try
        {
            var features = script.call(images);
            return features.dim() == 2 && features.shape[1] == weight.shape[1] && functional.linear(features, weight, bias).allclose(original, rtol: 1e-3, atol: 1e-4);
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return false;   // a step behind the layer wants its width: it is not the last
        }
    }

    private static string FirstLine(Exception e) => e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(l => l.Contains("Error", StringComparison.Ordinal)) ?? e.Message.Split('\n')[0];
}
