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

    /// <summary>Relative Frobenius error of one step in double against the reference numbers, as stated with them.</summary>
    public const double ReferenceStepDouble = 1e-9;

    /// <summary>The same in float, for τ_θ ≤ 1.</summary>
    public const double ReferenceStepFloat = 2e-4;

    /// <summary>Relative error of a whole trace of 45 steps in double, as stated with the reference numbers.</summary>
    public const double ReferenceTraceDouble = 1e-7;

    /// <summary>Distance of each loss of a trace in float from the reference, as stated with it.</summary>
    public const double ReferenceTraceFloat = 1e-3;

    /// <summary>
    /// Relative error up to which the exact direction of a layer may be called solved, float or not: its first digit is right. Of directions of low
    /// rank that were left in float the worst of a scan was off by 6 %.
    /// </summary>
    public const double Solved = 0.1;

    /// <summary>
    /// Relative distance in double of numbers that are equal in exact arithmetic after a handful of well-conditioned solves (κ below 1e5,
    /// a few hundred terms a sum): κ·√n·ε is below 1e-9.
    /// </summary>
    public const double SameIterates = 1e-9;
}
