// For t = |x|: the tail of the normal distribution Φ(−t) = exp(−t²/2)·G(u)/(t + 5), u = (t − 5)/(t + 5).
// G is smooth on [−1, 1) because exp(t²/2)·Φ(−t) falls as 1/t; interpolated at Chebyshev nodes: relative error 2⁻³³ (float), 2⁻⁶¹ (double).
// t² is split exactly by FMA, so the exponential keeps its accuracy in the far tail:  gelu(−t) = −tΦ(−t),  gelu(t) = t − tΦ(−t).
// Registers: about ten vectors live. Remainder: Scalar<T>, the same bits.
// Source: the change of variable is that of M. Shepherd and J. Laframboise, Math. Comp. 36 (1981), for exp(x²)·erfc(x).
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

public static partial class VectorMath
{
    /// <summary>x·Φ(x) = ½x(1 + erf(x/√2)), within 2 ulp, in the far negative tail too; −0 at −∞ (the limit), +∞ at +∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Gelu<TVector, T>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVector t = TVector.Abs(x);
        TVector n = NormalTailParts<TVector, T>(
            t, out TVector bounded, out TVector ratio, out TVector ratioTail, out TVector head, out TVector tail);
        TVector w = bounded * ratio;
        TVector wTail = TVector.MultiplyAdd(bounded, ratioTail, TVector.MultiplyAdd(bounded, ratio, -w));
        w = ScaleByPowerOfTwo<TVector, T>(TVector.MultiplyAdd(head, w, TVector.MultiplyAdd(tail, w, head * wTail)), n);
        return TVector.Select(TVector.LessThan(x, TVector.Zero), -w, t - w);
    }

    /// <summary>Φ(x) + x·φ(x), the derivative of <see cref="Gelu"/>, with an absolute error of a few ulp of 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector GeluDerivative<TVector, T>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVector t = TVector.Abs(x);
        TVector n = NormalTailParts<TVector, T>(t, out TVector bounded, out TVector ratio, out _, out TVector head, out _);
        TVector difference = TVector.MultiplyAdd(bounded, Horner<TVector, T>.Constant(-0.3989422804014327), ratio);
        TVector w = ScaleByPowerOfTwo<TVector, T>(head * difference, n);
        return TVector.Select(TVector.LessThan(x, TVector.Zero), w, TVector.Broadcast(T.One) - w);
    }

    // Φ(−t) = (ratio + ratioTail)·(head + tail)·2ⁿ, with t bounded where Φ(−t)·t has long been 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector NormalTailParts<TVector, T>(
        TVector t, out TVector bounded, out TVector ratio, out TVector ratioTail, out TVector head, out TVector tail)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool single = typeof(T) == typeof(float);
        TVector five = Horner<TVector, T>.Constant(5.0);
        TVector half = Horner<TVector, T>.Constant(-0.5);
        t = TVector.Min(Horner<TVector, T>.Constant(single ? 14.5 : 38.9), t);
        TVector sum = t + five;
        TVector difference = t - five;
        TVector inverse = TVector.Broadcast(T.One) / sum;
        TVector u = difference * inverse;
        TVector g1 = single
            ? Horner<TVector, T>.At(u, -5.518983167299851e-05).Then(-4.3195990226969306e-05).Then(0.0005545138455281684)
                .Then(-0.0008036629962166255).Then(-0.0029975977361349675).Then(0.020796041574363714).Then(-0.06911788168379948)
                .Then(0.16502027991028473).Then(-0.31353321100223824).Then(0.49530561971002285).Then(-0.6653825018248704).Value
            : Horner<TVector, T>.At(u, -2.3934540287307478e-11).Then(-4.3476482340821674e-10).Then(-1.101110973432383e-09)
                .Then(2.417976776851357e-09).Then(1.0758671296705753e-08).Then(-8.875996811233272e-09).Then(-7.017386778500429e-08)
                .Then(4.047744732681982e-08).Then(4.3636133036457e-07).Then(-3.347517759780378e-07).Then(-2.770771780739415e-06)
                .Then(3.979874825085155e-06).Then(1.6681660994386736e-05).Then(-4.976247449676669e-05).Then(-5.937581275369117e-05)
                .Then(0.0005448989959054916).Then(-0.000797869388474967).Then(-0.0029933767622062086).Then(0.020795066799189046)
                .Then(-0.06911863870685757).Then(0.16502036617041027).Then(-0.31353315667128806).Then(0.495305615969976)
                .Then(-0.6653825028900568).Value;
        // g = c0 + u·g1 with its rounding error, the rest of c0 included.
        TVector c0 = Horner<TVector, T>.Constant(single ? 0.7691930532455444 : 0.769193049750063);
        TVector product = u * g1;
        TVector g = c0 + product;
        TVector taken = g - c0;
        TVector gError = (c0 - (g - taken)) + (product - taken)
            + TVector.MultiplyAdd(u, g1, Horner<TVector, T>.Constant(single ? -3.529237644e-09 : -1.409796795e-17) - product);
        // What rounding took from t + 5, t − 5 and u: du = residual/sum. (log G)' is nearly linear in u.
        TVector sumError = t - (sum - five);
        TVector differenceError = t - (difference + five);
        TVector residual = TVector.MultiplyAdd(-u, sum, difference) + TVector.MultiplyAdd(-u, sumError, differenceError);
        TVector slope = Horner<TVector, T>.At(u, 0.554713).Then(-0.904475).Value;
        bounded = t;
        ratio = g / sum;
        TVector rest = TVector.MultiplyAdd(-ratio, sum, g) + gError;
        ratioTail = TVector.MultiplyAdd(ratio, TVector.MultiplyAdd(slope, residual, -sumError), rest) * inverse;
        TVector square = t * t;
        TVector squareError = TVector.MultiplyAdd(t, t, -square);
        return ExpParts<TVector, T>(half * square, half * squareError, out head, out tail);
    }
}
