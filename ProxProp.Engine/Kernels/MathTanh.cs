// |x| ≤ 0.625: tanh(x) = x + x·(x²P(x²)); P interpolates at Chebyshev nodes: relative error 2⁻³⁰·⁶ (float), 2⁻⁵⁹ (double).
// Otherwise:   tanh|x| = 1 − 2/(exp(2|x|) + 1), which loses nothing there, then the sign of x.
// Registers: both branches are computed, about ten vectors live. Remainder: Scalar<T>, the same bits.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

public static partial class VectorMath
{
    /// <summary>tanh(x), within 2 ulp; ±1 at ±∞, −0 at −0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh<TVector, T>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVector t = TVector.Abs(x);
        TVector s = t * t;
        TVector p = typeof(T) == typeof(float)
            ? Horner<TVector, T>.At(s, 0.002292744816178142).Then(-0.008343945515839153).Then(0.02176891865102821)
                .Then(-0.053959259577204544).Then(0.1333330355691574).Then(-0.3333333317214036).Value
            : Horner<TVector, T>.At(s, 6.485163482793113e-06).Then(-3.12011014257974e-05).Then(9.257116129556769e-05)
                .Then(-0.0002375906496055562).Then(0.0005896606577757043).Then(-0.0014557754120478055)
                .Then(0.0035921217511549622).Then(-0.008863235103240878).Then(0.021869488519008305)
                .Then(-0.05396825396789699).Then(0.13333333333333042).Then(-0.3333333333333333).Value;
        TVector small = TVector.MultiplyAdd(t, s * p, t);
        TVector one = TVector.Broadcast(T.One);
        TVector two = one + one;
        TVector large = one - (two / (Exp<TVector, T>(t + t) + one));
        TVector isLarge = TVector.LessThan(Horner<TVector, T>.Constant(0.625), t);
        return TVector.CopySign(TVector.Select(isLarge, large, small), x);
    }
}
