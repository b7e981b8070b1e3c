using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// Stochastic gradient descent as PyTorch's SGD does it: weight decay added to the gradient, velocity v = μv + g, and with Nesterov's momentum the step g + μv
/// (Sutskever et al., ICML 2013).
/// </summary>
internal sealed class Sgd(FlatState state, double momentum, double weightDecay, bool nesterov) : IDisposable
{
    /// <summary>v; all 0 to begin with. Null without momentum.</summary>
    public Tensor? Velocity { get; } = momentum > 0 ? zeros_like(state.Gradients).DetachFromDisposeScope() : null;

    /// <summary>Moves the parameters by the gradients, which are 0 afterwards.</summary>
    public void Step(double learningRate)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (w, g) = (state.Parameters, state.Gradients);
        if (weightDecay > 0) g.add_(w, alpha: weightDecay);
        if (Velocity is { } v)
        {
            v.mul_(momentum).add_(g);
            if (nesterov) g.add_(v, alpha: momentum);
            else g = v;
        }
        w.add_(g, alpha: -learningRate);
        state.Gradients.zero_();
    }

    public void Dispose() => Velocity?.Dispose();
}
