using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Numbers between zero and the smallest normal one.</summary>
/// <remarks>
/// An average that gets nothing more, of a weight whose unit is dead or whose pixel is always black, decays by a factor a step: after a thousand or two it
/// is subnormal, and stays so for good, for 0.95 times the smallest number rounds to that number. Many processors take more than a hundred cycles for
/// a vector with one such number in it. So averages are kept without them.
/// </remarks>
internal static class Subnormals
{
    /// <summary>The smallest normal number, 2⁻¹²⁶ or 2⁻¹⁰²², in all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector SmallestNormal<TVector, T>()
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Horner<TVector, T>.Constant(typeof(T) == typeof(float) ? 1.17549435082228751e-38 : 2.2250738585072014e-308);

    /// <summary>x, or +0 where it is subnormal; NaN stays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector ToZero<TVector, T>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TVector.Select(TVector.LessThan(TVector.Abs(x), SmallestNormal<TVector, T>()), TVector.Zero, x);
}
