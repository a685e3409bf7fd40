using System.Numerics;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>The tolerances of all tests, each with where it comes from.</summary>
public static class Tolerances
{
    /// <summary>The threshold of LAPACK's test programs on ‖residual‖ / (n·‖A‖·‖X‖·ε).</summary>
    public const double ResidualRatio = 30;

    /// <summary>Distance from 1 to the next number: 2⁻²³ for float, 2⁻⁵² for double.</summary>
    public static double Epsilon<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(float) ? Math.ScaleB(1, -23) : Math.ScaleB(1, -52);
}
