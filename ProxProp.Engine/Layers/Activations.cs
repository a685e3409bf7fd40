using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Layers;

/// <summary>An element-wise function z = σ(a). Where σ' can be told from z alone the layer works in its input's buffer.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TForward">σ.</typeparam>
/// <typeparam name="TGradient">(z, dz) ↦ da, or (a, dz) ↦ da where <see cref="GradientFromInput"/>.</typeparam>
public abstract class Activation<T, TForward, TGradient> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TForward : struct, IMap<T>
    where TGradient : struct, IMap2<T>
{
    private readonly TForward _forward;
    private readonly TGradient _gradient;

    /// <summary>Makes the layer from its two functions.</summary>
    protected Activation(TForward forward, TGradient gradient)
    {
        _forward = forward;
        _gradient = gradient;
    }

    /// <summary>Whether the derivative is taken from the input instead of the output.</summary>
    protected virtual bool GradientFromInput => false;

    /// <inheritdoc/>
    public override BufferUse BufferUse => GradientFromInput ? BufferUse.Separate : BufferUse.Overwrites;

    /// <inheritdoc/>
    public override bool BackwardInPlace => true;

    /// <inheritdoc/>
    public override bool BackwardNeedsOutput => !GradientFromInput;

    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z) => Elementwise.Map(pass.Compute, _forward, a, z);

    /// <inheritdoc/>
    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da) =>
        Elementwise.Map(pass.Compute, _gradient, GradientFromInput ? a : z, dz, da);

    /// <inheritdoc/>
    protected override Shape Build(in PlanContext plan, Shape input) => input;
}

/// <summary>z = max(a, 0); the derivative at 0 is 0.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Relu<T>() : Activation<T, ReluMap<T>, ReluGradient<T>>(default, default)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override string Kind => "ReLU";
}

/// <summary>z = a where a &gt; 0, slope·a elsewhere.</summary>
/// <param name="slope">Slope for negative values, 0 to 1 (PyTorch's default 0.01); not negative, so that the sign of z tells that of a.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed class LeakyRelu<T>(double slope = 0.01) : Activation<T, LeakyReluMap<T>, LeakyReluGradient<T>>(
        new(T.CreateSaturating(Check(slope))), new(T.CreateSaturating(slope)))
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Slope for negative values.</summary>
    public double Slope { get; } = slope;

    /// <inheritdoc/>
    public override string Kind => "LeakyReLU";

    private static double Check(double slope) => slope is > 0 and <= 1
        ? slope
        : throw new ArgumentOutOfRangeException(nameof(slope), slope, "The slope of a leaky ReLU must be above 0 and at most 1.");
}

/// <summary>z = tanh(a); dz/da = 1 − z².</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Tanh<T>() : Activation<T, TanhMap<T>, TanhGradient<T>>(default, default)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>z = 1/(1 + e⁻ᵃ); dz/da = z(1 − z).</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Sigmoid<T>() : Activation<T, SigmoidMap<T>, SigmoidGradient<T>>(default, default)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>z = a·Φ(a) with the normal distribution function Φ, exact (not the tanh approximation).</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Gelu<T>() : Activation<T, GeluMap<T>, GeluGradient<T>>(default, default)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override string Kind => "GELU";

    /// <inheritdoc/>
    protected override bool GradientFromInput => true;
}
