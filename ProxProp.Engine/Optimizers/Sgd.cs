using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Optimizers;

/// <summary>What SGD does with the directions of earlier steps.</summary>
public enum MomentumKind
{
    /// <summary>Nothing: θ −= η·v.</summary>
    None,

    /// <summary>b = μ·b + v; θ −= η·b (Polyak's heavy ball as PyTorch writes it; b starts as the first v).</summary>
    HeavyBall,

    /// <summary>b = μ·b + v; θ −= η·(v + μ·b) (Nesterov's momentum as PyTorch writes it; b starts as the first v).</summary>
    Nesterov,
}

/// <summary>Stochastic gradient descent along v, plain or with momentum, as in PyTorch.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Sgd<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Slot<T> _buffer;

    /// <summary>An SGD optimizer.</summary>
    /// <param name="kind">What is done with earlier directions.</param>
    /// <param name="momentum">μ in [0, 1); unused without momentum.</param>
    /// <param name="weightDecay">L2 penalty: weightDecay·θ is added to v.</param>
    public Sgd(MomentumKind kind = MomentumKind.None, double momentum = 0.95, double weightDecay = 0)
    {
        Kind = kind;
        Momentum = CheckFraction(momentum, nameof(momentum));
        WeightDecay = CheckNonNegative(weightDecay, nameof(weightDecay));
    }

    /// <summary>What is done with earlier directions.</summary>
    public MomentumKind Kind { get; }

    /// <summary>μ.</summary>
    public double Momentum { get; }

    /// <summary>L2 penalty.</summary>
    public double WeightDecay { get; }

    /// <inheritdoc/>
    public override string Name => Kind switch
    {
        MomentumKind.None => "sgd",
        MomentumKind.HeavyBall => "momentum",
        _ => "nesterov",
    };

    /// <inheritdoc/>
    public override string Settings => string.Create(
        CultureInfo.InvariantCulture, $"{Name}{(Kind == MomentumKind.None ? string.Empty : $", momentum {Momentum}")}, weight decay {WeightDecay}");

    /// <inheritdoc/>
    public override void Plan(Arena arena, int count)
    {
        if (Kind != MomentumKind.None)
            _buffer = ReserveState(arena, "buffer", count);
    }

    /// <inheritdoc/>
    protected override void Apply(ComputeContext context, Span<T> theta, ReadOnlySpan<T> v, double learningRate)
    {
        switch (Kind)
        {
            case MomentumKind.None:
                OptimizerUpdates.Sgd(context, theta, v, learningRate, WeightDecay);
                break;
            case MomentumKind.HeavyBall:
                OptimizerUpdates.Momentum(context, theta, v, _buffer.Span, learningRate, Momentum, WeightDecay);
                break;
            default:
                OptimizerUpdates.Nesterov(context, theta, v, _buffer.Span, learningRate, Momentum, WeightDecay);
                break;
        }
    }
}
