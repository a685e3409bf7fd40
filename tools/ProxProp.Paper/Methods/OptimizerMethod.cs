using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Training;

namespace ProxProp.Paper.Methods;

/// <summary>Optimizers by the names that curves use; the paper's momentum throughout.</summary>
internal static class OptimizerMethod
{
    private const double Momentum = 0.95;
    private const double AdamWDecay = 0.01;

    /// <summary>A new optimizer for a network.</summary>
    /// <exception cref="ArgumentException">There is no optimizer of that name.</exception>
    public static Optimizer<float> Make(string name, Network<float> network) => name switch
    {
        "sgd" => new Sgd<float>(),
        "nesterov" => new Sgd<float>(MomentumKind.Nesterov, Momentum),
        "adam" => new Adam<float>(),
        "adamw" => new Adam<float>(weightDecay: AdamWDecay, decoupled: true),
        "muon" => new Muon<float>(network),
        _ => throw new ArgumentException($"There is no optimizer '{name}'; expected sgd, nesterov, adam, adamw or muon.", nameof(name)),
    };
}
