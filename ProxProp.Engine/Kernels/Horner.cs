using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>A polynomial under evaluation by Horner's rule, highest coefficient first, one FMA per coefficient.</summary>
internal readonly struct Horner<TVector, T>
    where TVector : unmanaged, ISimd<TVector, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TVector _x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Horner(TVector x, TVector value)
    {
        _x = x;
        Value = value;
    }

    /// <summary>The value so far.</summary>
    public TVector Value { get; }

    /// <summary>A number in all lanes, rounded to T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Constant(double value) => typeof(T) == typeof(float)
        ? TVector.Broadcast(Unsafe.BitCast<float, T>((float)value))
        : TVector.Broadcast(Unsafe.BitCast<double, T>(value));

    /// <summary>Begins with the highest coefficient.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Horner<TVector, T> At(TVector x, double highest) => new(x, Constant(highest));

    /// <summary>Multiplies by x and adds the next coefficient.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Horner<TVector, T> Then(double coefficient) => new(_x, TVector.MultiplyAdd(Value, _x, Constant(coefficient)));
}
