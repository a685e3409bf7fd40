// x = m·2ᵉ with √½ < m ≤ √2; f = m − 1, s = f/(2 + f), z = s².
// log(1 + f) = f − (½f² − s·(½f² + R(z))),  log x = e·ln 2 (high + low) + log(1 + f).
// R and the split of ln 2 are fdlibm's e_log.c and ef_log.c (Sun Microsystems, freely usable); subnormal x is scaled up first.
// Registers: about eight vectors live. Remainder: Scalar<T>, the same bits.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

public static partial class VectorMath
{
    /// <summary>The natural logarithm, within 1 ulp, subnormal x included; −∞ at 0, NaN below 0, +∞ at +∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Log<TVector, T>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool single = typeof(T) == typeof(float);
        TVector one = TVector.Broadcast(T.One);
        TVector half = Horner<TVector, T>.Constant(0.5);
        TVector isSubnormal = TVector.LessThan(x, Subnormals.SmallestNormal<TVector, T>());
        TVector scaled = TVector.Select(isSubnormal, x * Horner<TVector, T>.Constant(single ? 16777216.0 : 18014398509481984.0), x);
        TVector e = TVector.SplitExponent(scaled, out TVector m);
        e -= TVector.Select(isSubnormal, Horner<TVector, T>.Constant(single ? 24.0 : 54.0), TVector.Zero);
        TVector isHigh = TVector.LessThan(Horner<TVector, T>.Constant(1.4142135623730951), m);
        m = TVector.Select(isHigh, m * half, m);
        e += TVector.Select(isHigh, one, TVector.Zero);
        TVector f = m - one;
        TVector s = f / (f + one + one);
        TVector z = s * s;
        TVector r = single
            ? Horner<TVector, T>.At(z, 0.24279078841).Then(0.28498786688).Then(0.40000972152).Then(0.66666662693).Value
            : Horner<TVector, T>.At(z, 1.479819860511658591e-01).Then(1.531383769920937332e-01).Then(1.818357216161805012e-01)
                .Then(2.222219843214978396e-01).Then(2.857142874366239149e-01).Then(3.999999999940941908e-01)
                .Then(6.666666666666735130e-01).Value;
        TVector square = half * f * f;
        TVector low = TVector.MultiplyAdd(
            e, Horner<TVector, T>.Constant(single ? 9.0580006145e-06 : 1.90821492927058770002e-10), s * TVector.MultiplyAdd(r, z, square));
        TVector result = TVector.MultiplyAdd(
            e, Horner<TVector, T>.Constant(single ? 6.9313812256e-01 : 6.93147180369123816490e-01), f - (square - low));
        // At +infinity and NaN the value itself; at 0 and below the poles and the undefined.
        result = TVector.Select(TVector.LessThan(x, TVector.Broadcast(T.PositiveInfinity)), result, x);
        TVector outside = TVector.Select(
            TVector.LessThan(x, TVector.Zero), TVector.Broadcast(T.NaN), TVector.Broadcast(T.NegativeInfinity));
        return TVector.Select(TVector.LessThanOrEqual(x, TVector.Zero), outside, result);
    }
}
