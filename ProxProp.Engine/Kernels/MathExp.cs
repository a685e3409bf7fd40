// exp(x) = 2ⁿ·exp(r), n = round(x/ln 2), r = x − n·ln 2 in two FMAs (ln 2 = high + low), |r| ≤ ½ ln 2.
// exp(r) = 1 + (r + r²P(r)); P interpolates (exp(r) − 1 − r)/r² at Chebyshev nodes: relative error 2⁻³² (float), 2⁻⁶¹ (double).
// 2ⁿ is applied in two factors, so that results below the normal range round once more and no further.
// Registers: x, n, r, p and two temporaries; constants come from memory. Remainder: Scalar<T>, the same bits.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// Elementary functions by our own polynomials and FMA: the same bits on every width, instruction set and operating system. NaN gives NaN.
/// </summary>
public static partial class VectorMath
{
    /// <summary>eˣ, within 1 ulp (1.2 in the subnormal range); 0 at −∞ and below, +∞ above the largest number's logarithm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<TVector, T>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVector n = ExpParts<TVector, T>(x, TVector.Zero, out TVector head, out _);
        return ScaleByPowerOfTwo<TVector, T>(head, n);
    }

    /// <summary>The logistic function 1/(1 + e⁻ˣ), within 2.5 ulp, for negative x too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid<TVector, T>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVector one = TVector.Broadcast(T.One);
        TVector e = Exp<TVector, T>(-TVector.Abs(x));
        return TVector.Select(TVector.LessThan(x, TVector.Zero), e, one) / (one + e);
    }

    // exp(x + correction) = (head + tail)·2ⁿ with 0.7 < head < 1.5; |correction| is a rounding error of x.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ExpParts<TVector, T>(TVector x, TVector correction, out TVector head, out TVector tail)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool single = typeof(T) == typeof(float);
        // The bounds are just beyond overflow and beyond half the smallest subnormal; Min and Max keep their right operand where it is NaN.
        x = TVector.Min(Horner<TVector, T>.Constant(single ? 89.0 : 710.0), x);
        x = TVector.Max(Horner<TVector, T>.Constant(single ? -104.0 : -746.0), x);
        TVector n = TVector.Round(x * Horner<TVector, T>.Constant(1.4426950408889634));
        TVector r = TVector.MultiplyAdd(n, Horner<TVector, T>.Constant(single ? -0.69314718246459961 : -0.69314718055994529), x);
        r = TVector.MultiplyAdd(n, Horner<TVector, T>.Constant(single ? 1.904654323148236e-09 : -2.3190468138462996e-17), r) + correction;
        TVector p = single
            ? Horner<TVector, T>.At(r, 0.00019891080463998843).Then(0.0013933730715792083).Then(0.008333310844647862)
                .Then(0.04166646419740569).Then(0.16666666681704215).Then(0.5).Value
            : Horner<TVector, T>.At(r, 2.09147553258932e-09).Then(2.5105312729622103e-08).Then(2.755727347871858e-07)
                .Then(2.755725517000089e-06).Then(2.480158732567746e-05).Then(0.0001984126987500228)
                .Then(0.0013888888888883711).Then(0.008333333333326084).Then(0.04166666666666667).Then(0.1666666666666667)
                .Then(0.5).Value;
        p = TVector.MultiplyAdd(r * r, p, r);
        TVector one = TVector.Broadcast(T.One);
        head = one + p;
        tail = p - (head - one);
        return n;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ScaleByPowerOfTwo<TVector, T>(TVector x, TVector n)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVector half = TVector.Round(n * Horner<TVector, T>.Constant(0.5));
        return x * TVector.PowerOfTwo(half) * TVector.PowerOfTwo(n - half);
    }
}
