using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// Stochastic gradient descent as PyTorch's SGD does it, of K networks side by side with hyperparameters of their own: weight decay added to the gradient, velocity
/// v = μv + g, and with Nesterov's momentum the step g + μv (Sutskever et al., ICML 2013).
/// </summary>
internal sealed class Sgd : IDisposable
{
    private readonly FlatState state;
    private readonly Tensor parameters;
    private readonly Tensor? momenta, decays;   // as Rates; null where all are 0
    private readonly bool nesterov;

    public Sgd(FlatState state, IReadOnlyList<double> momenta, IReadOnlyList<double> weightDecays, bool nesterov)
    {
        (this.state, this.nesterov) = (state, nesterov);
        parameters = state.Values.narrow(dim: 0, 0, state.Gradients.numel()).DetachFromDisposeScope();
        this.momenta = momenta.Any(m => m > 0) ? Rates(momenta).DetachFromDisposeScope() : null;
        decays = weightDecays.Any(d => d > 0) ? Rates(weightDecays).DetachFromDisposeScope() : null;
        if (this.momenta is not null) Velocity = zeros_like(state.Gradients).DetachFromDisposeScope();
    }

    /// <summary>v; all 0 to begin with. Null where no network has momentum.</summary>
    public Tensor? Velocity { get; }

    /// <summary>Moves the parameters by the gradients, which are 0 afterwards.</summary>
    /// <param name="rates">Of each network, from <see cref="Rates"/>.</param>
    public void Step(Tensor rates)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var step = state.Gradients;
        if (decays is not null) step.addcmul_(parameters, decays, 1);
        if (Velocity is not null)
        {
            Velocity.mul_(momenta!).add_(step);
            if (nesterov) step.addcmul_(Velocity, momenta!, 1);
            else step = Velocity;
        }
        parameters.addcmul_(step, rates, -1);
        state.Gradients.zero_();
    }

    /// <summary>One number of each network as <see cref="Step"/> wants it, to be made once for many steps: for every parameter its network's.</summary>
    public Tensor Rates(IEnumerable<double> ofNetworks) => state.Spread([.. ofNetworks.Select(v => (float)v)]);

    public void Dispose()
    {
        Velocity?.Dispose();
        momenta?.Dispose();
        decays?.Dispose();
        parameters.Dispose();
    }
}
