// Layout:    operators for Elementwise.Map; they hold at most one number.
// Registers: two vectors; tanh, sigmoid and GELU those of VectorMath.
// Remainder: the operator itself on Scalar<T>.
// Source:    definitions of torch.nn; GELU is the exact erf form, not the tanh approximation.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>y = x ≤ 0 ? 0 : x; NaN passes.</summary>
public readonly struct ReluMap<T> : IMap<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> => TVector.Select(TVector.LessThanOrEqual(x, TVector.Zero), TVector.Zero, x);
}

/// <summary>(y, dy) → dx = y ≤ 0 ? 0 : dy, with the derivative 0 at 0.</summary>
public readonly struct ReluGradient<T> : IMap2<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector a, TVector b)
        where TVector : unmanaged, ISimd<TVector, T> => TVector.Select(TVector.LessThanOrEqual(a, TVector.Zero), TVector.Zero, b);
}

/// <summary>y = x &gt; 0 ? x : slope·x; NaN passes.</summary>
/// <param name="slope">Slope left of 0; positive, so that the sign of y tells that of x.</param>
public readonly struct LeakyReluMap<T>(T slope) : IMap<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> =>
        TVector.Select(TVector.LessThan(TVector.Zero, x), x, TVector.Broadcast(slope) * x);
}

/// <summary>(y, dy) → dx = y &gt; 0 ? dy : slope·dy, with the derivative slope at 0. Holds for slope &gt; 0.</summary>
/// <param name="slope">Slope left of 0, as in the forward pass.</param>
public readonly struct LeakyReluGradient<T>(T slope) : IMap2<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector a, TVector b)
        where TVector : unmanaged, ISimd<TVector, T> =>
        TVector.Select(TVector.LessThan(TVector.Zero, a), b, TVector.Broadcast(slope) * b);
}

/// <summary>y = tanh(x).</summary>
public readonly struct TanhMap<T> : IMap<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Tanh<TVector, T>(x);
}

/// <summary>(y, dy) → dx = dy·(1 − y²).</summary>
public readonly struct TanhGradient<T> : IMap2<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector a, TVector b)
        where TVector : unmanaged, ISimd<TVector, T> => b * TVector.MultiplyAdd(-a, a, TVector.Broadcast(T.One));
}

/// <summary>y = 1/(1 + exp(−x)).</summary>
public readonly struct SigmoidMap<T> : IMap<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Sigmoid<TVector, T>(x);
}

/// <summary>(y, dy) → dx = dy·y·(1 − y).</summary>
public readonly struct SigmoidGradient<T> : IMap2<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector a, TVector b)
        where TVector : unmanaged, ISimd<TVector, T> => b * TVector.MultiplyAdd(-a, a, a);
}

/// <summary>y = x·Φ(x), Φ(x) = ½(1 + erf(x/√2)); −0 at −∞, the limit.</summary>
public readonly struct GeluMap<T> : IMap<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Gelu<TVector, T>(x);
}

/// <summary>(x, dy) → dx = dy·(Φ(x) + x·φ(x)), φ the density of the standard normal distribution. Takes the input, not the output.</summary>
public readonly struct GeluGradient<T> : IMap2<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector a, TVector b)
        where TVector : unmanaged, ISimd<TVector, T> => b * VectorMath.GeluDerivative<TVector, T>(a);
}
