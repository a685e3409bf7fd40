namespace ProxProp.Engine.Randomness;

/// <summary>
/// ln x by the basic operations alone, because the C library's logarithm differs between systems in the last bit, and the generator's numbers
/// must not.
/// </summary>
/// <remarks>
/// Source: fdlibm's e_log.c (Sun Microsystems, 1993). x = 2ᵏ·(1 + f) with √½ ≤ 1 + f &lt; √2; with s = f / (2 + f),
/// ln(1 + f) = f − (f²/2 − s·(f²/2 + R(s²))), R a minimax polynomial of degree 7 in s². Error below one unit in the last place.
/// </remarks>
internal static class NaturalLogarithm
{
    private const double LnTwoHigh = 6.93147180369123816490e-01;
    private const double LnTwoLow = 1.90821492927058770002e-10;
    private const double L1 = 6.666666666666735130e-01;
    private const double L2 = 3.999999999940941908e-01;
    private const double L3 = 2.857142874366239149e-01;
    private const double L4 = 2.222219843214978396e-01;
    private const double L5 = 1.818357216161805012e-01;
    private const double L6 = 1.531383769920937332e-01;
    private const double L7 = 1.479819860511658591e-01;

    private const int FractionBits = 52;
    private const long FractionMask = (1L << FractionBits) - 1;
    private const long Bias = 1023;
    private const double SqrtTwo = 1.4142135623730951;

    /// <summary>ln <paramref name="x"/> of a positive, normal number.</summary>
    public static double Of(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        double k = (bits >> FractionBits) - Bias;
        double m = BitConverter.Int64BitsToDouble((bits & FractionMask) | (Bias << FractionBits));
        if (m >= SqrtTwo)
        {
            m *= 0.5;
            k += 1;
        }

        double f = m - 1;
        double s = f / (2 + f);
        double z = s * s;
        double w = z * z;
        double even = w * (L2 + (w * (L4 + (w * L6))));
        double odd = z * (L1 + (w * (L3 + (w * (L5 + (w * L7))))));
        double half = 0.5 * f * f;
        return (k * LnTwoHigh) - (half - ((s * (half + even + odd)) + (k * LnTwoLow)) - f);
    }
}
