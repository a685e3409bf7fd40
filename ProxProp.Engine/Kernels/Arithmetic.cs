using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>a·b.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly struct ProductMap<T> : IMap2<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector a, TVector b)
        where TVector : unmanaged, ISimd<TVector, T> => a * b;
}

/// <summary>x + constant.</summary>
/// <param name="constant">What is added.</param>
/// <typeparam name="T">float or double.</typeparam>
public readonly struct AddConstantMap<T>(T constant) : IMap<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> => x + TVector.Broadcast(constant);
}
