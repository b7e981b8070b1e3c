using static TorchSharp.torch;

namespace ZooRank.Training;

/// <summary>
/// Stochastic gradient descent as PyTorch's SGD does it, of K networks side by side with hyperparameters of their own: weight decay added to the gradient, velocity
/// v = μv + g, and with Nesterov's momentum the step g + μv (Sutskever et al., ICML 2013).
/// </summary>
internal sealed class Sgd : IDisposable
{
    private readonly FlatState state;
    private readonly Tensor? momenta, decays;   // K x 1; null where all are 0
    private readonly bool nesterov;

    public Sgd(FlatState state, IReadOnlyList<double> momenta, IReadOnlyList<double> weightDecays, bool nesterov)
    {
        (this.state, this.nesterov) = (state, nesterov);
        this.momenta = momenta.Any(m => m > 0) ? Column(momenta).DetachFromDisposeScope() : null;
        decays = weightDecays.Any(d => d > 0) ? Column(weightDecays).DetachFromDisposeScope() : null;
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
        var velocities = Velocity is null ? null : state.Blocks(Velocity).ToList();
        foreach (var (place, (w, g)) in state.Blocks(state.Values).Zip(state.Blocks(state.Gradients)).Index())
        {
            var step = g;
            if (decays is not null) g.addcmul_(w, decays, 1);
            if (velocities is not null)
            {
                var v = velocities[place].mul_(momenta!).add_(g);
                step = nesterov ? g.addcmul_(v, momenta!, 1) : v;
            }
            w.addcmul_(step, rates, -1);
        }
        state.Gradients.zero_();
    }

    /// <summary>Learning rates as <see cref="Step"/> wants them, to be made once for many steps.</summary>
    public Tensor Rates(IEnumerable<double> learningRates) => Column(learningRates);

    public void Dispose()
    {
        Velocity?.Dispose();
        momenta?.Dispose();
        decays?.Dispose();
    }

    private Tensor Column(IEnumerable<double> values)
    {
        float[] column = [.. values.Select(v => (float)v)];
        return tensor(column, [column.Length, 1], device: state.Values.device);
    }
}
