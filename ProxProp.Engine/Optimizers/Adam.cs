using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Optimizers;

/// <summary>
/// Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019) along v, bias-corrected, as in PyTorch:
/// m = β₁m + (1 − β₁)v, s = β₂s + (1 − β₂)v², θ −= η·m̂/(√ŝ + ε).
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Adam<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // torch.optim.AdamW's; without decay it would be Adam.
    private const double DefaultDecoupledDecay = 0.01;

    private Slot<T> _first;
    private Slot<T> _second;

    /// <summary>An Adam optimizer.</summary>
    /// <param name="beta1">β₁ in [0, 1).</param>
    /// <param name="beta2">β₂ in [0, 1).</param>
    /// <param name="epsilon">ε, added after the root.</param>
    /// <param name="weightDecay">Weight decay: an L2 penalty, or for AdamW the part of η by which θ shrinks each step.
    /// Default as in PyTorch: 0, for AdamW 0.01.</param>
    /// <param name="decoupled">AdamW instead of Adam.</param>
    public Adam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double? weightDecay = null, bool decoupled = false)
    {
        Beta1 = CheckFraction(beta1, nameof(beta1));
        Beta2 = CheckFraction(beta2, nameof(beta2));
        Epsilon = CheckNonNegative(epsilon, nameof(epsilon));
        WeightDecay = CheckNonNegative(weightDecay ?? (decoupled ? DefaultDecoupledDecay : 0), nameof(weightDecay));
        IsDecoupled = decoupled;
    }

    /// <summary>β₁.</summary>
    public double Beta1 { get; }

    /// <summary>β₂.</summary>
    public double Beta2 { get; }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <summary>Weight decay.</summary>
    public double WeightDecay { get; }

    /// <summary>Whether weight decay is decoupled from the direction (AdamW).</summary>
    public bool IsDecoupled { get; }

    /// <inheritdoc/>
    public override string Name => IsDecoupled ? "adamw" : "adam";

    /// <inheritdoc/>
    public override string Settings => string.Create(
        CultureInfo.InvariantCulture, $"{Name}, beta1 {Beta1}, beta2 {Beta2}, epsilon {Epsilon}, weight decay {WeightDecay}");

    /// <inheritdoc/>
    public override void Plan(Arena arena, int count)
    {
        _first = ReserveState(arena, "first moment", count);
        _second = ReserveState(arena, "second moment", count);
    }

    /// <inheritdoc/>
    protected override void Apply(ComputeContext context, Span<T> theta, ReadOnlySpan<T> v, double learningRate) => OptimizerUpdates.Adam(
        context, theta, v, _first.Span, _second.Span, Updates, new AdamParameters(learningRate, Beta1, Beta2, Epsilon, WeightDecay, IsDecoupled));
}
