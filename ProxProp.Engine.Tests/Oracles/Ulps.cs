using System.Numerics;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>Distances in units of the last place.</summary>
public static class Ulps
{
    /// <summary>|value − reference| in ulp of the reference in T; 0 for the same infinity or NaN, +∞ where one is special and the other is not.</summary>
    public static double Error<T>(T value, double reference)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T rounded = T.CreateTruncating(reference);
        if (!T.IsFinite(rounded) || !T.IsFinite(value))
            return value.Equals(rounded) ? 0 : double.PositiveInfinity;
        if (reference == 0)
            return value == T.Zero ? 0 : double.PositiveInfinity;
        (int digits, int smallest) = typeof(T) == typeof(float) ? (23, -149) : (52, -1074);
        double ulp = Math.ScaleB(1, Math.Max(smallest, Math.ILogB(reference) - digits));
        return Math.Abs(double.CreateChecked(value) - reference) / ulp;
    }
}
